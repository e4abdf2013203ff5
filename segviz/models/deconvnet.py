"""DeconvNet.

Paper: Noh, Hong and Han, "Learning deconvolution network for semantic segmentation", 2015. VGG16 down to a single
vector, and its mirror image back up: unpooling puts values back where the pools found their maxima (a map that
follows this very object), deconvolutions thicken them (a map that follows the class).

============  ==============================  ==================  ===========
part          layers                          channels            at 224²
============  ==============================  ==================  ===========
encoder 0–4   VGG16 with BN, pools            64 … 512            7 × 7
fc6           7×7                             4096                1 × 1
fc7           1×1                             4096                1 × 1
fc6_deconv    7×7 transposed                  512                 7 × 7
decoder 0     unpool, 3 × 3×3 transposed      512                 14 × 14
        1     unpool, 3 × 3×3 transposed      512, last 256       28 × 28
        2     unpool, 3 × 3×3 transposed      256, last 128       56 × 56
        3     unpool, 2 × 3×3 transposed      128, last 64        112 × 112
        4     unpool, 2 × 3×3 transposed      64                  224 × 224
score         1×1                             classes             224 × 224
============  ==============================  ==================  ===========

Every convolution has a bias, BN and ReLU; there is no dropout. A larger image gives a larger map at fc6.

Departures: the pools round up and hand their sizes to the unpooling, for sizes that 32 does not divide.
`fc_kernel` smaller than the paper's 7 is for images smaller than its 224.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from segviz.backbones.vgg import CHANNELS, DEPTHS
from segviz.layers import BatchNorm2d, PoolStage, UnpoolStage, conv_bn_relu, scaled, start_for_relu_
from segviz.models.base import SegmentationModel


def deconv_bn_relu(in_channels: int, out_channels: int, kernel_size: int = 3, *, padding: int = 1) -> nn.Sequential:
    """Transposed convolution of stride 1, batch normalization and ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size, padding=padding),
        BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class DeconvNet(SegmentationModel):
    """Images (N, in_channels, H, W) of at least 32 · `fc_kernel` pixels a side to logits of the same size."""

    def __init__(self, num_classes: int = 21, *, in_channels: int = 3, width: float = 1.0, fc_kernel: int = 7) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=32 * fc_kernel)
        channels = [scaled(count, width) for count in CHANNELS]
        hidden = scaled(4096, width)

        self.encoder = nn.ModuleList()
        before = in_channels
        for after, depth in zip(channels, DEPTHS, strict=True):
            path = pairwise([before] + [after] * depth)
            self.encoder.append(PoolStage(*(conv_bn_relu(a, b, bias=True) for a, b in path)))
            before = after

        self.fc6 = conv_bn_relu(channels[-1], hidden, fc_kernel, padding=0, bias=True)
        self.fc7 = conv_bn_relu(hidden, hidden, 1, bias=True)
        self.fc6_deconv = deconv_bn_relu(hidden, channels[-1], fc_kernel, padding=0)

        self.decoder = nn.ModuleList()
        after_each = [*reversed(channels[:-1]), channels[0]]
        for before, after, depth in zip(reversed(channels), after_each, reversed(DEPTHS), strict=True):
            path = pairwise([before] * depth + [after])
            self.decoder.append(UnpoolStage(*(deconv_bn_relu(a, b) for a, b in path)))
        self.score = nn.Conv2d(channels[0], num_classes, 1)
        start_for_relu_(self)

    def logits(self, x: Tensor) -> Tensor:
        kept = []
        for stage in self.encoder:
            x, switches = stage(x)
            kept.append(switches)
        x = self.fc6_deconv(self.fc7(self.fc6(x)))
        for stage in self.decoder:
            x = stage(x, kept.pop())
        return self.score(x)
