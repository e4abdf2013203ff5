"""TensorFlow, of both ages."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way("tf.image.resize(x, size)", "align_corners=False", law="half_pixel")
def default(x, output_size):
    return tf.image.resize(x, (output_size, output_size))


@way("tf.compat.v1.image.resize_bilinear(x, size)", "align_corners=False", law="asymmetric")
def of_old(x, output_size):
    return tf.compat.v1.image.resize_bilinear(x, (output_size, output_size))


@way('tf.image.resize(x, size, "nearest")', "nearest")
def nearest(x, output_size):
    return tf.image.resize(x, (output_size, output_size), "nearest")


@way('tf.image.resize(x, size, "nearest")', "nearest-exact", law="nearest_exact")
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (N, H, W, C)."""
    return tf.image.resize(x, (output_size, output_size))


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (N, H, W, C)."""
    return tf.compat.v1.image.resize_bilinear(x, (output_size, output_size), align_corners=True)


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """x (N, H, W, C)."""
    return tf.image.resize(x, (output_size, output_size), antialias=True)


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C)."""
    return tf.compat.v1.image.resize_nearest_neighbor(x, (output_size, output_size))


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[1:3])
    return tf.gather(tf.gather(x, rows, axis=1), columns, axis=2)
