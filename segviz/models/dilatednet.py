"""DilatedNet: a dilated front end and a context module.

Paper: Yu and Koltun, "Multi-scale context aggregation by dilated convolutions", 2016. VGG16 without its last
two pools keeps a map of one eighth of the image; a module of 3×3 convolutions, whose rates double from layer
to layer, then gathers context over 67 × 67 positions of that map without losing any of them.

===========  ============================  ===================  ========  ===============
module       layers                        channels             at 320²   receptive field
===========  ============================  ===================  ========  ===============
conv1, 2, 3  2, 2, 3 3×3; max-pool 2×2 /2  64, 128, 256         40 × 40   44
conv4        three 3×3                     512                  40 × 40   92
conv5        three 3×3, rate 2             512                  40 × 40   188
fc6          7×7, rate 4, ReLU, dropout    4096                 40 × 40   380
fc7, score   1×1, ReLU, dropout; 1×1       4096, classes        40 × 40   380
context      3×3, rate 1                   classes × 1 or 2     40 × 40   + 16
             3×3, rate 1                   classes × 1 or 2     40 × 40   + 32
             3×3, rate 2                   classes × 1 or 4     40 × 40   + 64
             3×3, rate 4                   classes × 1 or 8     40 × 40   + 128
             3×3, rate 8                   classes × 1 or 16    40 × 40   + 256
             3×3, rate 16                  classes × 1 or 32    40 × 40   + 512
             3×3, rate 1                   classes × 1 or 32    40 × 40   + 528
             1×1                           classes              40 × 40   + 528
upsample     fixed bilinear deconvolution  classes              320²
===========  ============================  ===================  ========  ===============

The context module starts as the identity (on what ReLU leaves of its input), so it can be put behind a
trained front end and learn from there. Behind an untrained one it starves: a score below zero passes neither
forward nor its gradient back. Train `context=None` first and load its state with `strict=False`.

Departures: the paper's network has no padding and is fed the image with a mirrored margin of 186 pixels; that
form is `padding="valid"`. The default pads every layer with zeros, which costs a small image far less; pools
then round up, and the surplus is cropped. In the context module, `valid` pads once, by 33 positions, at its
first convolution.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import relu

from segviz.backbones import imagenet_weights
from segviz.backbones.vgg import VGG16
from segviz.layers import bilinear_kernel, crop, mirrored, scaled, start_for_relu_
from segviz.models.base import SegmentationModel, one_of

STRIDE = 8
MARGIN = 186
RATES = (1, 1, 1, 1, 2)

CONTEXT_RATES = (1, 1, 2, 4, 8, 16, 1)
CONTEXT_WIDTHS = {"basic": (1, 1, 1, 1, 1, 1, 1), "large": (2, 2, 4, 8, 16, 32, 32)}


class Context(nn.Sequential):
    """Seven 3×3 convolutions of growing rate, each with ReLU, and a 1×1; scores to scores of the same size."""

    def __init__(self, num_classes: int, form: str, *, width: float = 1.0, pad_once: bool = False) -> None:
        multiples = [scaled(multiple, width, at_least=1) for multiple in CONTEXT_WIDTHS[form]]
        channels = [num_classes * multiple for multiple in (1, *multiples, 1)]
        paddings = (sum(CONTEXT_RATES), *[0] * 6) if pad_once else CONTEXT_RATES
        layers: list[nn.Module] = []
        for (before, after), rate, padding in zip(pairwise(channels[:-1]), CONTEXT_RATES, paddings, strict=True):
            layers += [nn.Conv2d(before, after, 3, padding=padding, dilation=rate), nn.ReLU()]
        super().__init__(*layers, nn.Conv2d(channels[-2], channels[-1], 1))
        # Copies of one class differ by this noise alone; the basic form has no copies, and needs none.
        start_as_identity_(self, num_classes, noise=1e-3 if form == "large" else 0.0)


@torch.no_grad()
def start_as_identity_(chain: nn.Sequential, num_classes: int, *, noise: float) -> None:
    """Sets every convolution of `chain` to hand each class on to its own channels, for which it has c and then c′.

    A channel takes C/c′ of every channel of its class, so the factors c/C · C/c′ cancel along the chain
    (equation 5 of the paper). Everything else is 0, or normal noise of `noise` times that weight.
    """
    for layer in chain:
        if isinstance(layer, nn.Conv2d):
            kernel, bias = layer.parameters()
            outputs, inputs, height, width = kernel.shape
            weight = num_classes / outputs
            class_of_output = torch.arange(outputs) * num_classes // outputs
            class_of_input = torch.arange(inputs) * num_classes // inputs
            same_class = class_of_output[:, None] == class_of_input[None, :]
            kernel.normal_(std=noise * weight)
            kernel[:, :, height // 2, width // 2] += weight * same_class
            bias.zero_()


class BilinearDeconvolution(nn.Module):
    """A transposed convolution that enlarges every channel by itself, exactly `factor` times, and learns nothing."""

    kernel: Tensor

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.register_buffer("kernel", bilinear_kernel(2 * factor)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, -1, -1, -1)
        return F.conv_transpose2d(x, kernel, stride=self.factor, padding=self.factor // 2, groups=channels)


class DilatedNet(SegmentationModel):
    """Images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    `context` is "basic", "large" or None, the front end alone; `padding` "same" or "valid", the paper's;
    `pretrained_backbone` downloads VGG16's ImageNet weights and fills the front end with them, fc6 and fc7
    included.

    >>> model = DilatedNet(num_classes=5, width=0.125).eval()
    >>> model(torch.rand(1, 3, 33, 47)).shape
    torch.Size([1, 5, 33, 47])
    """

    def __init__(
        self,
        num_classes: int = 21,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        context: str | None = "basic",
        padding: str = "same",
        pretrained_backbone: bool = False,
    ) -> None:
        one_of("context", context, [*CONTEXT_WIDTHS, None])
        super().__init__(num_classes, in_channels=in_channels, min_size=1)
        self.valid = one_of("padding", padding, ("same", "valid")) == "valid"
        pools = [nn.MaxPool2d(2, ceil_mode=True) for _ in range(3)] + [nn.Identity(), nn.Identity()]
        self.backbone = VGG16(
            in_channels=in_channels,
            width=width,
            pools=pools,
            rates=RATES,
            padded=not self.valid,
            pretrained=pretrained_backbone,
        )
        fc = scaled(4096, width)
        self.fc6 = nn.Conv2d(self.backbone.channels[-1], fc, 7, padding=0 if self.valid else 12, dilation=4)
        self.fc7 = nn.Conv2d(fc, fc, 1)
        self.score = nn.Conv2d(fc, num_classes, 1)
        self.dropout = nn.Dropout(0.5)
        for layer in (self.fc6, self.fc7):
            start_for_relu_(layer)
        nn.init.normal_(self.score.weight, std=0.01)

        self.context = Context(num_classes, context, width=width, pad_once=self.valid) if context else nn.Identity()
        self.upsample = BilinearDeconvolution(STRIDE)
        if pretrained_backbone:
            move_classifier_in(self, imagenet_weights("vgg16", in_channels=in_channels, width=width))

    def front_end(self, x: Tensor) -> Tensor:
        x = self.backbone(x)["pool5"]
        x = self.dropout(relu(self.fc6(x)))
        x = self.dropout(relu(self.fc7(x)))
        return self.score(x)

    def logits(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if self.valid:
            surplus = (-height % STRIDE, -width % STRIDE)
            x = mirrored(x, before=(MARGIN, MARGIN), after=(MARGIN + surplus[0], MARGIN + surplus[1]))
        x = self.upsample(self.context(self.front_end(x)))
        return crop(x, (height, width))


def move_classifier_in(network: DilatedNet, published: dict[str, Tensor]) -> None:
    """Gives fc6 and fc7 the weights of VGG16's first two linear layers, which see a 7×7 map and a vector."""
    for layer, name in ((network.fc6, "classifier.0"), (network.fc7, "classifier.3")):
        weight, bias = published[f"{name}.weight"], published[f"{name}.bias"]
        layer.load_state_dict({"weight": weight.reshape(layer.weight.shape), "bias": bias})
