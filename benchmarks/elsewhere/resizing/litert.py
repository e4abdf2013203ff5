"""LiteRT, converted from TensorFlow: its two switches are those of TensorFlow's first age."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.converted import run
from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way("tf.image.resize(x, size), converted", "align_corners=False", law="half_pixel", sampled=True)
def default(x, output_size):
    return resize(x, output_size)


@way("tf.compat.v1.image.resize_bilinear(x, size), converted", "align_corners=False", law="asymmetric", sampled=True)
def of_old(x, output_size):
    return run(lambda x: tf.compat.v1.image.resize_bilinear(x, (output_size, output_size)), x)


@way('tf.image.resize(x, size, "nearest"), converted', "nearest")
def nearest(x, output_size):
    return run(lambda x: tf.image.resize(x, (output_size, output_size), "nearest"), x)


@way('tf.image.resize(x, size, "nearest"), converted', "nearest-exact")
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (N, H, W, C)."""
    return run(lambda x: tf.image.resize(x, (output_size, output_size)), x)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    """x (N, H, W, C)."""
    return run(lambda x: tf.compat.v1.image.resize_bilinear(x, (output_size, output_size), align_corners=True), x)


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """x (N, H, W, C): TensorFlow's is not converted; a triangle as wide as a step, as two matrices."""
    matrices = []
    for n in x.shape[1:3]:
        step = n / output_size
        apart = np.arange(n) + 0.5 - (np.arange(output_size)[:, None] + 0.5) * step
        weights = np.maximum(0, 1 - np.abs(apart) / max(step, 1))
        matrices.append((weights / weights.sum(1, keepdims=True)).astype(np.float32))
    return run(lambda x: tf.einsum("ph,nhwc,qw->npqc", matrices[0], x, matrices[1]), x)


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C)."""
    return run(lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, (output_size, output_size)), x)


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = ((places * np.float32(n / output_size)).astype(np.int32) for n in x.shape[1:3])
    return run(lambda x: tf.gather(tf.gather(x, rows, axis=1), columns, axis=2), x)
