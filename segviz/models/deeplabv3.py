"""DeepLab v3.

Paper: Chen, Papandreou, Schroff and Adam, "Rethinking atrous convolution for semantic image segmentation",
2017. Dilation keeps a ResNet's last maps large, multi-grid varies the rates inside its last stage, and a
pyramid of rates with the mean of the whole map looks at every position near and far at once.

==============  ==========================  ========  =================  =================
module          layers                      channels  output stride 8    output stride 16
                                                      at 513 × 513       at 513 × 513
==============  ==========================  ========  =================  =================
backbone        ResNet to layer2            512       65 × 65            65 × 65
                layer3                      1024      65 × 65, rate 2    33 × 33
                layer4                      2048      65 × 65, rate 4    33 × 33, rate 2
classifier.0    ASPP: 1×1, three 3×3        5 × 256   rates 12, 24, 36   rates 6, 12, 18
                and the mean; 1×1           256       65 × 65            33 × 33
classifier.1–3  3×3, BN, ReLU               256       65 × 65            33 × 33
classifier.4    1×1                         classes   65 × 65            33 × 33
(resize)        bilinear                    classes   513 × 513          513 × 513
==============  ==========================  ========  =================  =================

The defaults are torchvision's, whose state dicts load unrenamed and give its logits: output stride 8, no
multi-grid, a 3×3 between pyramid and scores (the paper has none), `align_corners=False` (the paper's code:
True). The paper's best training form is `output_stride=16, multi_grid=(1, 2, 4)`; it evaluates at 8.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from segviz.layers import conv_bn_relu, scaled
from segviz.models.aspp import ASPP, rates_for
from segviz.models.auxiliary import TwoHeadedModel


class DeepLabHead(nn.Sequential):
    """The pyramid, a 3×3 and the scores."""

    def __init__(self, in_channels: int, channels: int, num_classes: int, *, rates: Sequence[int]) -> None:
        super().__init__(
            ASPP(in_channels, channels, rates=rates),
            *conv_bn_relu(channels, channels),
            nn.Conv2d(channels, num_classes, 1),
        )


class DeepLabV3(TwoHeadedModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `backbone` is "resnet50" or "resnet101", `output_stride` 8 or 16; `multi_grid` gives layer4's blocks their
    own factors; `aspp_rates` replaces the pyramid's rates, which otherwise follow the output stride; `aux`
    adds torchvision's auxiliary head, called by `model(x, return_aux=True)`; `pretrained_backbone` downloads
    ImageNet weights.

    >>> import torch
    >>> model = DeepLabV3(num_classes=5, width=0.125, output_stride=16, multi_grid=(1, 2, 4)).eval()
    >>> model(torch.rand(1, 3, 33, 47)).shape
    torch.Size([1, 5, 33, 47])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        backbone: str = "resnet50",
        output_stride: int = 8,
        multi_grid: Sequence[int] | None = None,
        aspp_rates: Sequence[int] | None = None,
        align_corners: bool = False,
        aux: bool = False,
        pretrained_backbone: bool = False,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels=in_channels,
            width=width,
            backbone=backbone,
            output_stride=output_stride,
            multi_grid=multi_grid,
            align_corners=align_corners,
            aux=aux,
            pretrained_backbone=pretrained_backbone,
        )
        self.classifier = DeepLabHead(
            self.backbone.channels.high,
            scaled(256, width),
            num_classes,
            rates=rates_for(output_stride, aspp_rates),
        )
