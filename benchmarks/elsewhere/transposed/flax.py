"""Flax's nnx layer: JAX's function with its default, a kernel that is not turned."""

import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


def layer(x, kernel, turned, **settings):
    size, features = kernel.shape[:2], kernel.shape[2:][:: -1 if turned else 1]
    built = nnx.ConvTranspose(*features, size, use_bias=False, transpose_kernel=turned, rngs=nnx.Rngs(0), **settings)
    built.kernel.value = jnp.asarray(kernel)
    return built(x)


@way('nnx.ConvTranspose(padding="SAME")', "same")
def same(x, w, stride, dilation):
    return layer(x, np.transpose(w, (2, 3, 0, 1)), False, strides=(stride,) * 2, kernel_dilation=(dilation,) * 2)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, H, W, in); w PyTorch's (in, out, k, k)."""
    inner, features = dilation * (w.shape[2] - 1) - padding, w.shape[:2]
    up = nnx.ConvTranspose(
        *features, w.shape[2:], strides=(stride,) * 2, padding=[(inner, inner + output_padding)] * 2,
        kernel_dilation=(dilation,) * 2, transpose_kernel=True, use_bias=False, rngs=nnx.Rngs(0),
    )  # fmt: skip
    up.kernel.value = jnp.asarray(np.transpose(w, (2, 3, 1, 0)))
    return up(x)
