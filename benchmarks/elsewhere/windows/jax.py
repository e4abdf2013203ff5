"""JAX and Flax."""

import numpy as np
from flax import nnx
from jax import lax

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('nnx.max_pool(padding="SAME")', "max, same")
def max_same(x, kernel_size, stride):
    return nnx.max_pool(x, (kernel_size,) * 2, (stride,) * 2, "SAME")


@way('lax.conv_general_dilated(padding="SAME")', "convolution, same")
def conv_same(x, w, stride, dilation):
    kernel, names = np.transpose(w, (2, 3, 1, 0)), ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (stride,) * 2, "SAME", None, (dilation,) * 2, names)


@recipe("max", within="not ceil_mode")
def max_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C)."""
    return nnx.max_pool(x, (kernel_size,) * 2, (stride,) * 2, [(padding, padding)] * 2)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    """x (N, H, W, in); w PyTorch's (out, in, k, k): name the pads."""
    padding = dilation * (w.shape[2] - 1) // 2
    kernel, names, pads = np.transpose(w, (2, 3, 1, 0)), ("NHWC", "HWIO", "NHWC"), [(padding, padding)] * 2
    return lax.conv_general_dilated(x, kernel, (stride,) * 2, pads, None, (dilation,) * 2, names)


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """x (N, H, W, C)."""
    return nnx.avg_pool(x, (kernel_size,) * 2, (stride,) * 2, [(padding, padding)] * 2)
