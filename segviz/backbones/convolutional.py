"""A classifier without its last layer, made convolutional.

Paper: Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", 2015, section 3.1. A
fully connected layer that reads a 7×7 map is a 7×7 convolution with one position. Moved into a convolution, its
weights give the classifier's own numbers on the classifier's own image, and a map of them on a larger one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.backbones import imagenet_weights
from segviz.backbones.alexnet import AlexNet
from segviz.backbones.efficientnet import EfficientNetB0
from segviz.backbones.resnet import ResNet
from segviz.backbones.vgg import VGG16
from segviz.layers import positive_ints, scaled, start_for_relu_


class Classifier(NamedTuple):
    """What is particular to one classifier. Where a global pool precedes its only matrix, it has no fc6."""

    trunk: Callable[..., nn.Module]
    min_size: int
    fc6_kernel: int = 0
    margin: int = 0  # zeros around the image which, with conv1's own padding, are FCN's 100


CLASSIFIERS = {
    "vgg16": Classifier(partial(VGG16, ceil_mode=True), 32, fc6_kernel=7, margin=99),
    "alexnet": Classifier(partial(AlexNet, ceil_mode=True), 35, fc6_kernel=6, margin=98),
    "resnet50": Classifier(partial(ResNet, "resnet50", output_stride=32), 33),
    "efficientnet_b0": Classifier(EfficientNetB0, 33),
}


class ConvolutionalClassifier(nn.Module):
    """Images (N, in_channels, H, W) to a dict of the trunk's maps by name, and "top", what the last layer would read.

    `padding="same"` pads fc6, so that "top" has about H/32 × W/32 cells; `padding="paper"` pads the image instead,
    as FCN does, and `padding=None` neither: VGG16's "top" is then 1×1 at 224². `pretrained` takes torchvision's
    ImageNet weights, the fully connected layers included.
    """

    def __init__(
        self,
        name: str,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        padding: str | None = "same",
        dropout: float = 0.5,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        make_trunk, _, kernel, margin = CLASSIFIERS[name]
        self.margin = margin if padding == "paper" else 0
        trunk: Any = make_trunk(in_channels=in_channels, width=width, pretrained=pretrained)
        self.trunk = trunk
        self.channels: int = trunk.channels[-1]
        if kernel:
            hidden = scaled(4096, width)
            self.fc = nn.Sequential(
                OrderedDict(
                    fc6=nn.Conv2d(self.channels, hidden, kernel, padding=kernel // 2 if padding == "same" else 0),
                    relu6=nn.ReLU(),
                    drop6=nn.Dropout(dropout),
                    fc7=nn.Conv2d(hidden, hidden, 1),
                    relu7=nn.ReLU(),
                    drop7=nn.Dropout(dropout),
                )
            )
            self.channels = hidden
            start_for_relu_(self.fc)
            if pretrained:
                published = imagenet_weights(name)
                self.load_classifier(value for key, value in published.items() if key.startswith("classifier."))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.trunk(F.pad(x, [self.margin] * 4))
        if isinstance(maps, dict):
            return {**maps, "top": self.fc(maps["pool5"])}
        return {"top": maps.high}

    @torch.no_grad()
    def load_classifier(self, weights: Iterable[Tensor]) -> None:
        """Moves a classifier's fully connected layers in: weight and bias of fc6, then of fc7; the rest is left.

        `torchvision.models.vgg16().classifier.parameters()` come in this order. A row of a fully connected layer,
        folded to (channels, height, width), is a kernel. Raises ValueError where the sizes differ.
        """
        for (name, parameter), given in zip(self.fc.named_parameters(), weights, strict=False):
            if parameter.numel() != given.numel():
                raise ValueError(
                    f"weights: {name} is {tuple(parameter.shape)} and got {tuple(given.shape)}; "
                    "both hold the same count of numbers"
                )
            parameter.copy_(given.view_as(parameter))


# What looks at one number at a time does the same to a map as to a vector.
ONE_BY_ONE = (
    nn.Identity, nn.Dropout, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Hardswish, nn.Sigmoid,
    nn.Tanh,
)  # fmt: skip


def as_convolutions(layers: Iterable[nn.Module], size: tuple[int, int]) -> nn.Sequential:
    """The layers of a classifier behind its last map, as layers for maps of any size from `size` up.

    `size` (h, w) is the map that the classifier was made for: maps (N, C, h, w) give (N, K, 1, 1), the classifier's own
    numbers, and larger maps (N, C, H, W) give (N, K, H - h + 1, W - w + 1). The first `nn.Linear` becomes a convolution
    with an h×w kernel, each further one a 1×1; they share the weights of the layers given, so that nothing is copied.
    `nn.Flatten` is left out, and what looks at one number at a time (ReLU, dropout) is kept.

    Raises ValueError where `size` does not fit the first `nn.Linear`, or where there is none, and TypeError for a layer
    that does not carry over. Source: Long, Shelhamer and Darrell (2015), section 3.1.

    >>> head = as_convolutions([nn.Flatten(), nn.Linear(5 * 2 * 2, 8), nn.ReLU(), nn.Linear(8, 3)], (2, 2))
    >>> head(torch.rand(1, 5, 2, 2)).shape, head(torch.rand(1, 5, 6, 9)).shape
    (torch.Size([1, 3, 1, 1]), torch.Size([1, 3, 5, 8]))
    """
    sides = positive_ints("size", size)
    if len(sides) != 2:
        raise ValueError(f"size must be (height, width) of the map in front of the first nn.Linear, got {size!r}")
    kernel = sides[0], sides[1]
    carried: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.Linear):
            carried.append(_as_convolution(layer, kernel))
            kernel = (1, 1)
        elif isinstance(layer, ONE_BY_ONE):
            carried.append(layer)
        elif not isinstance(layer, nn.Flatten):
            raise TypeError(
                f"layers: a {type(layer).__name__} does not carry over to maps; nn.Linear, nn.Flatten, activations and "
                "nn.Dropout do"
            )
    if not any(isinstance(layer, nn.Conv2d) for layer in carried):
        raise ValueError("layers must hold an nn.Linear, which becomes the first convolution; got none")
    return nn.Sequential(*carried)


def _as_convolution(layer: nn.Linear, kernel: tuple[int, int]) -> nn.Conv2d:
    channels, rest = divmod(layer.in_features, kernel[0] * kernel[1])
    if rest:
        raise ValueError(
            f"size: nn.Linear reads {layer.in_features} numbers, which are no whole number of channels on a map of "
            f"{kernel[0]}×{kernel[1]}; size is that of the map in front of it"
        )
    with torch.device("meta"):  # its own weights are never made
        convolution = nn.Conv2d(channels, layer.out_features, kernel, bias=layer.bias is not None)
    weight = layer.weight.detach().view(layer.out_features, channels, *kernel)
    convolution.weight = nn.Parameter(weight, requires_grad=layer.weight.requires_grad)
    if layer.bias is not None:
        convolution.bias = nn.Parameter(layer.bias.detach(), requires_grad=layer.bias.requires_grad)
    return convolution
