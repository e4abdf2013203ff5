"""LiteRT, converted from TensorFlow."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.converted import run
from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('tf.nn.max_pool2d(padding="SAME"), converted', "max, same", law="same_windows", sampled=True)
def max_same(x, kernel_size, stride):
    return run(lambda x: tf.nn.max_pool2d(x, kernel_size, stride, "SAME"), x)


@way('tf.nn.conv2d(padding="SAME"), converted', "undilated convolution, same", law="same_windows", sampled=True)
def conv_same(x, w, stride):
    kernel = np.transpose(w, (2, 3, 1, 0))
    return run(lambda x: tf.nn.conv2d(x, kernel, stride, "SAME"), x)


@recipe("max", within="not ceil_mode")
def max_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C): pad by minus infinity first, for a pool with pads of its own is not converted."""
    pads = [(0, 0), (padding, padding), (padding, padding), (0, 0)]

    def layer(x):
        return tf.nn.max_pool2d(tf.pad(x, pads, constant_values=-np.inf), kernel_size, stride, "VALID")

    return run(layer, x)


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C): pad by zeros first, which are counted then."""
    pads = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    return run(lambda x: tf.nn.avg_pool2d(tf.pad(x, pads), kernel_size, stride, "VALID"), x)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    """x (N, H, W, in); w PyTorch's (out, in, k, k): pad by hand, the same on both sides, then "VALID"."""
    kernel, padding = np.transpose(w, (2, 3, 1, 0)), dilation * (w.shape[2] - 1) // 2
    pads = [(0, 0), (padding, padding), (padding, padding), (0, 0)]
    return run(lambda x: tf.nn.conv2d(tf.pad(x, pads), kernel, stride, "VALID", dilations=dilation), x)
