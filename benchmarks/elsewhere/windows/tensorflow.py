"""TensorFlow."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('tf.nn.max_pool2d(padding="SAME")', "max, same", law="same_windows")
def max_same(x, kernel_size, stride):
    return tf.nn.max_pool2d(x, kernel_size, stride, "SAME")


@way('tf.nn.conv2d(padding="SAME")', "undilated convolution, same", law="same_windows")
def conv_same(x, w, stride):
    return tf.nn.conv2d(x, np.transpose(w, (2, 3, 1, 0)), stride, "SAME")


@recipe("max", within="not ceil_mode")
def max_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C)."""
    pads = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    return tf.nn.max_pool2d(x, kernel_size, stride, pads)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    """x (N, H, W, in); w PyTorch's (out, in, k, k): name the pads."""
    padding = dilation * (w.shape[2] - 1) // 2
    pads = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    return tf.nn.conv2d(x, np.transpose(w, (2, 3, 1, 0)), stride, pads, dilations=dilation)


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C): pad by zeros first, which are counted then."""
    x = tf.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    return tf.nn.avg_pool2d(x, kernel_size, stride, "VALID")
