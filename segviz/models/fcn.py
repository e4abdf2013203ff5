"""FCN-32s, FCN-16s and FCN-8s.

Paper: Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", 2015. A classifier's
fully connected layers are convolutions as large as the map they were made for; slid over a larger image they
give a coarse map of scores. Transposed convolutions, started as bilinear, bring the scores back to pixels, and
scores of finer, shallower maps are added on the way.

==========  ==============================  ==========  ========================  =====================
layer       what                            channels    at 224², padding="same"   at 224², "paper"
==========  ==============================  ==========  ========================  =====================
backbone    VGG16: pool3                    256         28 × 28                   53 × 53
            pool4                           512         14 × 14                   27 × 27
            pool5                           512         7 × 7                     14 × 14
fc6         7×7, ReLU, dropout              4096        7 × 7                     8 × 8
fc7         1×1, ReLU, dropout              4096        7 × 7                     8 × 8
score_fr    1×1, starts at zero             classes     7 × 7                     8 × 8
upscore     32s: 64×64 stride 32            classes     256 × 256                 288 × 288
upscore2    16s, 8s: 4×4 stride 2           classes     16 × 16                   18 × 18
upscore     16s: 32×32 stride 16            classes     240 × 240                 304 × 304
upscore4    8s: 4×4 stride 2                classes     30 × 30                   38 × 38
upscore     8s: 16×16 stride 8              classes     232 × 232                 312 × 312
==========  ==============================  ==========  ========================  =====================

Nothing is resized: every map is cropped where its first cell's center says. `padding="paper"` is the original, which
pads conv1_1 by 100 (here 99 zeros around the image and VGG16's usual 1) so that the unpadded fc6 fits on any image.
`padding="same"` pads fc6 instead, and costs 55 GFLOP at 256² where the paper's form costs 147.

Departures: the transposed convolutions learn (the published weights keep them at bilinear), as section 3.3 has it;
the pools round up in both forms, so that odd sizes lose no pixel.
"""

from __future__ import annotations

from torch import Tensor, nn

from segviz.backbones.convolutional import CLASSIFIERS, ConvolutionalClassifier
from segviz.layers import crop, scaled, start_as_bilinear_
from segviz.models.base import SegmentationModel, one_of

# Where maps meet: the cell of each skip that lies on the score's first (negative: the score begins before the skip),
# and at last the pixel of the upscore that lies on the image's first. So FCN-32s: fc6's first cell has its center at
# pixel 15.5 of the image ("same") or 12.5 ("paper"), and at 31.5 of the upscore. The difference is cut off.
FIRST: dict[str, dict[str, dict[int, tuple[int, ...]]]] = {
    "vgg16": {
        "same": {32: (16,), 16: (-1, 8), 8: (-1, -1, 4)},
        "paper": {32: (19,), 16: (5, 27), 8: (5, 9, 31)},
    },
    "alexnet": {"same": {32: (16,)}, "paper": {32: (18,)}},
    "resnet50": {"same": {32: (31,)}},
    "efficientnet_b0": {"same": {32: (31,)}},
}


def scoring(channels: int, num_classes: int) -> nn.Conv2d:
    """A 1×1 convolution to the classes that starts at zero."""
    layer = nn.Conv2d(channels, num_classes, 1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


def upsampling(channels: int, factor: int) -> nn.ConvTranspose2d:
    """A learnable transposed convolution, dense and without bias, that starts as bilinear upsampling."""
    return start_as_bilinear_(nn.ConvTranspose2d(channels, channels, 2 * factor, stride=factor, bias=False))


def fused(score: Tensor, skip: Tensor, *, first: int) -> Tensor:
    """The sum of two score maps of one stride, where cell `first` of `skip` lies on cell 0 of `score`."""
    score = score[..., max(-first, 0) :, max(-first, 0) :]
    skip = crop(skip, score.shape[-2:], offset=max(first, 0))
    return crop(score, skip.shape[-2:]) + skip


class FCN(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    FCN-32s, or with `stride` 16 or 8 the forms that add the scores of pool4, and of pool3. `padding` is "same", or
    "paper" for its 100 pixels around the image, which are cut off the scores again. `backbone` of FCN-32s is "vgg16",
    "alexnet", "resnet50" or "efficientnet_b0"; the last two have no fc6, and no paper's padding. `at_once` scales
    pool4 by 0.01 and pool3 by 0.0001 before they are scored, for training all streams at once on VGG16's published
    weights, whose deep maps are that much larger. `pretrained_backbone` downloads ImageNet weights, fc6 and fc7
    included.
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        stride: int = 32,
        backbone: str = "vgg16",
        padding: str = "same",
        dropout: float = 0.5,
        at_once: bool = False,
        pretrained_backbone: bool = False,
    ) -> None:
        paddings = FIRST[one_of("backbone", backbone, FIRST)]
        strides = paddings[one_of(f"padding (with backbone {backbone!r})", padding, paddings)]
        first = strides[one_of(f"stride (with backbone {backbone!r})", stride, strides)]
        if stride == 32:
            one_of("at_once (FCN-32s has one stream only)", at_once, (False,))
        super().__init__(num_classes, in_channels=in_channels, min_size=CLASSIFIERS[backbone].min_size)
        self.stride, self.first = stride, first
        self.scale_pool4, self.scale_pool3 = (0.01, 0.0001) if at_once else (1.0, 1.0)
        self.backbone = ConvolutionalClassifier(
            backbone,
            in_channels=in_channels,
            width=width,
            padding=padding,
            dropout=dropout,
            pretrained=pretrained_backbone,
        )
        self.score_fr = scoring(self.backbone.channels, num_classes)
        if stride <= 16:
            self.upscore2 = upsampling(num_classes, 2)
            self.score_pool4 = scoring(scaled(512, width), num_classes)
        if stride == 8:
            self.upscore4 = upsampling(num_classes, 2)
            self.score_pool3 = scoring(scaled(256, width), num_classes)
        self.upscore = upsampling(num_classes, stride)

    def logits(self, x: Tensor) -> Tensor:
        maps = self.backbone(x)
        score = self.score_fr(maps["top"])
        if self.stride <= 16:
            skip = self.score_pool4(self.scale_pool4 * maps["pool4"])
            score = fused(self.upscore2(score), skip, first=self.first[0])
        if self.stride == 8:
            skip = self.score_pool3(self.scale_pool3 * maps["pool3"])
            score = fused(self.upscore4(score), skip, first=self.first[1])
        return crop(self.upscore(score), x.shape[-2:], offset=self.first[-1])
