"""ncnn: a layer is a line of numbers. Of a pool, 5 says how it is padded: 0 rounds up, 1 down, 2 and 3 are "same"."""

from benchmarks.elsewhere.ncnn_files import run
from benchmarks.elsewhere.program import recipe, way


@way("Pooling 1=k 2=s 3=p 5=0, or 5=1 rounded down", "max", law="ncnn_windows")
def max_pooled(x, kernel_size, stride, padding, ceil_mode):
    return run("Pooling", x, {1: kernel_size, 2: stride, 3: padding, 5: int(not ceil_mode)})


@way("Pooling 0=1 1=k 2=s 3=p 5=0 6=1, or 5=1 rounded down", "average")
def averaged(x, kernel_size, stride, padding, ceil_mode):
    return run("Pooling", x, {0: 1, 1: kernel_size, 2: stride, 3: padding, 5: int(not ceil_mode), 6: 1})


@way("Pooling 1=k 2=s 5=2", "max, same", law="same_windows")
def max_same_upper(x, kernel_size, stride):
    return run("Pooling", x, {1: kernel_size, 2: stride, 5: 2})


@way("Convolution 1=k 3=s 4=-233", "convolution, same", law="same_windows")
def conv_same(x, w, stride, dilation):
    return run("Convolution", x, {0: 1, 1: w.shape[2], 2: dilation, 3: stride, 4: -233, 6: w.size}, w)


@recipe("max", within="size + 2 * padding >= kernel_size")
def max_pool(x, kernel_size, stride, padding, ceil_mode):
    """Round up by hand, with pads that are longer at the far end: 3 left, 13 top, 14 right, 15 bottom."""
    far = []
    for n in x.shape[2:]:
        reached = n + 2 * padding - kernel_size
        steps = -(-reached // stride) if ceil_mode else reached // stride
        if ceil_mode and steps * stride >= n + padding:
            steps -= 1  # the window would begin in the padding on the far side
        far.append(max(0, steps * stride + kernel_size - n - padding))
    geometry = {1: kernel_size, 2: stride, 3: padding, 13: padding, 14: far[1], 15: far[0]}
    return run("Pooling", x, {**geometry, 5: 1})


@recipe("average", within="not ceil_mode")
def average_pool(x, kernel_size, stride, padding):
    """6 counts the padding, as PyTorch does."""
    return run("Pooling", x, {0: 1, 1: kernel_size, 2: stride, 3: padding, 5: 1, 6: 1})


@recipe("convolution, same")
def conv(x, w, stride, dilation):
    """w PyTorch's (out, in, k, k)."""
    padding = dilation * (w.shape[2] - 1) // 2
    return run("Convolution", x, {0: w.shape[0], 1: w.shape[2], 2: dilation, 3: stride, 4: padding, 6: w.size}, w)
