"""DRN-D-54, a residual network that was drawn dilated.

Paper: Yu, Koltun and Funkhouser, "Dilated residual networks", 2017 (figure 5, form D).

It never goes below a stride of 8, and takes back the grid-shaped artifacts of dilation in two ways: the stem
has convolutions where ResNet has a max-pool, and two plain convolutions of falling rate close the network,
with no skip that could carry the grid past them.

======  ===========================  ========  ===============  ================
module  layers                       channels  output stride 8  output stride 16
                                               stride, rate     stride, rate
======  ===========================  ========  ===============  ================
layer0  7×7 convolution              16        1, 1             1, 1
layer1  3×3 convolution              16        1, 1             1, 1
layer2  3×3 convolution              32        2, 1             2, 1
layer3  3 bottlenecks                256       2, 1             2, 1
layer4  4 bottlenecks                512       2, 1             2, 1
layer5  6 bottlenecks                1024      1, 2             2, 1
layer6  3 bottlenecks                2048      1, 4             1, 2
layer7  3×3 convolution              512       1, 2             1, 1
layer8  3×3 convolution              512       1, 1             1, 1
======  ===========================  ========  ===============  ================

The paper has output stride 8 only; 16 halves every rate above 1, and is ours. The modules have the names of the
authors' code.
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from segviz.backbones.features import Features
from segviz.layers import scaled, start_for_relu_

#       layer0 … layer8
STRIDES = {8: (1, 1, 2, 2, 2, 1, 1, 1, 1), 16: (1, 1, 2, 2, 2, 2, 1, 1, 1)}
RATES = {8: (1, 1, 1, 1, 1, 2, 4, 2, 1), 16: (1, 1, 1, 1, 1, 1, 2, 1, 1)}


def convolution(inputs: int, outputs: int, kernel_size: int, stride: int, rate: int) -> nn.Sequential:
    padding = rate * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size, stride, padding, rate, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def bottlenecks(inputs: int, planes: int, count: int, stride: int, rate: int) -> nn.Sequential:
    """A stage of ResNet's bottlenecks, every one at the same rate; the first changes channels and size."""
    outputs = planes * Bottleneck.expansion
    shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    first = Bottleneck(inputs, planes, stride, shortcut, dilation=rate)
    return nn.Sequential(first, *(Bottleneck(outputs, planes, dilation=rate) for _ in range(count - 1)))


class DRND54(nn.Module):
    """The trunk from images (N, in_channels, H, W) to `Features` of 256, 2048 and 512 channels.

    >>> sum(p.numel() for p in DRND54().parameters())
    35296176
    """

    def __init__(self, *, in_channels: int = 3, width: float = 1.0, output_stride: int = 8) -> None:
        super().__init__()
        at = list(zip(STRIDES[output_stride], RATES[output_stride], strict=True))
        c16, c32, c64, c128, c256, c512 = (scaled(c, width) for c in (16, 32, 64, 128, 256, 512))
        self.layer0 = convolution(in_channels, c16, 7, *at[0])
        self.layer1 = convolution(c16, c16, 3, *at[1])
        self.layer2 = convolution(c16, c32, 3, *at[2])
        self.layer3 = bottlenecks(c32, c64, 3, *at[3])
        self.layer4 = bottlenecks(4 * c64, c128, 4, *at[4])
        self.layer5 = bottlenecks(4 * c128, c256, 6, *at[5])
        self.layer6 = bottlenecks(4 * c256, c512, 3, *at[6])
        self.layer7 = convolution(4 * c512, c512, 3, *at[7])
        self.layer8 = convolution(c512, c512, 3, *at[8])
        self.channels = Features(4 * c64, 4 * c512, c512)
        start_for_relu_(self)

    def forward(self, x: Tensor) -> Features[Tensor]:
        x = self.layer2(self.layer1(self.layer0(x)))
        low = self.layer3(x)
        middle = self.layer6(self.layer5(self.layer4(low)))
        high = self.layer8(self.layer7(middle))
        return Features(low, middle, high)
