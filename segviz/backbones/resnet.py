"""ResNet-50 and ResNet-101, dilated: torchvision's network, and the three things it lacks.

Paper: He et al., "Deep residual learning for image recognition", 2016. Dilation, multi-grid and their rates:
Chen et al., "Rethinking atrous convolution for semantic image segmentation", 2017.

A stage whose stride is taken away looks at its input through holes instead: its 3×3 kernels keep the reach
they had, and the map keeps its size. `multi_grid` spreads the rates of the last stage's three blocks.

============  ========  ===============  ===============  ===============
module        channels  output stride 8  output stride 16 output stride 32
                        stride, rate     stride, rate     stride, rate
============  ========  ===============  ===============  ===============
conv1         64        2, 1             2, 1             2, 1
maxpool       64        2, 1             2, 1             2, 1
layer1        256       1, 1             1, 1             1, 1
layer2        512       2, 1             2, 1             2, 1
layer3        1024      1, 2             2, 1             2, 1
layer4        2048      1, 4             1, 2             2, 1
============  ========  ===============  ===============  ===============

torchvision puts a block's stride on its 3×3 (so the receptive field is 427 pixels for ResNet-50), and the
first block of a dilated stage keeps the rate of the stage before. Both are the default here, so its state
dicts mean the same network. `caffe=True` is the form of the original weights and of DeepLab v2: stride in the
first 1×1, a stem pool that rounds up, and every block of a dilated stage at the stage's own rate.
`multi_grid` likewise sets all three blocks of layer4, as in DeepLab v3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torchvision
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from segviz.backbones import imagenet_weights
from segviz.backbones.features import Features
from segviz.layers import positive_ints, scaled

BLOCKS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class CaffeBottleneck(Bottleneck):
    """torchvision's bottleneck with the stride moved from the 3×3 to the first 1×1, where the paper has it."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.conv1.stride, self.conv2.stride = self.conv2.stride, self.conv1.stride


def set_rates(stage: nn.Sequential, rates: Sequence[int]) -> None:
    """Gives the 3×3 of every block of `stage` its rate, and the padding that keeps the map's size."""
    convolutions = [block.conv2 for block in stage.children() if isinstance(block, Bottleneck)]
    for conv3x3, rate in zip(convolutions, rates, strict=True):
        conv3x3.dilation = conv3x3.padding = (rate, rate)


class ResNet(torchvision.models.ResNet):
    """A ResNet trunk from images (N, in_channels, H, W) to `Features` at strides 4, ≤16 and `output_stride`.

    Raises ValueError where `multi_grid` is not three rates of at least 1.

    >>> trunk = ResNet("resnet50", output_stride=16, multi_grid=(1, 2, 4), width=0.125)
    >>> [block.conv2.dilation[0] for block in trunk.layer4]
    [2, 4, 8]
    """

    def __init__(
        self,
        name: str = "resnet50",
        *,
        in_channels: int = 3,
        width: float = 1.0,
        output_stride: int = 8,
        multi_grid: Sequence[int] | None = None,
        caffe: bool = False,
        pretrained: bool = False,
    ) -> None:
        self.width = width
        super().__init__(
            CaffeBottleneck if caffe else Bottleneck,
            list(BLOCKS[name]),
            replace_stride_with_dilation=[False, output_stride <= 8, output_stride <= 16],
        )
        stem = scaled(64, width)
        self.conv1 = nn.Conv2d(in_channels, stem, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = nn.BatchNorm2d(stem)
        del self.avgpool, self.fc

        self.channels = Features(*(4 * scaled(planes, width) for planes in (64, 256, 512)))
        if caffe:
            self.maxpool.ceil_mode = True
            set_rates(self.layer3, [max(1, 16 // output_stride)] * len(self.layer3))
            set_rates(self.layer4, [max(1, 32 // output_stride)] * len(self.layer4))
        if multi_grid is not None:
            set_rates(self.layer4, [max(1, 32 // output_stride) * rate for rate in three_rates(multi_grid)])
        if pretrained:
            published = imagenet_weights(name, in_channels=in_channels, width=width)
            self.load_state_dict({key: published[key] for key in self.state_dict()})

    def _make_layer(
        self,
        block: type,
        planes: int,
        blocks: int,
        stride: int = 1,
        dilate: bool = False,
    ) -> nn.Sequential:
        """torchvision's own stage, at this network's width."""
        if planes == 64:
            self.inplanes = scaled(64, self.width)
        return super()._make_layer(block, scaled(planes, self.width), blocks, stride, dilate)

    def forward(self, x: Tensor, *, early_maps: bool = True) -> Features:
        """Without `early_maps`, low and middle are None, and their memory is free before layer4 needs it."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        low = x if early_maps else None
        x = self.layer3(self.layer2(x))
        middle = x if early_maps else None
        return Features(low, middle, self.layer4(x))


def three_rates(multi_grid: Sequence[int]) -> tuple[int, int, int]:
    """`multi_grid`, checked: one positive factor for each of the three blocks of layer4."""
    rates = positive_ints("multi_grid", multi_grid)
    if len(rates) != 3:
        raise ValueError(
            f"multi_grid: got {multi_grid!r}; it is three whole numbers, one for each block of layer4, as (1, 2, 4)"
        )
    return rates
