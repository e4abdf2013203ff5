"""SegNet and SegNet-Basic.

Paper: Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
segmentation", 2017. The decoder is the encoder in reverse: each unpooling puts its values back where the encoder's
pool found its maxima, and convolutions fill what lies between. Only these switches are kept, not the maps.

==========  ==========================  ==============  ==============
part        layers                      channels        at 360 × 480
==========  ==========================  ==============  ==============
encoder 0   2 × (3×3, BN, ReLU), pool   64              180 × 240
        1   2 × (3×3, BN, ReLU), pool   128             90 × 120
        2   3 × (3×3, BN, ReLU), pool   256             45 × 60
        3   3 × (3×3, BN, ReLU), pool   512             23 × 30
        4   3 × (3×3, BN, ReLU), pool   512             12 × 15
decoder 0   unpool, 3 × (3×3, BN, ReLU) 512             23 × 30
        1   unpool, 3 × (3×3, BN, ReLU) 512, last 256   45 × 60
        2   unpool, 3 × (3×3, BN, ReLU) 256, last 128   90 × 120
        3   unpool, 2 × (3×3, BN, ReLU) 128, last 64    180 × 240
        4   unpool, 3×3, BN, ReLU, 3×3  64, classes     360 × 480
==========  ==========================  ==============  ==============

The last 3×3 gives the scores as they are; BN and ReLU on it, as in some ports, make every logit at least 0.
SegNet-Basic normalizes the image by local response, and has four 7×7 convolutions of 64 channels each way and no
ReLU in its decoder.

Departures: BN's epsilon is PyTorch's 1e-5, since Caffe's 1e-9 is lost in half precision.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from segviz.backbones.vgg import CHANNELS, DEPTHS
from segviz.layers import PoolStage, UnpoolStage, conv_bn_relu, scaled, start_for_relu_
from segviz.models.base import SegmentationModel


class EncoderDecoder(SegmentationModel):
    """Stages down, and as many up that use their switches in reverse."""

    encoder: nn.ModuleList
    decoder: nn.ModuleList

    def logits(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.encoder:
            x, switches = stage(x)
            kept.append(switches)
        for stage in self.decoder:
            x = stage(x, kept.pop())
        return x


class SegNet(EncoderDecoder):
    """VGG16's convolutions, normalized, and their mirror image."""

    def __init__(self, num_classes: int = 21, *, in_channels: int = 3, width: float = 1.0) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=32)
        channels = [in_channels, *(scaled(count, width) for count in CHANNELS)]
        self.encoder = nn.ModuleList(
            PoolStage(*convolutions([before] + [after] * depth))
            for (before, after), depth in zip(pairwise(channels), DEPTHS, strict=True)
        )
        upward = [*zip(pairwise(reversed(channels)), reversed(DEPTHS), strict=True)][:-1]
        self.decoder = nn.ModuleList(
            UnpoolStage(*convolutions([before] * depth + [after])) for (before, after), depth in upward
        )
        last = channels[1]
        self.decoder.append(UnpoolStage(*convolutions([last, last]), nn.Conv2d(last, num_classes, 3, padding=1)))
        start_for_relu_(self)


def convolutions(channels: list[int]) -> list[nn.Module]:
    """3×3 convolutions with bias, BN and ReLU from each channel count to the next."""
    return [conv_bn_relu(before, after, bias=True) for before, after in pairwise(channels)]


class LocalResponseNorm(nn.LocalResponseNorm):
    """PyTorch's, in single precision at least: it is a sum of squares, and on a CPU has no half-precision form."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


class SegNetBasic(EncoderDecoder):
    """Four 7×7 convolutions down, four up."""

    def __init__(self, num_classes: int = 21, *, in_channels: int = 3, width: float = 1.0) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=16)
        c = scaled(64, width)
        normalization = LocalResponseNorm(5, alpha=1e-4, beta=0.75)
        self.encoder = nn.ModuleList(
            [PoolStage(normalization, conv_bn_relu(in_channels, c, 7, bias=True))]
            + [PoolStage(conv_bn_relu(c, c, 7, bias=True)) for _ in range(3)]
        )
        self.decoder = nn.ModuleList(
            [UnpoolStage(conv_bn_relu(c, c, 7, bias=True)[:2]) for _ in range(3)]
            + [UnpoolStage(conv_bn_relu(c, c, 7, bias=True)[:2], nn.Conv2d(c, num_classes, 1))]
        )
        start_for_relu_(self)
