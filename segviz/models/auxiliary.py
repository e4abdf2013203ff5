"""A dilated ResNet with two heads: one at its end for the answer, and torchvision's auxiliary one a stage earlier.

The auxiliary head, a small FCN on layer3, only shortens the way of the gradient: training adds its loss
(torchvision weighs it by ½), evaluation never computes it. Idea: Zhao et al., "Pyramid scene parsing
network", 2017 (section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from segviz.backbones.resnet import BLOCKS, ResNet
from segviz.layers import conv_bn_relu, resize
from segviz.models.base import SegmentationModel, one_of


class FCNHead(nn.Sequential):
    """A 3×3 to a quarter of the channels, BN, ReLU, dropout, and a 1×1 to the classes."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        hidden = in_channels // 4
        super().__init__(*conv_bn_relu(in_channels, hidden), nn.Dropout(0.1), nn.Conv2d(hidden, num_classes, 1))


class TwoHeadedModel(SegmentationModel):
    """A ResNet as `backbone`, a `classifier` of its last map and, where asked for, an `aux_classifier`.

    A paper's class calls `super().__init__(…)` and sets `self.classifier`.
    """

    classifier: nn.Module

    def __init__(
        self,
        num_classes: int,
        *,
        in_channels: int,
        width: float,
        backbone: str,
        output_stride: int,
        multi_grid: Sequence[int] | None,
        align_corners: bool,
        aux: bool,
        pretrained_backbone: bool,
    ) -> None:
        one_of("output_stride", output_stride, (8, 16))
        super().__init__(num_classes, in_channels=in_channels, min_size=output_stride + 1, align_corners=align_corners)
        self.backbone = ResNet(
            one_of("backbone", backbone, BLOCKS),
            in_channels=in_channels,
            width=width,
            output_stride=output_stride,
            multi_grid=multi_grid,
            pretrained=pretrained_backbone,
        )
        self.aux_classifier = FCNHead(self.backbone.channels.middle, num_classes) if aux else None

    def logits(self, x: Tensor) -> Tensor:
        return self.classifier(self.backbone(x, early_maps=False).high)

    def forward(  # type: ignore[override]
        self, x: Tensor, *, return_aux: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """The logits (N, num_classes, H, W); with `return_aux`, also the auxiliary head's, of the same shape."""
        if not return_aux:
            return super().forward(x)
        if self.aux_classifier is None:
            raise ValueError(
                f"return_aux: this {type(self).__name__} has no auxiliary head; make it with create_model(…, aux=True)"
            )
        self.check_images(x)
        _, middle, high = self.backbone(x)
        scores, size = (self.classifier(high), self.aux_classifier(middle)), x.shape[-2:]
        logits, auxiliary = (resize(score, size, align_corners=self.align_corners) for score in scores)
        return logits, auxiliary
