"""FCN on a dilated ResNet, in torchvision's form.

Paper: Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", 2015, on the
trunk of Yu, Koltun and Funkhouser, "Dilated residual networks", 2017. A classifier's last maps are scored by
convolutions and resized to the image: FCN-32s with dilation in the place of its last two strides, so the maps
are four times finer.

==============  ========================  =========  ==============
module          layers                    channels   at 513 × 513
==============  ========================  =========  ==============
backbone        ResNet to layer1          256        129 × 129
                layer2                    512        65 × 65
                layer3, rate 2            1024       65 × 65
                layer4, rate 4            2048       65 × 65
classifier      3×3, BN, ReLU, dropout    512        65 × 65
                1×1                       classes    65 × 65
(resize)        bilinear                  classes    513 × 513
==============  ========================  =========  ==============

Departures from the 2015 paper are torchvision's: a ResNet for VGG16, no skips, a fixed resize for the learned
deconvolution, BN in the head. Its state dicts load unrenamed and give its logits.
"""

from __future__ import annotations

from collections.abc import Sequence

from segviz.models.auxiliary import FCNHead, TwoHeadedModel


class FCNResNet(TwoHeadedModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `backbone` is "resnet50" or "resnet101", `output_stride` 8 or 16; `multi_grid` gives layer4's blocks their
    own factors; `aux` adds the auxiliary head, called by `model(x, return_aux=True)`; `pretrained_backbone`
    downloads ImageNet weights.

    >>> import torch
    >>> model = FCNResNet(num_classes=5, width=0.125).eval()
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
        self.classifier = FCNHead(self.backbone.channels.high, num_classes)
