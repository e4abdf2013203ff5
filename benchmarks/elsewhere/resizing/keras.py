"""Keras."""

import keras
import numpy as np
from keras import ops

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way("ops.image.resize(x, size)", "align_corners=False", law="half_pixel")
def default(x, output_size):
    return ops.image.resize(x, (output_size, output_size), data_format="channels_last")


@way("layers.Resizing(height, width)", "align_corners=False")
def layer(x, output_size):
    return keras.layers.Resizing(output_size, output_size, data_format="channels_last")(x)


@way('ops.image.resize(x, size, "nearest")', "nearest")
def nearest(x, output_size):
    return ops.image.resize(x, (output_size, output_size), "nearest", data_format="channels_last")


@way('ops.image.resize(x, size, "nearest")', "nearest-exact")
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (N, H, W, C)."""
    return ops.image.resize(x, (output_size, output_size), data_format="channels_last")


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (N, H, W, C): no flag has it; take rows, then columns, between their neighbors."""
    for axis in (1, 2):
        at = np.linspace(0, x.shape[axis] - 1, output_size, dtype=np.float32)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        part = (at - low).reshape((-1, 1, 1) if axis == 1 else (-1, 1))
        x = ops.take(x, low, axis) * (1 - part) + ops.take(x, high, axis) * part
    return x


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """x (N, H, W, C)."""
    return ops.image.resize(x, (output_size, output_size), antialias=True, data_format="channels_last")


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32)
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[1:3])
    return ops.take(ops.take(x, rows, axis=1), columns, axis=2)


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[1:3])
    return ops.take(ops.take(x, rows, axis=1), columns, axis=2)
