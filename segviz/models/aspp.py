"""Atrous spatial pyramid pooling as DeepLab v3 and v3+ share it: branches at several rates, concatenated.

Paper: Chen et al., "Rethinking atrous convolution for semantic image segmentation", 2017 (figure 5, section
3.3). The same map is looked at by a 1×1, by 3×3 kernels at several rates, and as a whole; one 1×1 mixes what
they saw.

=============  ==============================  ==============
branch         layers                          output (of 256)
=============  ==============================  ==============
convs.0        1×1, BN, ReLU                   h × w
convs.1 … 3    3×3 at a rate, BN, ReLU         h × w
convs.4        mean of the map, 1×1, BN, ReLU  1 × 1, resized
project        1×1 of all five, BN, ReLU       h × w
=============  ==============================  ==============

The paper's rates (6, 12, 18) belong to output stride 16; a map twice as fine needs them doubled to look
equally far. Departure: where the mean of the map is a single value per channel (batch 1 in training), BN has
nothing to take a variance of; `segviz.layers.BatchNorm2d` then uses its running statistics, where PyTorch's
own raises.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segviz.layers import BatchNorm2d, conv_bn_relu, positive_ints, resize

RATES_AT_16 = (6, 12, 18)


def rates_for(output_stride: int, aspp_rates: Sequence[int] | None = None) -> tuple[int, ...]:
    """The rates asked for, checked, or the paper's, made to follow the output stride.

    >>> rates_for(16), rates_for(8), rates_for(8, (2, 4))
    ((6, 12, 18), (12, 24, 36), (2, 4))
    """
    if aspp_rates is None:
        return tuple(rate * 16 // output_stride for rate in RATES_AT_16)
    return positive_ints("aspp_rates", aspp_rates)


def separable_conv_bn_relu(in_channels: int, out_channels: int, *, dilation: int = 1) -> nn.Sequential:
    """A 3×3 for each channel, then a 1×1 across channels, each with BN and ReLU: 9·C + C·C′ weights, not 9·C·C′."""
    depthwise = nn.Conv2d(
        in_channels, in_channels, 3, padding=dilation, dilation=dilation, groups=in_channels, bias=False
    )
    return nn.Sequential(depthwise, BatchNorm2d(in_channels), nn.ReLU(), *conv_bn_relu(in_channels, out_channels, 1))


class ImagePooling(nn.Sequential):
    """What the whole map has in common, laid under every position."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *conv_bn_relu(in_channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return resize(super().forward(x), x.shape[-2:])


class ASPP(nn.Module):
    """Maps (N, in_channels, h, w) to (N, channels, h, w); the modules have torchvision's names."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        rates: Sequence[int],
        dropout: float = 0.5,
        separable: bool = False,
    ) -> None:
        super().__init__()
        conv3x3 = separable_conv_bn_relu if separable else conv_bn_relu
        self.convs = nn.ModuleList(
            [
                conv_bn_relu(in_channels, channels, 1),
                *(conv3x3(in_channels, channels, dilation=rate) for rate in rates),
                ImagePooling(in_channels, channels),
            ]
        )
        self.project = nn.Sequential(*conv_bn_relu(len(self.convs) * channels, channels, 1), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        return self.project(torch.cat([branch(x) for branch in self.convs], dim=1))
