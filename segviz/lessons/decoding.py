"""What an unpooling remembers, and what a decoder makes of it, in numbers.

>>> pooled, indices = F.max_pool2d(torch.tensor([[[[1.0, 2, 0, 0], [0, 0, 0, 3]]]]), 2, return_indices=True)
>>> indices.tolist(), winners(indices, width=4).tolist()      # places in the whole map, and in each window
([[[[1, 7]]]], [[[[1, 3]]]])
"""

from collections import Counter
from itertools import chain
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.activations import capture


def winners(indices: Tensor, width: int) -> Tensor:
    """Which pixel of its 2×2 window each maximum is: 0 top left, 1 top right, 2 bottom left, 3 bottom right.

    `indices` are those of `nn.MaxPool2d(2, return_indices=True)`, places in a map of `width` columns counted in
    reading order; the result has their shape. These two bits are all that an unpooling needs.

    Raises `TypeError` for indices that are no whole numbers and `ValueError` for a width below 1.
    """
    if indices.is_floating_point() or indices.is_complex():
        raise TypeError(f"indices must be whole numbers, got {indices.dtype}")
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    return 2 * (indices // width % 2) + indices % width % 2


def places(winners: Tensor, width: int) -> Tensor:
    """The indices that `F.max_unpool2d` takes, from each window's winner (…, h, w): the inverse of `winners`.

    >>> places(torch.tensor([[1, 3]]), width=4).tolist()
    [[1, 7]]
    """
    rows, columns = (2 * torch.arange(side, device=winners.device) for side in winners.shape[-2:])
    return (rows[:, None] + winners // 2) * width + columns + winners % 2


def explained(maps: Tensor, labels: Tensor) -> float:
    """Share of the maps' variance that the class of the pixel explains, 0 to 1: the correlation ratio η².

    `maps` are (N, C, h, w), `labels` (N, H, W) with H and W multiples of h and w; the label of a cell is that of its
    middle. 1 means that every channel has one value for each class, in all N pictures; 0 that its mean is the same in
    all classes. Variances of the channels add up. Source: Pearson, "On the general theory of skew correlation", 1905.

    >>> labels = torch.tensor([[[0, 0, 1, 1]]])
    >>> [explained(torch.tensor([[[values]]]), labels) for values in ([5.0, 5, 2, 2], [1.0, 2, 1, 2])]
    [1.0, 0.0]
    """
    if len(maps) != len(labels) or any(
        side % cells for side, cells in zip(labels.shape[1:], maps.shape[2:], strict=True)
    ):
        raise ValueError(
            f"labels must be (N, H, W) with H and W multiples of the maps', got {tuple(labels.shape)} "
            f"for maps of {tuple(maps.shape)}"
        )
    cells = F.interpolate(labels[:, None].float(), maps.shape[2:], mode="nearest-exact").long().flatten()
    values = maps.detach().double().transpose(0, 1).flatten(1)
    values = values - values.mean(1, keepdim=True)
    one_hot = F.one_hot(cells).double()
    counts = one_hot.sum(0)
    means = values @ one_hot / counts.clamp(min=1)
    return ((means.square() @ counts).sum() / values.square().sum()).item()


def outcomes(
    size: tuple[int, int],
    *,
    ceil_mode: bool = False,
    output_size: tuple[int, int] | None = None,
    tries: int = 400,
) -> Counter[str]:
    """How often unpooling a 2×2-pooled random map is "right", silently "wrong", or "raises".

    `size` is the map's (H, W). Right means: as far as the unpooled map reaches, each value is back where it was.
    `tries` maps are drawn from PyTorch's generator.

    >>> outcomes((4, 4))
    Counter({'right': 400})
    """
    found: Counter[str] = Counter()
    for _ in range(tries):
        values = torch.rand(1, 1, *size)
        pooled, indices = F.max_pool2d(values, 2, ceil_mode=ceil_mode, return_indices=True)
        try:
            unpooled = F.max_unpool2d(pooled, indices, (2, 2), output_size=output_size)
        except (RuntimeError, ValueError):
            found["raises"] += 1
            continue
        meant = F.max_unpool2d(pooled, indices, (2, 2), output_size=size)
        height, width = (min(pair) for pair in zip(size, unpooled.shape[2:], strict=True))
        same = torch.equal(unpooled[..., :height, :width], meant[..., :height, :width])
        found["right" if same else "wrong"] += 1
    return found


@torch.no_grad()
def with_switches_of(model: nn.Module, images: Tensor, others: Tensor) -> Tensor:
    """The logits of a DeconvNet or SegNet for `images`, unpooled by the switches that `others` set.

    `model.backbone` gives the deepest map and the switches of all pools; both batches have one shape. With
    `others=images` these are the model's own logits.
    """
    _, switches = model.get_submodule("backbone")(others)
    return _with_switches(model, images, switches)


@torch.no_grad()
def scrambled(model: nn.Module, images: Tensor, *, empty: bool) -> Tensor:
    """The logits of a DeconvNet or SegNet for `images`, with some of their switches set at random.

    These are the switches of the windows in which the ReLU left nothing but zeros (`empty` True), or of all others.
    Random numbers come from PyTorch's generator.
    """
    x, mixed = images, []
    for stage in model.get_submodule("backbone").children():
        x, (indices, size) = stage(x)
        winner = winners(indices, size[1])
        winner = torch.where((x == 0) == empty, torch.randint_like(winner, 4), winner)
        mixed.append((places(winner, size[1]), size))
    return _with_switches(model, images, mixed)


def _with_switches(model: nn.Module, images: Tensor, switches: list) -> Tensor:
    backbone = model.get_submodule("backbone")
    handle = backbone.register_forward_hook(lambda _module, _input, output: (output[0], switches))
    try:
        return model(images)
    finally:
        handle.remove()


def zeros(maps: Tensor) -> float:
    """The share of zeros, 0 to 1.

    >>> zeros(torch.tensor([0.0, 3.0, 0.0, 0.0]))
    0.75
    """
    return (maps == 0).double().mean().item()


def most_like(maps: Tensor, mask: Tensor) -> Tensor:
    """Of maps (C, h, w) the one (h, w) that correlates most with a bool mask (H, W), H and W multiples of h and w.

    >>> maps = torch.tensor([[[0.0, 1, 0, 1]], [[0.0, 0, 1, 3]], [[5.0, 5, 5, 5]]])
    >>> most_like(maps, torch.tensor([[False, False, True, True]])).tolist()
    [[0.0, 0.0, 1.0, 3.0]]
    """
    share = F.interpolate(mask[None, None].double(), maps.shape[1:], mode="area").flatten()
    values = maps.detach().double().flatten(1)
    return maps[torch.corrcoef(torch.cat([share[None], values]))[0, 1:].nan_to_num().argmax()]


class DecoderStage(NamedTuple):
    """Maps (N, C, H, W) along one stage of a decoder, all of one size."""

    unpooled: Tensor
    convolved: Tensor  # by the stage's last (transposed) convolution, before normalization and ReLU
    output: Tensor


def stages(model: nn.Module, images: Tensor) -> list[DecoderStage]:
    """What the stages of `model.decoder`, an `UnpoolStages`, hold for these images, the smallest maps first."""
    decoder = model.get_submodule("decoder")
    places = []
    for k, stage in enumerate(decoder.children()):
        last = [name for name, layer in stage.named_modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)][-1]
        places.append((f"decoder.{k}.unpool", f"decoder.{k}.{last}", f"decoder.{k}"))
    maps = capture(model, images, chain.from_iterable(places))
    return [DecoderStage(*(maps[name] for name in names)) for names in places]
