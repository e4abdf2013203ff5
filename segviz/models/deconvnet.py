"""DeconvNet.

Paper: Noh, Hong and Han, "Learning deconvolution network for semantic segmentation", 2015. VGG16 down to a single
vector, and its mirror image back up: unpooling puts values back where the pools found their maxima (a map that
follows this very object), deconvolutions thicken them (a map that follows the class).

============  ==============================  ==================  ===========
part          layers                          channels            at 224²
============  ==============================  ==================  ===========
backbone 0–4  VGG16 with BN, pools            64 … 512            7 × 7
fc6           7×7                             4096                1 × 1
fc7           1×1                             4096                1 × 1
fc6_deconv    7×7 transposed                  512                 7 × 7
decoder 0     unpool, 3 × 3×3 transposed      512                 14 × 14
        1     unpool, 3 × 3×3 transposed      512, last 256       28 × 28
        2     unpool, 3 × 3×3 transposed      256, last 128       56 × 56
        3     unpool, 2 × 3×3 transposed      128, last 64        112 × 112
        4     unpool, 2 × 3×3 transposed      64                  224 × 224
score         1×1                             classes             224 × 224
============  ==============================  ==================  ===========

Every convolution has a bias, BN and ReLU; there is no dropout. A larger image gives a larger map at fc6.

Departures: the pools round up and hand their sizes to the unpooling, for sizes that 32 does not divide.
`fc_kernel` smaller than the paper's 7 is for images smaller than its 224.
"""

from __future__ import annotations

from torch import Tensor, nn

from segviz.backbones.vgg import DEPTHS, SwitchedVGG16
from segviz.layers import BatchNorm2d, UnpoolStage, UnpoolStages, chain, conv_bn_relu, scaled, start_for_relu_
from segviz.models.base import SegmentationModel, whole


def deconv_bn_relu(in_channels: int, out_channels: int, kernel_size: int = 3, *, padding: int = 1) -> nn.Sequential:
    """Transposed convolution of stride 1, batch normalization and ReLU."""
    return nn.Sequential(
        nn.ConvTranspose2d(in_channels, out_channels, kernel_size, padding=padding),
        BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class DeconvNet(SegmentationModel):
    """Images (N, in_channels, H, W) of at least 32 · `fc_kernel` pixels a side to logits of the same size.

    `pretrained_backbone` downloads ImageNet weights.
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        fc_kernel: int = 7,
        pretrained_backbone: bool = False,
    ) -> None:
        min_size = 32 * whole("fc_kernel", fc_kernel)
        super().__init__(num_classes, in_channels=in_channels, min_size=min_size)
        self.backbone = SwitchedVGG16(in_channels=in_channels, width=width, pretrained=pretrained_backbone)
        channels, depths = self.backbone.channels[::-1], DEPTHS[::-1]
        hidden = scaled(4096, width)

        self.fc6 = conv_bn_relu(channels[0], hidden, fc_kernel, padding=0, bias=True)
        self.fc7 = conv_bn_relu(hidden, hidden, 1, bias=True)
        self.fc6_deconv = deconv_bn_relu(hidden, channels[0], fc_kernel, padding=0)
        self.decoder = UnpoolStages(
            UnpoolStage(chain(deconv_bn_relu, [before] * depth + [after]))
            for before, after, depth in zip(channels, (*channels[1:], channels[-1]), depths, strict=True)
        )
        self.score = nn.Conv2d(channels[-1], num_classes, 1)
        for part in (self.fc6, self.fc7, self.fc6_deconv, self.decoder, self.score):
            start_for_relu_(part)

    def logits(self, x: Tensor) -> Tensor:
        x, switches = self.backbone(x)
        x = self.fc6_deconv(self.fc7(self.fc6(x)))
        return self.score(self.decoder(x, switches))
