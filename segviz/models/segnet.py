"""SegNet and SegNet-Basic.

Paper: Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
segmentation", 2017. The decoder is the encoder in reverse: each unpooling puts its values back where the encoder's
pool found its maxima, and convolutions fill what lies between. Only these switches are kept, not the maps.

==========  ==========================  ==============  ==============
part        layers                      channels        at 360 × 480
==========  ==========================  ==============  ==============
backbone 0  2 × (3×3, BN, ReLU), pool   64              180 × 240
        1   2 × (3×3, BN, ReLU), pool   128             90 × 120
        2   3 × (3×3, BN, ReLU), pool   256             45 × 60
        3   3 × (3×3, BN, ReLU), pool   512             23 × 30
        4   3 × (3×3, BN, ReLU), pool   512             12 × 15
decoder 0   unpool, 3 × (3×3, BN, ReLU) 512             23 × 30
        1   unpool, 3 × (3×3, BN, ReLU) 512, last 256   45 × 60
        2   unpool, 3 × (3×3, BN, ReLU) 256, last 128   90 × 120
        3   unpool, 2 × (3×3, BN, ReLU) 128, last 64    180 × 240
        4   unpool, 3×3, BN, ReLU, 3×3  64, classes     360 × 480
==========  ==========================  ==============  ==============

The last 3×3 gives the scores as they are; BN and ReLU on it, as in some ports, make every logit at least 0.
SegNet-Basic normalizes the image by local response, and has four 7×7 convolutions of 64 channels each way (its deepest
unit sees 106 × 106 pixels) and no ReLU in its decoder.

Departures: BN's epsilon is PyTorch's 1e-5, since Caffe's 1e-9 is lost in half precision.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from segviz.backbones.vgg import DEPTHS, SwitchedVGG16
from segviz.layers import PoolStage, PoolStages, UnpoolStage, UnpoolStages, chain, conv_bn_relu, scaled, start_for_relu_
from segviz.models.base import SegmentationModel


class SegNet(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    VGG16's thirteen convolutions, and their mirror image. `pretrained_backbone` downloads ImageNet weights.
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        pretrained_backbone: bool = False,
    ) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=32)
        self.backbone = SwitchedVGG16(in_channels=in_channels, width=width, pretrained=pretrained_backbone)

        layer = partial(conv_bn_relu, bias=True)
        channels, depths = self.backbone.channels[::-1], DEPTHS[::-1]
        self.decoder = UnpoolStages(
            UnpoolStage(chain(layer, [before] * depth + [after]))
            for before, after, depth in zip(channels[:-1], channels[1:], depths[:-1], strict=True)
        )
        last = channels[-1]
        self.decoder.append(UnpoolStage(layer(last, last), nn.Conv2d(last, num_classes, 3, padding=1)))
        start_for_relu_(self.decoder)

    def logits(self, x: Tensor) -> Tensor:
        x, switches = self.backbone(x)
        return self.decoder(x, switches)


class LocalResponseNorm(nn.LocalResponseNorm):
    """PyTorch's, in single precision at least: it is a sum of squares, and on a CPU has no half-precision form."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


class SegNetBasic(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    Four 7×7 convolutions down, four up, and a 1×1 to the classes.
    """

    def __init__(self, num_classes: int = 21, *, in_channels: int = 3, width: float = 1.0) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=16)
        channels = scaled(64, width)

        def down(before: int) -> nn.Module:
            return conv_bn_relu(before, channels, 7, bias=True)

        def up() -> nn.Module:
            return conv_bn_relu(channels, channels, 7, bias=True)[:2]  # no ReLU

        normalization = LocalResponseNorm(5, alpha=1e-4, beta=0.75)
        self.encoder = PoolStages([PoolStage(normalization, down(in_channels))])
        self.encoder.extend(PoolStage(down(channels)) for _ in range(3))
        self.decoder = UnpoolStages(UnpoolStage(up()) for _ in range(4))
        self.score = nn.Conv2d(channels, num_classes, 1)
        start_for_relu_(self)

    def logits(self, x: Tensor) -> Tensor:
        x, switches = self.encoder(x)
        return self.score(self.decoder(x, switches))
