"""Keras: there is no unpooling; a scatter is one."""

import numpy as np
from keras import ops

from benchmarks.elsewhere.program import recipe


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w)."""
    planes = np.arange(x.shape[0] * x.shape[1])[:, None]
    flat = planes * height * width + np.reshape(indices, (len(planes), -1))
    out = ops.scatter(flat.reshape(-1, 1), ops.reshape(x, (-1,)), (len(planes) * height * width,))
    return ops.reshape(out, (*x.shape[:2], height, width))
