"""Paddle."""

import paddle
from paddle.nn import functional as F

from benchmarks.elsewhere.program import recipe, way

native = paddle.to_tensor


@way("F.max_pool2d(ceil_mode=…)", "max", law="kept_windows")
def max_pooled(x, kernel_size, stride, padding, ceil_mode):
    return F.max_pool2d(x, kernel_size, stride, padding, ceil_mode=ceil_mode)


@way("F.avg_pool2d(ceil_mode=…)", "average")
def averaged(x, kernel_size, stride, padding, ceil_mode):
    return F.avg_pool2d(x, kernel_size, stride, padding, ceil_mode=ceil_mode)


@way('F.conv2d(padding="SAME")', "convolution, same")
def conv_same(x, w, stride, dilation):
    return F.conv2d(x, w, stride=stride, padding="SAME", dilation=dilation)


@recipe("max", within="size + 2 * padding >= kernel_size")
def max_pool(x, kernel_size, stride, padding, ceil_mode):
    """Cut off what Paddle keeps: windows that begin in the padding on the far side."""
    pooled = F.max_pool2d(x, kernel_size, stride, padding, ceil_mode=ceil_mode)
    height, width = (-(-(n + padding) // stride) for n in x.shape[2:])
    return pooled[:, :, :height, :width] if ceil_mode else pooled


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """`exclusive` leaves the padding out of the count, as PyTorch's count_include_pad=False does."""
    return F.avg_pool2d(x, kernel_size, stride, padding, exclusive=False)


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    return F.conv2d(x, w, stride=stride, padding=dilation * (w.shape[2] - 1) // 2, dilation=dilation)
