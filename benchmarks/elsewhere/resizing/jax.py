"""JAX."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.elsewhere.program import recipe, way

LAYOUT = "NHWC"


@way('jax.image.resize(x, shape, "linear")', "align_corners=False")
def default(x, output_size):
    return jax.image.resize(x, (1, output_size, output_size, 1), "linear")


@way('jax.image.resize(x, shape, "nearest")', "nearest")
def nearest(x, output_size):
    return jax.image.resize(x, (1, output_size, output_size, 1), "nearest")


@recipe("align_corners=False")
def resize(x, output_size):
    """x (N, H, W, C)."""
    shape = (x.shape[0], output_size, output_size, x.shape[3])
    return jax.image.resize(x, shape, "linear", antialias=False)


@recipe("align_corners=True", within="output_size > 1")
def resize_corners(x, output_size):
    """x (N, H, W, C)."""
    shape = (x.shape[0], output_size, output_size, x.shape[3])
    scale = jnp.array([(output_size - 1) / max(n - 1, 1e-9) for n in x.shape[1:3]])
    return jax.image.scale_and_translate(x, shape, (1, 2), scale, 0.5 - 0.5 * scale, "linear", antialias=False)


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C): `nearest` reads at half-pixel centers; the floored left edges are plain indices."""
    rows, columns = (np.arange(output_size) * n // output_size for n in x.shape[1:3])
    return x[:, rows[:, None], columns]
