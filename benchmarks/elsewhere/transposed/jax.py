"""JAX: padding widens the stretched input, and the kernel is not turned unless it is asked for."""

import numpy as np
from jax import lax

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"
NAMES = ("NHWC", "HWIO", "NHWC")


@way('lax.conv_transpose(padding="SAME")', "same")
def same_unturned(x, w, stride, dilation):
    kernel = np.transpose(w, (2, 3, 0, 1))
    return lax.conv_transpose(x, kernel, (stride,) * 2, "SAME", (dilation,) * 2, NAMES)


@way('lax.conv_transpose(padding="SAME", transpose_kernel=True)', "same", law="same_transposed", sampled=True)
def same(x, w, stride, dilation):
    kernel = np.transpose(w, (2, 3, 1, 0))
    return lax.conv_transpose(x, kernel, (stride,) * 2, "SAME", (dilation,) * 2, NAMES, transpose_kernel=True)


@way("lax.conv_transpose(padding=[(p, p), (p, p)], transpose_kernel=True)", "plainly padded", law="jax_explicit")
def explicit(x, w, stride, padding, dilation):
    pads, kernel = [(padding, padding)] * 2, np.transpose(w, (2, 3, 1, 0))
    return lax.conv_transpose(x, kernel, (stride,) * 2, pads, (dilation,) * 2, NAMES, transpose_kernel=True)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, H, W, in); w PyTorch's (in, out, k, k)."""
    inner = dilation * (w.shape[2] - 1) - padding
    pads = [(inner, inner + output_padding)] * 2
    kernel, names = np.transpose(w, (2, 3, 1, 0)), ("NHWC", "HWIO", "NHWC")
    return lax.conv_transpose(x, kernel, (stride,) * 2, pads, (dilation,) * 2, names, transpose_kernel=True)
