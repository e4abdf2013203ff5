"""DeepLab v1 with a large field of view.

Paper: Chen, Papandreou, Kokkinos, Murphy and Yuille, "Semantic image segmentation with deep convolutional
nets and fully connected CRFs", 2015. VGG16 keeps a map of one eighth of the image: its last two pools lose
their stride, the layers after them look through holes instead, and a fully connected CRF (`segviz.dense_crf`)
sharpens the edges.

============  ===============================  ========  ==========  =========  ===============
module        layers                           channels  at 321²     stride     receptive field
============  ===============================  ========  ==========  =========  ===============
conv1, pool1  two 3×3; max-pool 3×3 /2         64        161 × 161   2          7
conv2, pool2  two 3×3; max-pool 3×3 /2         128       81 × 81     4          19
conv3, pool3  three 3×3; max-pool 3×3 /2       256       41 × 41     8          51
conv4, pool4  three 3×3; max-pool 3×3          512       41 × 41     8          115
conv5, pool5  three 3×3, rate 2; max-pool 3×3  512       41 × 41     8          227
average       average pool 3×3                 512       41 × 41     8          243
fc6           3×3, rate 12, ReLU, dropout      1024      41 × 41     8          435
fc7           1×1, ReLU, dropout               1024      41 × 41     8          435
score         1×1                              classes   41 × 41     8          435
(resize)      bilinear, corners aligned        classes   321 × 321   1
============  ===============================  ========  ==========  =========  ===============

The paper's four forms differ in fc6 alone: `fc6_kernel` 7, 4, 4, 3 at `fc6_rate` 4, 4, 8, 12, with
`fc_channels` 4096 three times and then 1024. The fields of view that its table gives are counted in another way.

Departures: the paper's fc6 starts from a thinned copy of the classifier's; here fc6 and fc7 start fresh.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import relu

from segviz.backbones.vgg import VGG16
from segviz.layers import positive_ints, scaled, start_for_relu_
from segviz.models.base import SegmentationModel

POOL_STRIDES = (2, 2, 2, 1, 1)
RATES = (1, 1, 1, 1, 2)


class DeepLabV1(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `fc6_kernel`, `fc6_rate` and `fc_channels` choose among the paper's fields of view; `pretrained_backbone`
    downloads VGG16's ImageNet weights. Raises ValueError where fc6 could not keep the map's size.

    >>> import torch
    >>> model = DeepLabV1(num_classes=5, width=0.125).eval()
    >>> model.logits(torch.rand(1, 3, 97, 65)).shape
    torch.Size([1, 5, 13, 9])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        fc6_kernel: int = 3,
        fc6_rate: int = 12,
        fc_channels: int = 1024,
        align_corners: bool = True,
        pretrained_backbone: bool = False,
    ) -> None:
        super().__init__(num_classes, in_channels=in_channels, min_size=1, align_corners=align_corners)
        self.backbone = VGG16(
            in_channels=in_channels,
            width=width,
            pools=[nn.MaxPool2d(3, stride, padding=1, ceil_mode=True) for stride in POOL_STRIDES],
            rates=RATES,
            pretrained=pretrained_backbone,
        )
        fc = scaled(fc_channels, width)
        self.average = nn.AvgPool2d(3, stride=1, padding=1)
        self.fc6 = nn.Conv2d(
            self.backbone.channels[-1],
            fc,
            fc6_kernel,
            padding=size_keeping_padding(fc6_kernel, fc6_rate),
            dilation=fc6_rate,
        )
        self.fc7 = nn.Conv2d(fc, fc, 1)
        self.score = nn.Conv2d(fc, num_classes, 1)
        self.dropout = nn.Dropout(0.5)

        for layer in (self.fc6, self.fc7):
            start_for_relu_(layer)
        nn.init.normal_(self.score.weight, std=0.01)

    def logits(self, x: Tensor) -> Tensor:
        x = self.average(self.backbone(x)["pool5"])
        x = self.dropout(relu(self.fc6(x)))
        x = self.dropout(relu(self.fc7(x)))
        return self.score(x)


def size_keeping_padding(kernel_size: int, rate: int) -> int:
    """The zeros on either side with which a dilated convolution of stride 1 keeps the map's size.

    >>> size_keeping_padding(3, 12), size_keeping_padding(4, 8)
    (12, 12)
    """
    positive_ints("fc6_kernel, fc6_rate", (kernel_size, rate))
    reach = rate * (kernel_size - 1)
    if reach % 2:
        raise ValueError(
            f"fc6_kernel, fc6_rate: got ({kernel_size}, {rate}); one of fc6_kernel − 1 and fc6_rate is even, "
            "so that the same padding on either side keeps the size"
        )
    return reach // 2
