"""Paddle."""

import paddle
from paddle.nn import functional as F

from benchmarks.elsewhere.program import recipe, way

native = paddle.to_tensor


@way("F.max_unpool2d(x, indices, 2)", "unpooling")
def guessed(x, indices):
    return F.max_unpool2d(x, indices.astype("int32"), 2)


@recipe("unpooling")
def max_unpool(x, indices, height, width):
    """x and PyTorch's indices (N, C, h, w)."""
    return F.max_unpool2d(x, indices.astype("int32"), 2, output_size=[*x.shape[:2], height, width])
