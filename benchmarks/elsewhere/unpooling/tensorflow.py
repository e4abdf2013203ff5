"""TensorFlow: there is no unpooling, and its argmax counts channels first."""

import tensorflow as tf

from benchmarks.elsewhere.program import recipe


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w). An index of max_pool_with_argmax is PyTorch's times C, plus the channel."""
    planes = x.shape[0] * x.shape[1]
    flat = tf.reshape(indices, (planes, -1)) + height * width * tf.range(planes, dtype=tf.int64)[:, None]
    out = tf.tensor_scatter_nd_update(
        tf.zeros(planes * height * width), tf.reshape(flat, (-1, 1)), tf.reshape(x, (-1,))
    )
    return tf.reshape(out, (*x.shape[:2], height, width))
