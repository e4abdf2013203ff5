"""Pillow."""

import numpy as np
from PIL import Image

from benchmarks.elsewhere.program import recipe, way


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


@recipe("nearest")
def resize_mask(x, output_size):
    """x (1, 1, H, W): Pillow reads at half-pixel centers; the floored left edges are plain indices."""
    rows, columns = (np.arange(output_size) * n // output_size for n in x.shape[2:])
    return x[:, :, rows[:, None], columns]
