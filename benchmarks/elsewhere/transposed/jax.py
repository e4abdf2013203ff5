"""JAX: one function, whose padding is of the stretched input and whose kernel is not turned unless it is told to."""

import jax.numpy as jnp
from jax import lax

from benchmarks.elsewhere.program import recipe, way

native = jnp.asarray
LAYOUTS = ("NCHW", "OIHW", "NCHW")  # PyTorch's (in, out, k, k), once it is turned; (out, in, k, k) where it is not


def run(x, w, stride, padding, dilation, **more):
    geometry = {"rhs_dilation": (dilation,) * 2, "dimension_numbers": LAYOUTS}
    return lax.conv_transpose(x, w, (stride,) * 2, padding, **geometry, **more)


@way('lax.conv_transpose(padding="SAME")', "same")
def same_unturned(x, w, stride, dilation):
    return run(x, w.swapaxes(0, 1), stride, "SAME", dilation)


@way('lax.conv_transpose(padding="SAME", transpose_kernel=True)', "same", law="same_transposed", sampled=True)
def same(x, w, stride, dilation):
    return run(x, w, stride, "SAME", dilation, transpose_kernel=True)


@way("lax.conv_transpose(padding=[(p, p)] * 2, transpose_kernel=True)", "cropped", law="jax_transposed")
def padded(x, w, stride, padding, dilation):
    return run(x, w, stride, [(padding, padding)] * 2, dilation, transpose_kernel=True)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """x (N, in, H, W); w PyTorch's (in, out, k, k)."""
    geometry = {"rhs_dilation": (dilation, dilation), "dimension_numbers": ("NCHW", "OIHW", "NCHW")}
    as_in_torch = {"transpose_kernel": True, "use_consistent_padding": True}
    pads = [(padding, padding - output_padding)] * 2
    return lax.conv_transpose(x, w, (stride, stride), pads, **geometry, **as_in_torch)
