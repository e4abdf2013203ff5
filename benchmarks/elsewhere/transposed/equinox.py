"""Equinox: PyTorch's names, shapes and sizes, and the kernel turned by 180 degrees."""

import equinox as eqx
import jax
import numpy as np

from benchmarks.elsewhere.program import recipe, way


def layer(x, kernel, **settings):
    built = eqx.nn.ConvTranspose2d(*kernel.shape[1::-1], kernel.shape[2], use_bias=False, key=jax.random.key(0), **settings)
    return jax.vmap(eqx.tree_at(lambda up: up.weight, built, kernel))(x)


@way("eqx.nn.ConvTranspose2d(…) with PyTorch's arguments", "padded")
def as_it_is(x, w, stride, padding, output_padding, dilation):
    kernel = np.transpose(w, (1, 0, 2, 3))
    return layer(
        x, kernel, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )


@recipe("padded", within="output_padding < stride")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, in, H, W); w PyTorch's (in, out, k, k)."""
    up = eqx.nn.ConvTranspose2d(
        *w.shape[:2], w.shape[2], stride, padding, output_padding, dilation, use_bias=False, key=jax.random.key(0)
    )
    kernel = np.flip(np.transpose(w, (1, 0, 2, 3)), (2, 3))  # (out, in, k, k), turned
    return jax.vmap(eqx.tree_at(lambda layer: layer.weight, up, kernel))(x)
