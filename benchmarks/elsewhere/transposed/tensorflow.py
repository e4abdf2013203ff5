"""TensorFlow: the padding is named, and the size of the output is asked for."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('tf.nn.conv2d_transpose(padding="SAME")', "undilated same", law="same_transposed")
def same(x, w, stride):
    shape = (x.shape[0], x.shape[1] * stride, x.shape[2] * stride, w.shape[1])
    return tf.nn.conv2d_transpose(x, np.transpose(w, (2, 3, 1, 0)), shape, stride, padding="SAME")


@recipe("padded", within="dilation == 1")
def conv_transpose(x, w, stride, padding, output_padding):
    """x (N, H, W, in); w PyTorch's (in, out, k, k). Put zeros into w for a dilation."""
    kernel_size = w.shape[2]
    height, width = ((n - 1) * stride + max(kernel_size, stride) for n in x.shape[1:3])
    shape = (x.shape[0], height, width, w.shape[1])
    whole = tf.nn.conv2d_transpose(x, np.transpose(w, (2, 3, 1, 0)), shape, stride, padding="VALID")
    height, width = ((n - 1) * stride + kernel_size - 2 * padding + output_padding for n in x.shape[1:3])
    whole = tf.pad(whole, [(0, 0), (0, output_padding), (0, output_padding), (0, 0)])  # what no input feeds
    return whole[:, padding : padding + height, padding : padding + width]
