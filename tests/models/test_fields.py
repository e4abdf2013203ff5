"""What one unit of each network sees, measured on the network, beside published numbers.

FCN's 404 and SegNet-Basic's 106 are in their papers; 212 and 195 in Araujo, Norris and Sim, 2019; 427 is torchvision's
ResNet-50, whose stride is on the 3×3. U-Net's 140 follows from its layers.
"""

import pytest
import torch
from torch import nn

from segviz import create_model, receptive_field

# name, options, layer, receptive field, stride
DEEPEST = [
    ("fcn32s", {}, "backbone.trunk.pool5", 212, 32),
    ("fcn32s", {}, "backbone.fc.fc6", 404, 32),
    ("fcn8s", {"padding": "paper"}, "backbone.fc.fc7", 404, 32),
    ("fcn32s", {"backbone": "alexnet"}, "backbone.trunk.pool5", 195, 32),
    ("fcn32s", {"backbone": "alexnet"}, "backbone.fc.fc7", 355, 32),
    ("fcn32s", {"backbone": "resnet50"}, "score_fr", 427, 32),
    ("deconvnet", {}, "fc6", 404, 32),
    ("segnet", {}, "backbone.4.pool", 212, 32),
    ("segnet_basic", {}, "encoder.3.pool", 106, 16),
    ("unet", {}, "bottom", 140, 16),
    ("unet", {"padding": "valid"}, "bottom", 140, 16),
]


@pytest.mark.parametrize(("name", "options", "layer", "size", "stride"), DEEPEST)
def test_the_deepest_maps_see_what_is_published(name, options, layer, size, stride):
    field = receptive_field(create_model(name, 2, width=0.02, **options), layer=layer)
    assert (field.size, field.stride) == ((size, size), (stride, stride))


@pytest.mark.parametrize("name", ["fcn32s", "fcn16s", "fcn8s"])
@pytest.mark.parametrize("padding", ["same", "paper"])
def test_logits_are_as_fine_as_the_image_in_both_paddings(name, padding):
    field = receptive_field(create_model(name, 2, width=0.02, padding=padding))
    # Two of fc6's cells meet in a pixel, or three where it is reached in several steps: 404 + 32, 404 + 64.
    assert (field.size[0], field.stride[0]) == ({"fcn32s": 436, "fcn16s": 468, "fcn8s": 468}[name], 1)


@pytest.mark.parametrize("name", ["fcn8s", "deconvnet", "segnet", "segnet_basic", "unet", "fcdensenet103"])
def test_no_convolution_is_dilated(name):
    with torch.device("meta"):
        layers = create_model(name).modules()
    rates = {m.dilation for m in layers if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))}
    assert rates == {(1, 1)}
