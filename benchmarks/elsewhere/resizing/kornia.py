"""kornia."""

import torch
from kornia.augmentation import Resize
from kornia.geometry.transform import resize as resized
from torch.nn.functional import interpolate

from benchmarks.elsewhere.program import recipe, way

native = torch.tensor


@way("geometry.transform.resize(x, size)", "align_corners=False", law="half_pixel")
def default(x, output_size):
    return resized(x, (output_size, output_size))


@way("augmentation.Resize(size)(x)", "align_corners=False", law="corners")
def augmentation(x, output_size):
    return Resize((output_size, output_size))(x)


@way("geometry.transform.resize(x, size, antialias=True)", "antialias=True")
def smoothed(x, output_size):
    return resized(x, (output_size, output_size), antialias=True)


@way('geometry.transform.resize(x, size, "nearest")', "nearest")
def nearest(x, output_size):
    return resize_mask(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """Name the flag: `kornia.augmentation.Resize` has the other default."""
    return resized(x, (output_size, output_size), align_corners=False)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return resized(x, (output_size, output_size), align_corners=True)


@recipe("nearest")
def resize_mask(x, output_size):
    return resized(x, (output_size, output_size), "nearest")


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """kornia's `antialias` blurs by a Gaussian; its tensors are PyTorch's, whose own function has the filter."""
    return interpolate(x, size=(output_size, output_size), mode="bilinear", antialias=True)


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """`resize` has no such mode; PyTorch's own function has it."""
    return interpolate(x, size=(output_size, output_size), mode="nearest-exact")
