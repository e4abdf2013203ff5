"""The same logits sooner: nothing is computed that cannot change the result.

In reading order: `watching`, layers that must stay as they are; `folding`, batch norms into the convolutions before
them; `trimming`, convolutions without the taps that lie beside the map; `growing`, dense blocks whose maps are written
once. And `exporting`: the network as an ONNX file.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segviz.checks.subject import Subject, checked_model, checked_size
from segviz.checks.twins import with_values
from segviz.inference.folding import fold_
from segviz.inference.growing import grow_
from segviz.inference.trimming import trim_
from segviz.inference.watching import layers_asked

CUSTOMARY = (64, 64)


def for_inference(model: nn.Module, size: tuple[int, int] | None = None) -> nn.Module:
    """A copy of a network in evaluation mode that gives the same logits sooner.

    Batch norms that follow a convolution are folded into it, FC-DenseNet's blocks write each of their maps once, and
    maps lie in memory channel by channel within a pixel (`torch.channels_last`). With `size`, the height and width of
    its images in pixels, filters are also cut down to the taps that touch the map at that size: at 224×224 the branch
    of rate 36 in DeepLab v3 keeps one of its nine. Such a copy takes no other size. Nothing is approximated: the
    logits differ by the rounding of float32.

    The copy is for use alone: its parameters need no gradients, and training it on would train other weights. It
    gives what the model gives, torchvision's dicts too. Made for this package's networks and torchvision's; in others
    it folds and cuts what it sees to be safe, and leaves the rest.

    Raises ValueError where the network does not take images of that size, TypeError for what is no network.

    >>> from segviz import create_model
    >>> model = create_model("deeplabv3", width=0.125).eval()
    >>> fast, image = for_inference(model, (64, 64)), torch.rand(1, 3, 64, 64)
    >>> torch.allclose(fast(image), model(image), atol=1e-5)
    True
    >>> fast.get_submodule("classifier.0.convs.3.0").weight.shape[2:]
    torch.Size([1, 1])
    """
    model = checked_model("model", model)
    asked = None if size is None else checked_size("size", size)
    subject = Subject(model, asked or CUSTOMARY, None, [])
    if asked is not None and subject.at != asked:
        raise ValueError(f"size: the model does not take images of {asked}: {subject.run(asked).error}")
    fast = with_values(model).eval()
    for parameter in fast.parameters():
        parameter.data = parameter.data.clone()
        parameter.requires_grad_(False)
    asked_of = layers_asked(subject)
    fold_(fast, subject.recording, asked_of)
    if asked is not None:
        trim_(fast, subject.recording, asked_of)
        fast.register_forward_pre_hook(OfOneSize(asked), with_kwargs=True)
    grow_(fast)
    return fast.to(memory_format=torch.channels_last)


class OfOneSize:
    """Refuses images of other sizes than the one that a copy was made for."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def __call__(self, _: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
        for x in [*inputs, *named.values()][:1]:
            if tuple(x.shape[-2:]) != self.size:
                raise ValueError(
                    f"x: this copy was cut for images of {self.size[0]}×{self.size[1]} pixels, got "
                    f"{x.shape[-2]}×{x.shape[-1]}; make one for that size, or one for all: for_inference(model)"
                )
