"""Pillow."""

import numpy as np
from PIL import Image

from benchmarks.elsewhere import in_numpy
from benchmarks.elsewhere.program import recipe, way

AFFINE, BILINEAR = Image.Transform.AFFINE, Image.Resampling.BILINEAR


def resized(x, output_size, resample):
    return np.asarray(Image.fromarray(x[0, 0]).resize((output_size, output_size), resample))[None, None]


@way("Image.resize(…, BILINEAR)", "align_corners=False")
def bilinear(x, output_size):
    return resized(x, output_size, Image.Resampling.BILINEAR)


@way("Image.resize(…, NEAREST)", "nearest")
def nearest(x, output_size):
    return resized(x, output_size, Image.Resampling.NEAREST)


@way("Image.resize(…, NEAREST)", "nearest-exact")
def nearest_for_exact(x, output_size):
    return resized(x, output_size, Image.Resampling.NEAREST)


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """x (1, 1, H, W) of float32; Pillow's bilinear is PyTorch's with `antialias=True`."""
    image = Image.fromarray(x[0, 0])
    return np.asarray(image.resize((output_size, output_size), Image.Resampling.BILINEAR))[None, None]


@recipe("align_corners=False")
def resize(x, output_size):
    """x (1, 1, H, W): `resize` smooths where it shrinks, and `transform` does not."""
    height, width = (n / output_size for n in x.shape[2:])
    matrix, size = (width, 0, 0, 0, height, 0), (output_size, output_size)
    return np.asarray(Image.fromarray(x[0, 0]).transform(size, AFFINE, matrix, BILINEAR))[None, None]


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (1, 1, H, W): Pillow counts from the corner of the first pixel, half a pixel before its center."""
    height, width = ((n - 1) / (output_size - 1) if output_size > 1 else 0 for n in x.shape[2:])
    matrix = (width, 0, 0.5 - 0.5 * width, 0, height, 0.5 - 0.5 * height)
    return np.asarray(Image.fromarray(x[0, 0]).transform((output_size,) * 2, AFFINE, matrix, BILINEAR))[None, None]


recipe("nearest")(in_numpy.resize_mask)
recipe("nearest-exact")(in_numpy.resize_mask_exactly)
