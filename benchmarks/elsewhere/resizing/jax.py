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


@way('jax.image.resize(x, shape, "nearest")', "nearest-exact", law="nearest_exact", sampled=True)
def nearest_for_exact(x, output_size):
    return nearest(x, output_size)


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


@recipe("antialias=True")
def resize_smoothly(x, output_size):
    """x (N, H, W, C): the default smooths where it shrinks."""
    return jax.image.resize(x, (x.shape[0], output_size, output_size, x.shape[3]), "linear")


@recipe("nearest")
def resize_mask(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32)
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[1:3])
    return x[:, rows[:, None], columns]


@recipe("nearest-exact")
def resize_mask_exactly(x, output_size):
    """x (N, H, W, C): plain indices, reckoned in 32 bits as PyTorch does."""
    places = np.arange(output_size, dtype=np.float32) + 0.5
    rows, columns = ((places * np.float32(n / output_size)).astype(int) for n in x.shape[1:3])
    return x[:, rows[:, None], columns]
