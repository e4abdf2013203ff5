"""U-Net.

Paper: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015. A
contracting path sees more and more with finer and finer features lost; an expansive path of the same depth brings
the size back, and takes at each step the maps of its own size from the way down.

=================  ==============================  ========  ===================  =================
part               layers                          channels  at 572², "valid"     at 572², "same"
=================  ==============================  ========  ===================  =================
contracting 0      3×3, 3×3                        64        568 × 568            572 × 572
            1      max-pool, 3×3, 3×3              128       280 × 280            286 × 286
            2      max-pool, 3×3, 3×3              256       136 × 136            143 × 143
            3      max-pool, 3×3, 3×3              512       64 × 64              72 × 72
bottom             max-pool, 3×3, 3×3, dropout     1024      28 × 28              36 × 36
expansive   0      up 2×2, skip 3, 3×3, 3×3        512       52 × 52              72 × 72
            1      up 2×2, skip 2, 3×3, 3×3        256       100 × 100            143 × 143
            2      up 2×2, skip 1, 3×3, 3×3        128       196 × 196            286 × 286
            3      up 2×2, skip 0, 3×3, 3×3        64        388 × 388            572 × 572
score              1×1                             classes   388 × 388            572 × 572
=================  ==============================  ========  ===================  =================

`padding="valid"` is the paper's: no convolution is padded, the skips are cut, and an image of n pixels gives n − 184.
To label the image's own border it is continued by mirroring, 92 pixels on each side and a few more at the lower
right, up to a size that every pool halves evenly (n ≡ 12 mod 16). `padding="same"` pads every convolution with zeros.

Departures: with "same" the pools round up and the up-convolution's surplus row is cut, so that odd sizes lose no
pixel. One dropout, of half the values, acts where the contracting path ends; the paper gives no rate.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from segviz.layers import crop, mirrored, scaled, start_for_relu_
from segviz.models.base import SegmentationModel, one_of

CHANNELS = (64, 128, 256, 512, 1024)
LOST = 184  # pixels that the unpadded convolutions take from each axis


def double_convolution(in_channels: int, out_channels: int, padding: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=padding),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, 3, padding=padding),
        nn.ReLU(),
    )


def joined(skip: Tensor, up: Tensor) -> Tensor:
    """Both maps side by side in channels: the skip cut about its center, or else the surplus of `up` cut off."""
    if skip.shape[-1] > up.shape[-1]:
        skip = crop(skip, up.shape[-2:], offset=(skip.shape[-1] - up.shape[-1]) // 2)
    return torch.cat([skip, crop(up, skip.shape[-2:])], dim=1)


class UNet(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `padding` is "same", or "valid" for the paper's unpadded convolutions over a mirrored margin; `dropout` is the
    share of the bottom's values that is set to 0 in training.

    >>> UNet(2, in_channels=1, width=0.25, padding="valid")(torch.rand(1, 1, 50, 71)).shape
    torch.Size([1, 2, 50, 71])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        padding: str = "same",
        dropout: float = 0.5,
    ) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=16)
        self.mirrors = one_of("padding", padding, ("same", "valid")) == "valid"
        pad = 0 if self.mirrors else 1
        channels = [scaled(count, width) for count in CHANNELS]
        self.contracting = nn.ModuleList(
            double_convolution(before, after, pad) for before, after in pairwise([in_channels, *channels[:-1]])
        )
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.bottom = double_convolution(channels[3], channels[4], pad)
        self.dropout = nn.Dropout(dropout)
        upward = list(pairwise(reversed(channels)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(before, after, 2, stride=2) for before, after in upward)
        self.expansive = nn.ModuleList(double_convolution(2 * after, after, pad) for _, after in upward)
        self.score = nn.Conv2d(channels[0], num_classes, 1)
        start_for_relu_(self)

    def logits(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        if self.mirrors:
            x = self.with_margin(x)
        skips = []
        for convolutions in self.contracting:
            skips.append(convolutions(x))
            x = self.pool(skips[-1])
        x = self.dropout(self.bottom(x))
        for up, convolutions in zip(self.up, self.expansive, strict=True):
            x = convolutions(joined(skips.pop(), up(x)))
        return crop(self.score(x), size)

    @staticmethod
    def with_margin(x: Tensor) -> Tensor:
        """`x` with what the unpadded convolutions will take, mirrored around it, to a size n ≡ 12 (mod 16)."""
        fill = [(4 - size) % 16 for size in x.shape[-2:]]
        return mirrored(x, before=(LOST // 2,) * 2, after=(LOST // 2 + fill[0], LOST // 2 + fill[1]))
