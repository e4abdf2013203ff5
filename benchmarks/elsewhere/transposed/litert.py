"""LiteRT, converted from TensorFlow."""

import numpy as np
import tensorflow as tf

from benchmarks.elsewhere.converted import run
from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('tf.nn.conv2d_transpose(padding="SAME"), converted', "undilated same", law="same_transposed", sampled=True)
def same(x, w, stride):
    shape = (x.shape[0], x.shape[1] * stride, x.shape[2] * stride, w.shape[1])
    kernel = np.transpose(w, (2, 3, 1, 0))
    return run(lambda x: tf.nn.conv2d_transpose(x, kernel, shape, stride, padding="SAME"), x)


@recipe("padded", within="dilation == 1")
def conv_transpose(x, w, stride, padding, output_padding):
    """x (N, H, W, in); w PyTorch's (in, out, k, k). Put zeros into w for a dilation."""
    kernel, kernel_size = np.transpose(w, (2, 3, 1, 0)), w.shape[2]
    height, width = ((n - 1) * stride + max(kernel_size, stride) for n in x.shape[1:3])
    shape = (x.shape[0], height, width, w.shape[1])
    far = [(n - 1) * stride + kernel_size - padding + output_padding for n in x.shape[1:3]]

    def layer(x):
        whole = tf.nn.conv2d_transpose(x, kernel, shape, stride, padding="VALID")
        whole = tf.pad(whole, [(0, 0), (0, output_padding), (0, output_padding), (0, 0)])  # what no input feeds
        return whole[:, padding : far[0], padding : far[1]]

    return run(layer, x)
