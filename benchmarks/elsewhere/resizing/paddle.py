"""Paddle."""

import paddle
from paddle.nn import functional as F

from benchmarks.elsewhere.program import recipe, way

native = paddle.to_tensor


@way('F.interpolate(x, size, mode="bilinear")', "align_corners=False", law="half_pixel_but_for_one")
def default(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear")


@way('F.interpolate(x, size, mode="bilinear", align_mode=1)', "align_corners=False")
def align_mode(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear", align_mode=1)


@way('F.interpolate(x, size, mode="nearest")', "nearest")
def nearest(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="nearest")


@recipe("align_corners=False", within="output_size > 1")
def resize(x, output_size):
    """To a single pixel Paddle reads the corner: take the mean of the middle instead."""
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear")


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear", align_corners=True)


@recipe("nearest")
def resize_mask(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="nearest")
