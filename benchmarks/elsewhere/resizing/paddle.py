"""Paddle."""

import numpy as np
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


@recipe("align_corners=False")
def resize(x, output_size):
    """To a single pixel Paddle reads the corner: take the middle, which three outputs have between them."""
    one = output_size == 1
    resized = F.interpolate(x, size=(3, 3) if one else (output_size, output_size), mode="bilinear")
    return resized[:, :, 1:2, 1:2] if one else resized


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear", align_corners=True)


@recipe("nearest")
def resize_mask(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="nearest")


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """Plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = (paddle.to_tensor((places * np.float32(n / output_size)).astype(int)) for n in x.shape[2:])
    return x.index_select(rows, 2).index_select(columns, 3)


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    return F.interpolate(x, size=(output_size, output_size), mode="bilinear", antialias=True)
