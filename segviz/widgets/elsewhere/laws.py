"""Where the outputs of a layer lie in each framework, as laws in whole numbers.

A law says what a framework makes of a layer's numbers along one axis. Each was fitted to what the released library
computes and is checked against it on a grid of settings by `make elsewhere`; how many settings, and that none misses,
stands in the data file of the page. PyTorch's own laws are the formulas of :mod:`segviz.arithmetic`.

- A transposed convolution: `(start, size)`. The output is PyTorch's uncropped one, `padding=0`, from `start` on.
- Windows, of a pool or a convolution: `(start, count)`. Window `q` begins at input `start + q * stride`.
- A resize: the position that output `q` reads, in input pixels counted from the center of the first.

None stands for a refusal.

>>> torch_transposed(size=3, kernel_size=3, stride=2, padding=1, output_padding=1)
(1, 6)
>>> same_transposed(size=3, kernel_size=3, stride=2)
(0, 6)
"""

from __future__ import annotations

import struct
from fractions import Fraction
from math import floor

Span = tuple[int, int] | None


def extent(kernel_size: int, dilation: int) -> int:
    """How far a kernel reaches, holes included.

    >>> extent(3, 2)
    5
    """
    return dilation * (kernel_size - 1) + 1


# --- Transposed convolutions -----------------------------------------------------------------------


def torch_transposed(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> Span:
    """PyTorch: padding crops both ends, and output padding crops less at the far one."""
    length = (size - 1) * stride + extent(kernel_size, dilation) - 2 * padding + output_padding
    return (padding, length) if output_padding < max(stride, dilation) and length > 0 else None


def usual_padding(kernel_size: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """The padding and output padding with which PyTorch makes `stride` outputs of every input, as nearly centered as
    it can.

    >>> usual_padding(3, 2), usual_padding(4, 2), usual_padding(2, 3)
    ((1, 1), (1, 0), (0, 1))
    """
    over = extent(kernel_size, dilation) - stride
    padding = max(0, -(-over // 2))
    return padding, 2 * padding - over


def same_transposed(size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> Span:
    """The padding "same" of TensorFlow, Keras and JAX: the odd pixel is cropped off the far end."""
    return max(extent(kernel_size, dilation) - stride, 0) // 2, size * stride


def keras_same(size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> Span:
    """Keras' layer with "same", which refuses strides and dilation together."""
    return None if stride > 1 and dilation > 1 else same_transposed(size, kernel_size, stride, dilation)


def keras_same_padded(size: int, kernel_size: int, stride: int = 1, output_padding: int = 0, dilation: int = 1) -> Span:
    """Keras' layer with "same" and an output padding, which grows at the near end first.

    An even kernel without output padding is one output short of what TensorFlow, its default backend, takes.
    """
    if (stride > 1 and dilation > 1) or output_padding >= stride:
        return None
    reach = extent(kernel_size, dilation)
    length = (size - 1) * stride + reach - 2 * (reach // 2) + output_padding
    padded = 2 * (reach - 1 - reach // 2) + output_padding
    return (max(0, reach - 1 - -(-padded // 2)), length) if length > (size - 1) * stride else None


def keras_valid(size: int, kernel_size: int, stride: int = 1, dilation: int = 1) -> Span:
    """Keras' layer with "valid": never smaller than `stride` outputs for every input."""
    if stride > 1 and dilation > 1:
        return None
    return 0, size * stride + max(extent(kernel_size, dilation) - stride, 0)


def jax_transposed(size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Span:
    """JAX: the padding is of the stretched input, so what PyTorch crops off, it leaves on.

    >>> jax_transposed(size=3, kernel_size=3, stride=2, padding=1), torch_transposed(3, 3, 2, padding=1)
    ((1, 5), (1, 5))
    >>> jax_transposed(size=3, kernel_size=4, stride=2, padding=1), torch_transposed(3, 4, 2, padding=1)
    ((2, 4), (1, 6))
    """
    cropped = extent(kernel_size, dilation) - 1 - padding
    return cropped, max(0, (size - 1) * stride + extent(kernel_size, dilation) - 2 * cropped)


def onnx_same(size: int, kernel_size: int, stride: int = 1, dilation: int = 1, lower: bool = False) -> Span:
    """`auto_pad` of ONNX's ConvTranspose as onnxruntime and OpenVINO run it."""
    over = extent(kernel_size, dilation) - stride
    if over < 0:
        return 0, (size - 1) * stride + extent(kernel_size, dilation)
    return (over - over // 2 if lower else over // 2), size * stride


# --- Windows of pools and convolutions -------------------------------------------------------------


def kept_windows(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> Span:
    """Paddle, rounding up, keeps a last window that begins in the padding on the far side."""
    room = size + 2 * padding - extent(kernel_size, dilation)
    if room < 0 and not ceil_mode:
        return None
    count = (-(-room // stride) if ceil_mode else room // stride) + 1
    return (-padding, count) if count > 0 else None


def torch_windows(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> Span:
    """PyTorch: a last window that would begin in the padding on the far side is dropped."""
    kept = kept_windows(size, kernel_size, stride, padding, dilation, ceil_mode)
    if kept is None or not ceil_mode or (kept[1] - 1) * stride < size + padding:
        return kept
    return (-padding, kept[1] - 1) if kept[1] > 1 else None


def openvino_windows(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> Span:
    """OpenVINO keeps such a window, too, and refuses a kernel that is larger than the padded map."""
    if size + 2 * padding < extent(kernel_size, dilation):
        return None
    return kept_windows(size, kernel_size, stride, padding, dilation, ceil_mode)


def ncnn_windows(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> Span:
    """ncnn keeps it, too, and where the kernel is larger than the padded map there is one window more.

    >>> ncnn_windows(size=2, kernel_size=3, stride=2, ceil_mode=True), torch_windows(2, 3, 2, ceil_mode=True)
    ((0, 2), (0, 1))
    """
    kept = kept_windows(size, kernel_size, stride, padding, dilation, ceil_mode)
    over = kept is not None and size + 2 * padding < extent(kernel_size, dilation)
    return (kept[0], kept[1] + 1) if kept and over else kept


def same_windows(
    size: int, kernel_size: int, stride: int = 1, dilation: int = 1, lower: bool = False
) -> tuple[int, int]:
    """The padding "same" of TensorFlow and Keras, SAME_UPPER of ONNX: how much there is follows the size
    of the map, and the odd pixel is on the far side."""
    count = -(-size // stride)
    padded = max(_lacking(size, kernel_size, stride, dilation), 0)
    return -(padded - padded // 2 if lower else padded // 2), count


def onnxruntime_same_pool(size: int, kernel_size: int, stride: int = 1, dilation: int = 1, lower: bool = False) -> Span:
    """onnxruntime's pools refuse `auto_pad` where the windows do not reach the far end of the map."""
    if _lacking(size, kernel_size, stride, dilation) < 0:
        return None
    return same_windows(size, kernel_size, stride, dilation, lower)


def onnxruntime_same(size: int, kernel_size: int, stride: int = 1, dilation: int = 1, lower: bool = False) -> Span:
    """onnxruntime's convolutions have `auto_pad` crop there: the first window begins inside the map.

    >>> onnxruntime_same(size=8, kernel_size=1, stride=4), same_windows(size=8, kernel_size=1, stride=4)
    ((1, 2), (0, 2))
    """
    beyond = -_lacking(size, kernel_size, stride, dilation)
    start, count = same_windows(size, kernel_size, stride, dilation, lower)
    return (max(0, (beyond - 1 - lower) // 2) if beyond > 0 else start), count


def _lacking(size: int, kernel_size: int, stride: int, dilation: int) -> int:
    """How far a window for every `stride` inputs reaches beyond the map; negative where the last ends before it."""
    return (-(-size // stride) - 1) * stride + extent(kernel_size, dilation) - size


# --- Resizing --------------------------------------------------------------------------------------


def half_pixel(q: int, size: int, output_size: int) -> Fraction:
    """`align_corners=False`: centers on centers, kept on the map."""
    return _kept(Fraction(2 * q + 1, 2) * Fraction(size, output_size) - Fraction(1, 2), size)


def corners(q: int, size: int, output_size: int) -> Fraction:
    """`align_corners=True`: the outer pixels on the outer pixels; a single output reads the first."""
    return Fraction(q * (size - 1), output_size - 1) if output_size > 1 else Fraction(0)


def asymmetric(q: int, size: int, output_size: int) -> Fraction:
    """TensorFlow 1 without flags, ONNX's asymmetric, Paddle's `align_mode=1`: left edges on left edges."""
    return _kept(Fraction(q * size, output_size), size)


def half_pixel_but_for_one(q: int, size: int, output_size: int) -> Fraction:
    """ONNX's pytorch_half_pixel, and Paddle: as half_pixel, but a single output reads the first pixel."""
    return half_pixel(q, size, output_size) if output_size > 1 else Fraction(0)


def nearest(q: int, size: int, output_size: int) -> Fraction:
    """`"nearest"`: the left edge, floored, in 32 bits as PyTorch reckons.

    >>> int(nearest(41, 2, 82)), 41 * 2 // 82
    (0, 1)
    """
    return Fraction(min(floor(_single(q * _single(size / output_size))), size - 1))


def nearest_exact(q: int, size: int, output_size: int) -> Fraction:
    """`"nearest-exact"`: the pixel that the center lies in, in 32 bits."""
    return Fraction(min(floor(_single((q + 0.5) * _single(size / output_size))), size - 1))


def _single(value: float) -> float:
    """A number rounded to 32 bits."""
    return struct.unpack("f", struct.pack("f", value))[0]


def _kept(position: Fraction, size: int) -> Fraction:
    return min(max(position, Fraction(0)), Fraction(size - 1))
