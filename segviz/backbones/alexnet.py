"""AlexNet without its classifier.

Paper: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks",
2012, in the single-column form of Krizhevsky, "One weird trick for parallelizing convolutional neural
networks", 2014, which is torchvision's. Five convolutions, the largest kernels first, and three overlapping
3×3 pools.

=======  ====================  ========  =========  ===============
stage    layers                channels  at 224²    receptive field
=======  ====================  ========  =========  ===============
conv1    11×11 stride 4, pool  64        27 × 27    19
conv2    5×5, pool             192       13 × 13    67
conv3    3×3                   384       13 × 13    99
conv4    3×3                   256       13 × 13    131
conv5    3×3, pool             256       6 × 6      195
=======  ====================  ========  =========  ===============
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from segviz.backbones import imagenet_weights
from segviz.backbones.plain import PlainTrunk
from segviz.layers import scaled, start_for_relu_


class AlexNet(PlainTrunk):
    """Images (N, in_channels, H, W) to a dict of the maps after "pool1", "pool2" and "pool5".

    `ceil_mode` lets the pools keep the last rows and columns that fill no whole window; `pretrained` takes
    torchvision's ImageNet weights.

    >>> import torch
    >>> AlexNet(width=0.25)(torch.rand(1, 3, 224, 224))["pool5"].shape
    torch.Size([1, 64, 6, 6])
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        width: float = 1.0,
        ceil_mode: bool = False,
        pretrained: bool = False,
    ) -> None:
        conv1, conv2, conv3, conv4, conv5 = (scaled(channels, width) for channels in (64, 192, 384, 256, 256))
        layers = OrderedDict(
            conv1=nn.Conv2d(in_channels, conv1, 11, stride=4, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode),
            conv2=nn.Conv2d(conv1, conv2, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode),
            conv3=nn.Conv2d(conv2, conv3, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(conv3, conv4, 3, padding=1),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(conv4, conv5, 3, padding=1),
            relu5=nn.ReLU(),
            pool5=nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode),
        )
        super().__init__(layers)
        self.channels = (conv1, conv2, conv5)
        start_for_relu_(self)
        if pretrained:
            self.load_torchvision(imagenet_weights("alexnet", in_channels=in_channels, width=width))
