"""EfficientNet-B0: torchvision's network without its classifier.

Paper: Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks", 2019 (table 1).
Inverted residuals with squeeze-and-excitation; the paper is known for letting depth, width and input size grow
together.

===========  ==================  ========  =========  ======
features     layers              channels  at 224²    stride
===========  ==================  ========  =========  ======
0            3×3                 32        112 × 112  2
1, 2         MBConv 3×3          24        56 × 56    4
3            MBConv 5×5          40        28 × 28    8
4, 5         MBConv 3×3, 5×5     112       14 × 14    16
6, 7         MBConv 5×5, 3×3     320       7 × 7      32
8            1×1                 1280      7 × 7      32
===========  ==================  ========  =========  ======
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

from segviz.backbones import imagenet_weights
from segviz.backbones.features import Features

#         expansion, kernel, stride, channels in, out, blocks
STAGES = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)  # fmt: skip


class EfficientNetB0(nn.Module):
    """Images (N, in_channels, H, W) to `Features` of 24, 112 and 1280 channels at strides 4, 16 and 32."""

    def __init__(self, *, in_channels: int = 3, width: float = 1.0, pretrained: bool = False) -> None:
        super().__init__()
        stages = [MBConvConfig(*row, width_mult=width) for row in STAGES]
        self.features = EfficientNet(stages, dropout=0.2).features
        stem = self.features[0][0]
        if in_channels != stem.in_channels:
            self.features[0][0] = nn.Conv2d(in_channels, stem.out_channels, 3, 2, padding=1, bias=False)
        self.channels = Features(stages[1].out_channels, stages[4].out_channels, 4 * stages[6].out_channels)
        if pretrained:
            published = imagenet_weights("efficientnet_b0", in_channels=in_channels, width=width)
            self.load_state_dict({key: published[key] for key in self.state_dict()})

    def forward(self, x: Tensor) -> Features[Tensor]:
        low = self.features[:3](x)
        middle = self.features[3:6](low)
        high = self.features[6:](middle)
        return Features(low, middle, high)
