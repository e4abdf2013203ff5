"""DeepLab v2.

Paper: Chen, Papandreou, Kokkinos, Murphy and Yuille, "DeepLab: semantic image segmentation with deep
convolutional nets, atrous convolution, and fully connected CRFs", 2018. Four 3×3 kernels score the same map
at four rates, and their scores are added: one network sees a thing at several sizes.

==============  ====================================  ========  ==============
module          layers                                channels  at 513 × 513
==============  ====================================  ========  ==============
backbone        7×7 /2, max-pool 3×3 /2 (rounds up)   64        129 × 129
                layer1                                256       129 × 129
                layer2 /2                             512       65 × 65
                layer3, rate 2                        1024      65 × 65
                layer4, rate 4                        2048      65 × 65
aspp            3×3 at rates 6, 12, 18, 24, summed    classes   65 × 65
(resize)        bilinear, corners aligned             classes   513 × 513
==============  ====================================  ========  ==============

Departures: none in the layers. The paper's best results compare the scores of the image at three sizes,
position by position, and keep the largest: `scales=(0.5, 0.75, 1)`. Its CRF is `segviz.dense_crf`.
torchvision's ImageNet weights come from a ResNet with the stride of layer2 on its 3×3; here, as in the paper,
it is in the 1×1 before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil, isfinite

import torch
from torch import Tensor, nn

from segviz.backbones.resnet import BLOCKS, ResNet
from segviz.layers import resize
from segviz.models.aspp import rates_for
from segviz.models.base import SegmentationModel, one_of

OUTPUT_STRIDE = 8


class SummedASPP(nn.ModuleList):
    """A biased 3×3 to the classes for every rate; their scores added up."""

    def __init__(self, in_channels: int, num_classes: int, rates: Sequence[int]) -> None:
        branches = [nn.Conv2d(in_channels, num_classes, 3, padding=rate, dilation=rate) for rate in rates]
        for branch in branches:
            weight, bias = branch.parameters()
            nn.init.normal_(weight, std=0.01)
            nn.init.zeros_(bias)
        super().__init__(branches)

    def forward(self, x: Tensor) -> Tensor:
        return reduce(torch.add, (branch(x) for branch in self))


class DeepLabV2(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `backbone` is "resnet101" or "resnet50"; `aspp_rates` are the rates of the branches, (2, 4, 8, 12) being
    the paper's ASPP-S and (12,) its LargeFOV; `scales` are the sizes of the image, relative to its own, whose
    scores compete; `pretrained_backbone` downloads ImageNet weights.

    >>> model = DeepLabV2(num_classes=5, width=0.125).eval()
    >>> model.logits(torch.rand(1, 3, 65, 97)).shape
    torch.Size([1, 5, 9, 13])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        backbone: str = "resnet101",
        aspp_rates: Sequence[int] = (6, 12, 18, 24),
        scales: Sequence[float] = (1,),
        align_corners: bool = True,
        pretrained_backbone: bool = False,
    ) -> None:
        scales = positive_scales(scales)
        least = ceil((OUTPUT_STRIDE + 1) / min(scales))
        super().__init__(num_classes, in_channels=in_channels, min_size=least, align_corners=align_corners)
        self.scales = scales
        self.backbone = ResNet(
            one_of("backbone", backbone, BLOCKS),
            in_channels=in_channels,
            width=width,
            output_stride=OUTPUT_STRIDE,
            caffe=True,
            pretrained=pretrained_backbone,
        )
        self.aspp = SummedASPP(self.backbone.channels.high, num_classes, rates_for(OUTPUT_STRIDE, aspp_rates))

    def logits(self, x: Tensor) -> Tensor:
        sizes = [(round(x.shape[2] * scale), round(x.shape[3] * scale)) for scale in self.scales]
        images = (resize(x, size, align_corners=self.align_corners) for size in sizes)
        maps = [self.aspp(self.backbone(image, early_maps=False).high) for image in images]
        finest = maps[self.scales.index(max(self.scales))].shape[-2:]
        return reduce(torch.maximum, (resize(m, finest, align_corners=self.align_corners) for m in maps))


def positive_scales(scales: Sequence[float]) -> tuple[float, ...]:
    """`scales`, checked: at least one, each finite and above 0."""
    rule = "it is a sequence of numbers above 0, as (0.5, 0.75, 1)"
    if not isinstance(scales, Sequence) or not all(isinstance(scale, int | float) for scale in scales):
        raise TypeError(f"scales: got {scales!r}; {rule}")
    if not scales or not all(isfinite(scale) and scale > 0 for scale in scales):
        raise ValueError(f"scales: got {scales!r}; {rule}")
    return tuple(scales)
