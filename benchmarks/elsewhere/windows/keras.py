"""Keras: pools and convolutions know "same" and "valid"."""

import keras
import numpy as np
from keras import ops

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('MaxPooling2D(k, s, padding="same")', "max, same", law="same_windows")
def max_same(x, kernel_size, stride):
    return keras.layers.MaxPooling2D(kernel_size, stride, "same", data_format="channels_last")(x)


@way('Conv2D(strides=s, padding="same")', "convolution, same")
def conv_same(x, w, stride, dilation):
    return ops.conv(x, np.transpose(w, (2, 3, 1, 0)), stride, "same", dilation_rate=dilation)


@recipe("max")
def max_pool(x, kernel_size, stride, padding, ceil_mode):
    """x (N, H, W, C): pad by minus infinity first."""

    def ends(n):
        reached = n + 2 * padding - kernel_size
        steps = -(-reached // stride) if ceil_mode else reached // stride
        if ceil_mode and steps * stride >= n + padding:
            steps -= 1  # the window would begin in the padding on the far side
        return padding, max(padding, steps * stride + kernel_size - n - padding)

    pads = [(0, 0), ends(x.shape[1]), ends(x.shape[2]), (0, 0)]
    return ops.max_pool(ops.pad(x, pads, constant_values=-float("inf")), kernel_size, stride, "valid")


@recipe("convolution, same", within="stride == 1 or dilation == 1")
def conv(x, w, stride, dilation):
    """x (N, H, W, in); w PyTorch's (out, in, k, k): pad by hand, the same on both sides, then "valid"."""
    padding = dilation * (w.shape[2] - 1) // 2
    x = ops.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    return ops.conv(x, np.transpose(w, (2, 3, 1, 0)), stride, "valid", dilation_rate=dilation)


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C): pad by zeros first, which are counted then."""
    x = ops.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    return ops.average_pool(x, kernel_size, stride, "valid")
