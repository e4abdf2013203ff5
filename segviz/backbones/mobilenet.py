"""MobileNet v2, dilated: torchvision's network with strides taken away.

Paper: Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018 (table 2, section 6.3).

A block widens its map by a 1×1, filters each channel by a depthwise 3×3, and narrows it by a 1×1 that has no
ReLU. Only the 3×3 sees neighbors, so only its stride, rate and padding change here; padding the block's input
instead, as one port does, feeds made-up borders through the first 1×1's BN.

==============  ========  ===============  ================  ================
features        channels  output stride 8  output stride 16  output stride 32
                          stride, rate     stride, rate      stride, rate
==============  ========  ===============  ================  ================
0               32        2, 1             2, 1              2, 1
1               16        1, 1             1, 1              1, 1
2, 3            24        2, 1             2, 1              2, 1
4, 5, 6         32        2, 1             2, 1              2, 1
7, 8, 9, 10     64        1, 2             2, 1              2, 1
11, 12, 13      96        1, 2             1, 1              1, 1
14, 15, 16      160       1, 4             1, 2              2, 1
17              320       1, 4             1, 2              1, 1
==============  ========  ===============  ================  ================

The block that lost its stride keeps the rate before it; the ones after it take the new rate. The classifier's
last 1×1 to 1280 channels is left out.
"""

from __future__ import annotations

import torchvision
from torch import Tensor, nn

from segviz.backbones import imagenet_weights
from segviz.backbones.features import Features

#        expansion, channels, blocks, stride
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip


def strides_and_rates(output_stride: int) -> list[tuple[int, int]]:
    """(stride, rate) of every block, where a stride that would pass `output_stride` becomes a rate after it."""
    reached, rate, table = 2, 1, []
    for _, _, blocks, stride in STAGES:
        if reached * stride <= output_stride:
            reached *= stride
            table += [(stride, rate)] + [(1, rate)] * (blocks - 1)
        else:
            table.append((1, rate))
            rate *= stride
            table += [(1, rate)] * (blocks - 1)
    return table


class MobileNetV2(nn.Module):
    """The trunk from images (N, in_channels, H, W) to `Features` of 24, 96 and 320 channels.

    >>> sum(p.numel() for p in MobileNetV2().parameters())
    1811712
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        output_stride: int = 16,
        pretrained: bool = False,
    ) -> None:
        super().__init__()
        self.features = torchvision.models.mobilenet_v2(width_mult=width).features[:-1]
        stem = self.features[0][0]
        if in_channels != stem.in_channels:
            self.features[0][0] = nn.Conv2d(in_channels, stem.out_channels, 3, 2, padding=1, bias=False)
        for block, (stride, rate) in zip(self.features[1:], strides_and_rates(output_stride), strict=True):
            depthwise = block.conv[-3][0]
            depthwise.stride, depthwise.dilation, depthwise.padding = (stride,) * 2, (rate,) * 2, (rate,) * 2
        self.channels = Features(*(self.features[i].out_channels for i in (3, 13, 17)))
        if pretrained:
            published = imagenet_weights("mobilenet_v2", in_channels=in_channels, width=width)
            self.load_state_dict({key: published[key] for key in self.state_dict()})

    def forward(self, x: Tensor) -> Features[Tensor]:
        low = self.features[:4](x)
        middle = self.features[4:14](low)
        high = self.features[14:](middle)
        return Features(low, middle, high)
