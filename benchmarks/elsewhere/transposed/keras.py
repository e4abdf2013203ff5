"""Keras: the layer with its two paddings, and the same function with none refused."""

import keras
import numpy as np
from keras import ops

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


def layer(x, w, **settings):
    """Conv2DTranspose with PyTorch's kernel (in, out, k, k), which Keras keeps as (k, k, out, in)."""
    built = keras.layers.Conv2DTranspose(w.shape[1], w.shape[2], use_bias=False, **settings)
    built.build(x.shape)
    built.set_weights([np.transpose(w, (2, 3, 1, 0))])
    return built(x)


@way('Conv2DTranspose(padding="same")', "same", law="keras_same")
def same(x, w, stride, dilation):
    return layer(x, w, strides=stride, padding="same", dilation_rate=dilation)


@way('Conv2DTranspose(padding="same", output_padding=…)', "padded same", law="keras_same_padded")
def same_padded(x, w, stride, output_padding, dilation):
    return layer(x, w, strides=stride, padding="same", output_padding=output_padding, dilation_rate=dilation)


@way('Conv2DTranspose(padding="valid")', "valid", law="keras_valid")
def valid(x, w, stride, dilation):
    return layer(x, w, strides=stride, padding="valid", dilation_rate=dilation)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, H, W, in); w PyTorch's (in, out, k, k)."""
    whole = ops.conv_transpose(x, np.transpose(w, (2, 3, 1, 0)), stride, padding="valid", dilation_rate=dilation)
    reach = dilation * (w.shape[2] - 1) + 1
    height, width = ((n - 1) * stride + reach - 2 * padding + output_padding for n in x.shape[1:3])
    whole = ops.pad(whole, [(0, 0), (0, output_padding), (0, output_padding), (0, 0)])  # what no input feeds
    return whole[:, padding : padding + height, padding : padding + width]
