"""Keras."""

import keras
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


@recipe("align_corners=False")
def resize(x, output_size):
    """x (N, H, W, C)."""
    return ops.image.resize(x, (output_size, output_size), data_format="channels_last")


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C): `nearest` reads at half-pixel centers; the floored left edges are plain indices."""
    rows, columns = (ops.arange(output_size) * n // output_size for n in x.shape[1:3])
    return ops.take(ops.take(x, rows, axis=1), columns, axis=2)
