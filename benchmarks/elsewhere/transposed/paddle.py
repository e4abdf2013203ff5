"""Paddle: PyTorch's names; "SAME" is something else."""

import paddle
from paddle.nn import functional as F

from benchmarks.elsewhere.program import recipe, way

native = paddle.to_tensor


@way("F.conv2d_transpose(…) with PyTorch's arguments", "padded")
def as_it_is(x, w, stride, padding, output_padding, dilation):
    return F.conv2d_transpose(x, w, None, stride, padding, output_padding, dilation=dilation)


@way('F.conv2d_transpose(padding="SAME")', "same")
def same(x, w, stride, dilation):
    return F.conv2d_transpose(x, w, None, stride, "SAME", dilation=dilation)


@recipe("padded")
def conv_transpose(x, w, stride, padding, output_padding, dilation):
    """From the stride on, output padding is refused: take it off the crop at the far end."""
    whole = F.conv2d_transpose(x, w, stride=stride, dilation=dilation)
    whole = paddle.nn.functional.pad(whole, [0, output_padding, 0, output_padding])
    height, width = (n - 2 * padding for n in whole.shape[2:])
    return whole[:, :, padding : padding + height, padding : padding + width]
