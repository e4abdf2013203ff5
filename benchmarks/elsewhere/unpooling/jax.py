"""JAX: there is no unpooling; an indexed set is one."""

import jax.numpy as jnp
import numpy as np

from benchmarks.elsewhere.program import recipe


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w)."""
    n, c = (axis[:, :, None] for axis in np.ogrid[: x.shape[0], : x.shape[1]])
    flat = indices.reshape(*x.shape[:2], -1)
    out = jnp.zeros((*x.shape[:2], height * width)).at[n, c, flat].set(x.reshape(flat.shape))
    return out.reshape(*x.shape[:2], height, width)
