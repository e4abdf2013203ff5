"""Aligned Xception-65, the trunk that DeepLab v3+ was published with.

Paper: Chen et al., "Encoder-decoder with atrous separable convolution for semantic image segmentation", 2018
(figure 4), after Chollet, "Xception: deep learning with depthwise separable convolutions", 2017.

Every 3×3 is depthwise separable: one 3×3 filter a channel, then a 1×1 across channels. "Aligned": max-pools
have given way to separable convolutions with a stride, so that every layer can also be dilated.

======  ==========================  ===============  ================  ================
module  channels                    output stride 8  output stride 16  output stride 32
                                    stride, rate     stride, rate      stride, rate
======  ==========================  ===============  ================  ================
stem    32, 64                      2, 1             2, 1              2, 1
block1  128, 128, 128               2, 1             2, 1              2, 1
block2  256, 256, 256               2, 1             2, 1              2, 1
block3  728, 728, 728               1, 1             2, 1              2, 1
middle  16 × (728, 728, 728)        1, 2             1, 1              1, 1
exit1   728, 1024, 1024             1, 2             1, 1              2, 1
exit2   1536, 1536, 2048            1, 4             1, 2              1, 1
======  ==========================  ===============  ================  ================

A block that lost its stride keeps the rate of the block before, in all three of its convolutions. The
decoder's low-level map is inside block2, after its second convolution: 256 channels, still at stride 4.

As in the released network, and unlike the paper's figure, the ReLU stands before each separable convolution,
and only BN between its two halves; exit2 alone has a ReLU after each half, and no skip. BN's epsilon is 1e-3.
Its momentum is PyTorch's 0.1: TensorFlow's decay of 0.9997 is momentum 3e-4, which suits runs far longer than
this book's.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import relu

from segviz.backbones.features import Features
from segviz.layers import scaled, start_for_relu_

#                block1 block2 block3 middle exit1 exit2
STRIDES = {
    32: (2, 2, 2, 1, 2, 1),
    16: (2, 2, 2, 1, 1, 1),
    8: (2, 2, 1, 1, 1, 1),
}  # fmt: skip
RATES = {
    32: (1, 1, 1, 1, 1, 1),
    16: (1, 1, 1, 1, 1, 2),
    8: (1, 1, 1, 2, 2, 4),
}


def norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class SeparableConv(nn.Sequential):
    """A depthwise 3×3 and a pointwise 1×1, each with BN; with `relu_inside`, each with ReLU too."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, rate: int = 1, relu_inside: bool = False):
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, stride, padding=rate, dilation=rate, groups=inputs, bias=False),
            norm(inputs),
            nn.ReLU() if relu_inside else nn.Identity(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            norm(outputs),
            nn.ReLU() if relu_inside else nn.Identity(),
        )


class Block(nn.Module):
    """Three separable convolutions beside a skip; the last of them carries the stride, all of them the rate."""

    def __init__(self, channels: tuple[int, int, int, int], *, stride: int = 1, rate: int = 1) -> None:
        super().__init__()
        self.skip: nn.Module = nn.Identity()
        if channels[0] != channels[-1] or stride != 1:
            self.skip = nn.Sequential(nn.Conv2d(channels[0], channels[-1], 1, stride, bias=False), norm(channels[-1]))
        first, second, third = pairwise(channels)
        self.inner = nn.Sequential(
            nn.ReLU(), SeparableConv(*first, rate=rate), nn.ReLU(), SeparableConv(*second, rate=rate)
        )
        self.last = SeparableConv(*third, stride=stride, rate=rate)

    def forward(self, x: Tensor, inner: Tensor | None = None) -> Tensor:
        """`inner` is `self.inner(x)`, where the caller has it already."""
        inner = self.inner(x) if inner is None else inner
        return self.last(relu(inner)) + self.skip(x)


class Xception65(nn.Module):
    """The trunk from images (N, in_channels, H, W) to `Features` of 256, 728 and 2048 channels.

    >>> sum(p.numel() for p in Xception65().parameters())
    37867312
    """

    def __init__(self, *, in_channels: int = 3, width: float = 1.0, output_stride: int = 16) -> None:
        super().__init__()
        strides, rates = STRIDES[output_stride], RATES[output_stride]
        c32, c64, c128, c256, c728, c1024, c1536, c2048 = (
            scaled(channels, width) for channels in (32, 64, 128, 256, 728, 1024, 1536, 2048)
        )
        self.stem = nn.Sequential(
            *(nn.Conv2d(in_channels, c32, 3, 2, padding=1, bias=False), norm(c32), nn.ReLU()),
            *(nn.Conv2d(c32, c64, 3, padding=1, bias=False), norm(c64), nn.ReLU()),
        )
        self.block1 = Block((c64, c128, c128, c128), stride=strides[0], rate=rates[0])
        self.block2 = Block((c128, c256, c256, c256), stride=strides[1], rate=rates[1])
        self.block3 = Block((c256, c728, c728, c728), stride=strides[2], rate=rates[2])
        self.middle = nn.Sequential(*(Block((c728,) * 4, stride=strides[3], rate=rates[3]) for _ in range(16)))
        self.exit1 = Block((c728, c728, c1024, c1024), stride=strides[4], rate=rates[4])
        self.exit2 = nn.Sequential(
            *(
                SeparableConv(inputs, outputs, rate=rates[5], relu_inside=True)
                for inputs, outputs in pairwise((c1024, c1536, c1536, c2048))
            )
        )
        self.channels = Features(c256, c728, c2048)
        start_for_relu_(self)

    def forward(self, x: Tensor) -> Features[Tensor]:
        x = self.block1(self.stem(x))
        low = self.block2.inner(x)
        x = self.block2(x, low)
        middle = self.middle(self.block3(x))
        high = self.exit2(self.exit1(middle))
        return Features(low, middle, high)
