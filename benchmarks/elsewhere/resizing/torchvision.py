"""torchvision."""

import numpy as np
import torch
from torch.nn.functional import interpolate
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from benchmarks.elsewhere.program import recipe, way

native = torch.tensor


@way("v2.functional.resize(x, size)", "align_corners=False")
def default(x, output_size):
    return functional.resize(x, [output_size, output_size])


@way("v2.functional.resize(x, size, NEAREST) of a tensor", "nearest", law="nearest")
def nearest(x, output_size):
    return functional.resize(x, [output_size, output_size], InterpolationMode.NEAREST)


@way("v2.functional.resize(x, size, NEAREST) of a PIL image", "nearest")
def nearest_of_pil(x, output_size):
    image = functional.to_pil_image(x[0, 0].numpy(), mode="F")
    return np.asarray(functional.resize(image, [output_size, output_size], InterpolationMode.NEAREST))[None, None]


@way("v2.functional.resize(x, size, NEAREST) of a PIL image", "nearest-exact")
def nearest_of_pil_for_exact(x, output_size):
    return nearest_of_pil(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    return functional.resize(x, [output_size, output_size], antialias=False)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """`resize` has no such flag; PyTorch's own function has it."""
    return interpolate(x, size=(output_size, output_size), mode="bilinear", align_corners=True)


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    return functional.resize(x, [output_size, output_size])


@recipe("nearest")
def resize_mask(x, output_size):
    """Of a tensor; a PIL image is read by `nearest-exact` under the same name."""
    return functional.resize(x, [output_size, output_size], InterpolationMode.NEAREST)


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    return functional.resize(x, [output_size, output_size], InterpolationMode.NEAREST_EXACT)
