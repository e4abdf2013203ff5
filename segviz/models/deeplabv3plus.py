"""DeepLab v3+.

Paper: Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-decoder with atrous separable convolution for
semantic image segmentation", 2018. DeepLab v3's pyramid knows what is where only to 8 or 16 pixels; a small
decoder lays its maps over an early one at stride 4, which still knows where the edges are.

===============  ==================================  ===========  ================================
module           layers                              channels     at 513 × 513, output stride 16
===============  ==================================  ===========  ================================
backbone         any of the five below               low, high    129 × 129 and 33 × 33
aspp             1×1, three 3×3 and the mean; 1×1    256          33 × 33, rates 6, 12, 18
decoder.reduce   1×1 of the low map                  48           129 × 129
(resize)         of the pyramid's maps               256          129 × 129
decoder.refine   two 3×3 of both, concatenated       256          129 × 129
decoder.score    1×1                                 classes      129 × 129
(resize)         bilinear, corners aligned           classes      513 × 513
===============  ==================================  ===========  ================================

============  ==========  =========================================
backbone      low → high  low is the map after
============  ==========  =========================================
resnet101     256 → 2048  layer1 (resnet50 the same)
xception65    256 → 2048  block2's second separable convolution
drn_d_54      256 → 512   layer3
mobilenet_v2  24 → 320    features.3
============  ==========  =========================================

Departures: the 3×3 of pyramid and decoder are dense unless `separable=True`, the paper's cheapest form.
DRN-D-54 and MobileNet v2 stand in for trunks of later code and ports; the paper has ResNet-101 and Xception.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from segviz.backbones.drn import DRND54
from segviz.backbones.mobilenet import MobileNetV2
from segviz.backbones.resnet import ResNet
from segviz.backbones.xception import Xception65
from segviz.layers import conv_bn_relu, resize, scaled
from segviz.models.aspp import ASPP, rates_for, separable_conv_bn_relu
from segviz.models.base import SegmentationModel, one_of

Trunk = ResNet | Xception65 | DRND54 | MobileNetV2
BACKBONES = ("resnet101", "resnet50", "xception65", "drn_d_54", "mobilenet_v2")


class Decoder(nn.Module):
    """The pyramid's maps brought to the low map's size, laid beside it, refined and scored."""

    def __init__(self, low_channels: int, channels: int, num_classes: int, *, width: float, separable: bool) -> None:
        super().__init__()
        conv3x3 = separable_conv_bn_relu if separable else conv_bn_relu
        reduced = scaled(48, width)
        self.reduce = conv_bn_relu(low_channels, reduced, 1)
        self.refine = nn.Sequential(conv3x3(channels + reduced, channels), conv3x3(channels, channels))
        self.score = nn.Conv2d(channels, num_classes, 1)

    def forward(self, low: Tensor, high: Tensor, *, align_corners: bool) -> Tensor:
        low = self.reduce(low)
        high = resize(high, low.shape[-2:], align_corners=align_corners)
        return self.score(self.refine(torch.cat([high, low], dim=1)))


class DeepLabV3Plus(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `output_stride` is 8 or 16; None is 16, or 8 for drn_d_54, which was drawn for it. `multi_grid` is for the
    ResNets; `aspp_rates` replaces the pyramid's rates, which otherwise follow the output stride;
    `pretrained_backbone` downloads torchvision's ImageNet weights, where it has any.

    >>> model = DeepLabV3Plus(num_classes=5, width=0.125, backbone="mobilenet_v2").eval()
    >>> model(torch.rand(1, 3, 33, 47)).shape
    torch.Size([1, 5, 33, 47])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        backbone: str = "resnet101",
        output_stride: int | None = None,
        multi_grid: Sequence[int] | None = None,
        aspp_rates: Sequence[int] | None = None,
        separable: bool = False,
        align_corners: bool = True,
        pretrained_backbone: bool = False,
    ) -> None:
        one_of("backbone", backbone, BACKBONES)
        if output_stride is None:
            output_stride = 8 if backbone == "drn_d_54" else 16
        one_of("output_stride", output_stride, (8, 16))
        super().__init__(num_classes, in_channels=in_channels, min_size=output_stride + 1, align_corners=align_corners)
        self.backbone = trunk(
            backbone,
            multi_grid=multi_grid,
            pretrained=pretrained_backbone,
            in_channels=in_channels,
            width=width,
            output_stride=output_stride,
        )
        low, _, high = self.backbone.channels
        channels = scaled(256, width)
        rates = rates_for(output_stride, aspp_rates)
        self.aspp = ASPP(high, channels, rates=rates, dropout=0.1, separable=separable)
        self.decoder = Decoder(low, channels, num_classes, width=width, separable=separable)

    def logits(self, x: Tensor) -> Tensor:
        features = self.backbone(x)
        return self.decoder(features.low, self.aspp(features.high), align_corners=self.align_corners)


def trunk(name: str, *, multi_grid: Sequence[int] | None, pretrained: bool, **settings) -> Trunk:
    """The backbone `name`; raises ValueError for what it does not have: multi-grid, or ImageNet weights."""
    if name in ("resnet50", "resnet101"):
        return ResNet(name, multi_grid=multi_grid, pretrained=pretrained, **settings)
    if multi_grid is not None:
        raise ValueError(f"multi_grid: got {multi_grid!r} with backbone {name!r}; it is for resnet50 and resnet101")
    if name == "mobilenet_v2":
        return MobileNetV2(pretrained=pretrained, **settings)
    if pretrained:
        raise ValueError(
            f"pretrained_backbone: torchvision has no ImageNet weights for {name!r}; "
            "it has them for resnet50, resnet101 and mobilenet_v2"
        )
    return (Xception65 if name == "xception65" else DRND54)(**settings)
