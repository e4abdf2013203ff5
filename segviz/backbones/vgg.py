"""VGG16 without its classifier, under the paper's own layer names.

Paper: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015
(configuration D). Stacks of 3×3 convolutions, each followed by ReLU, see what one large kernel would see, with
fewer weights and more ReLUs in between; a max-pool after each stack halves the map.

=======  ==========================  ========  =========  ===============
stage    layers                      channels  at 224²    receptive field
=======  ==========================  ========  =========  ===============
conv1    conv1_1 conv1_2 pool1       64        112 × 112  6
conv2    conv2_1 conv2_2 pool2       128       56 × 56    16
conv3    conv3_1 … conv3_3 pool3     256       28 × 28    44
conv4    conv4_1 … conv4_3 pool4     512       14 × 14    100
conv5    conv5_1 … conv5_3 pool5     512       7 × 7      212
=======  ==========================  ========  =========  ===============

The networks that stand on it differ in their pools, in the rates of their last stages and in their padding, and
say so when they make it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

from torch import nn

from segviz.backbones import imagenet_weights
from segviz.backbones.plain import PlainTrunk
from segviz.layers import PoolStage, PoolStages, chain, conv_bn_relu, scaled, start_for_relu_

DEPTHS = (2, 2, 3, 3, 3)
CHANNELS = (64, 128, 256, 512, 512)


class VGG16(PlainTrunk):
    """Images (N, in_channels, H, W) to a dict of the maps after "pool1" … "pool5".

    `ceil_mode` lets the pools keep a last row or column that fills no whole window; `pools` are five modules
    in place of them. `rates` are the dilations of the stages' convolutions; `padded=False` leaves their padding
    out. `pretrained` takes torchvision's ImageNet weights.

    >>> import torch
    >>> maps = VGG16(width=0.125)(torch.rand(1, 3, 64, 96))
    >>> maps["pool3"].shape, maps["pool5"].shape
    (torch.Size([1, 32, 8, 12]), torch.Size([1, 64, 2, 3]))
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        ceil_mode: bool = False,
        pools: Sequence[nn.Module] | None = None,
        rates: Sequence[int] = (1, 1, 1, 1, 1),
        padded: bool = True,
        pretrained: bool = False,
    ) -> None:
        channels = tuple(scaled(count, width) for count in CHANNELS)
        pools = pools or [nn.MaxPool2d(2, ceil_mode=ceil_mode) for _ in DEPTHS]
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        before = in_channels
        stages = zip(DEPTHS, channels, rates, pools, strict=True)
        for stage, (depth, after, rate, pool) in enumerate(stages, start=1):
            for i in range(1, depth + 1):
                padding = rate if padded else 0
                layers[f"conv{stage}_{i}"] = nn.Conv2d(before, after, 3, padding=padding, dilation=rate)
                layers[f"relu{stage}_{i}"] = nn.ReLU()
                before = after
            layers[f"pool{stage}"] = pool
        super().__init__(layers)
        self.channels = channels
        start_for_relu_(self)
        if pretrained:
            self.load_torchvision(imagenet_weights("vgg16", in_channels=in_channels, width=width))


class SwitchedVGG16(PoolStages):
    """VGG16 with batch normalization, whose pools keep their switches: images to pool5's map and five switches.

    `pretrained` takes torchvision's ImageNet weights of `vgg16_bn`.
    """

    def __init__(self, *, in_channels: int = 3, width: float = 1.0, pretrained: bool = False) -> None:
        channels = tuple(scaled(count, width) for count in CHANNELS)
        layer = partial(conv_bn_relu, bias=True)
        super().__init__(
            PoolStage(chain(layer, [before] + [after] * depth))
            for before, after, depth in zip((in_channels, *channels[:-1]), channels, DEPTHS, strict=True)
        )
        self.channels = channels
        start_for_relu_(self)
        if pretrained:
            published = imagenet_weights("vgg16_bn", in_channels=in_channels, width=width)
            features = [value for key, value in published.items() if key.startswith("features.")]
            self.load_state_dict(dict(zip(self.state_dict(), features, strict=True)))
