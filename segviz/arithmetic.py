"""Sizes, positions and receptive fields along one axis, in closed form.

Every function takes whole numbers with PyTorch's parameter names and gives what PyTorch's operation gives.
A value out of range raises `ValueError`, anything but a whole number `TypeError`; both name the parameter.
The formulas are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016),
and of Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (Distill, 2019).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, product
from numbers import Integral

# Answers that are lists or tables stop here, so that a slip of the keyboard cannot fill the memory.
MAX_ENTRIES = 1_000_000

FROM_ZERO = {"padding", "output_padding", "row", "col"}


# --- Convolution and pooling ----------------------------------------------------------------------


def conv_size(size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The output size of a convolution: ⌊(size + 2·padding − span) / stride⌋ + 1.

    The span, dilation·(kernel_size − 1) + 1, is the kernel with its holes. Raises `ValueError` where it is
    more than the padded input. Dumoulin and Visin, relationship 15.

    >>> conv_size(7, 3, stride=2, padding=1)  # windows start at -1, 1, 3, 5
    4
    """
    size, kernel_size, stride, padding, dilation = whole_numbers(
        size=size, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    _require_kernel_fits(size, kernel_size, padding, dilation)
    return (size + 2 * padding - _span(kernel_size, dilation)) // stride + 1


def conv_transpose_size(
    size: int,
    kernel_size: int,
    *,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """The output size of a transposed convolution: stride·(size − 1) + span − 2·padding + output_padding.

    `output_padding` is legal when it is smaller than the stride *or* the dilation. Raises `ValueError` where
    it is not, and where the padding crops everything away. Dumoulin and Visin, relationship 14.

    >>> conv_transpose_size(3, 3, stride=2, padding=1)
    5
    >>> conv_transpose_size(3, 3, stride=2, padding=1, output_padding=1)
    6
    """
    size, kernel_size, stride, padding, output_padding, dilation = whole_numbers(
        size=size,
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
    )
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding must be smaller than the stride or the dilation, "
            f"got output_padding {output_padding} with stride {stride} and dilation {dilation}"
        )
    output_size = _least_transposed_size(size, kernel_size, stride, padding, dilation) + output_padding
    if output_size < 1:
        raise ValueError(
            f"padding must leave at least 1 pixel of output, and padding {padding} leaves {output_size} "
            f"of size {size} with kernel_size {kernel_size}, stride {stride} and dilation {dilation}"
        )
    return output_size


def pool_size(
    size: int,
    kernel_size: int,
    *,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """The output size of a pooling layer, as `torch.nn.MaxPool2d` has it; `stride` None is the kernel size.

    With `ceil_mode` a last window may hang over the right edge, but only if it starts inside the input or the
    left padding. Raises `ValueError` where the padding is more than half the kernel, or no window fits.

    >>> pool_size(5, 2), pool_size(5, 2, ceil_mode=True)
    (2, 3)
    >>> pool_size(3, 1, stride=3, ceil_mode=True)  # a second window would start at 3, outside
    1
    """
    size, kernel_size, stride, padding, dilation = whole_numbers(
        size=size,
        kernel_size=kernel_size,
        stride=kernel_size if stride is None else stride,
        padding=padding,
        dilation=dilation,
    )
    if not isinstance(ceil_mode, bool):
        raise TypeError(f"ceil_mode must be True or False, got {ceil_mode!r}")
    if padding > kernel_size // 2:
        raise ValueError(f"padding must be at most half of kernel_size, got {padding} with kernel_size {kernel_size}")
    room = size + 2 * padding - _span(kernel_size, dilation)
    windows = (_ceil_divide(room, stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (windows - 1) * stride >= size + padding:
        windows -= 1
    if windows < 1:
        _require_kernel_fits(size, kernel_size, padding, dilation)
    return windows


def conv_preimage(size: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> range:
    """Every input size that the convolution maps to `size`: at most `stride` neighbors, possibly none.

    >>> conv_preimage(6, 5, stride=3, padding=2)
    range(16, 19)
    """
    size, kernel_size, stride, padding, dilation = whole_numbers(
        size=size, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    least = _least_transposed_size(size, kernel_size, stride, padding, dilation)
    return range(max(1, least), max(1, least + stride))


def output_padding_for(
    size: int, target: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """The `output_padding` with which a transposed convolution takes `size` to `target`.

    Raises `ValueError` naming the sizes that can be reached where `target` is none of them.

    >>> output_padding_for(6, 18, 5, stride=3, padding=2)
    2
    """
    size, target, kernel_size, stride, padding, dilation = whole_numbers(
        size=size, target=target, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    least = _least_transposed_size(size, kernel_size, stride, padding, dilation)
    reachable = range(max(1, least), max(1, least + max(stride, dilation)))
    if target not in reachable:
        sizes = f"{reachable[0]} to {reachable[-1]}" if reachable else "no size at all"
        raise ValueError(
            f"target must be a size within reach, and size {size} with kernel_size {kernel_size}, "
            f"stride {stride}, padding {padding} and dilation {dilation} reaches {sizes}; got target {target}"
        )
    return target - least


def overlap_counts(kernel_size: int, stride: int) -> list[int]:
    """How many inputs of a transposed convolution feed an interior output pixel, one count a phase.

    The counts differ, and a checkerboard threatens, exactly when the stride does not divide the kernel size
    (Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", Distill, 2016).

    >>> overlap_counts(3, 2), overlap_counts(4, 2)
    ([2, 1], [2, 2])
    """
    kernel_size, stride = whole_numbers(kernel_size=kernel_size, stride=stride)
    _require_listable("stride", stride)
    return [_ceil_divide(kernel_size - phase, stride) for phase in range(stride)]


# --- Resizing -------------------------------------------------------------------------------------


def resize_positions(size: int, output_size: int, *, align_corners: bool) -> list[float]:
    """The source position, in input pixels, of every output pixel, as bilinear `F.interpolate` has it.

    True maps corner pixel to corner pixel: q·(size − 1)/(output_size − 1). False maps edge to edge:
    (q + ½)·size/output_size − ½, held between 0 and size − 1. A single output pixel sits at 0 under True.

    >>> resize_positions(2, 4, align_corners=False)
    [0.0, 0.25, 0.75, 1.0]
    >>> resize_positions(3, 5, align_corners=True)
    [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    size, output_size = whole_numbers(size=size, output_size=output_size)
    _require_listable("output_size", output_size)
    if not isinstance(align_corners, bool):
        raise TypeError(f"align_corners must be True or False, got {align_corners!r}")
    if align_corners:
        return [q * (size - 1) / max(1, output_size - 1) for q in range(output_size)]
    centers = ((2 * q + 1) * size / (2 * output_size) - 0.5 for q in range(output_size))
    return [min(max(center, 0.0), float(size - 1)) for center in centers]


# --- Dilated kernels on small maps ----------------------------------------------------------------


def valid_weights(size: int | tuple[int, int], dilation: int, *, kernel_size: int = 3) -> dict[int, float]:
    """The share of a map's positions at which so many weights of a dilated kernel are on the map.

    `size` is one side of a square map or `(H, W)`; the kernel is centered, so `kernel_size` must be odd.
    Gives count → share, largest count first, shares adding up to 1; a count that never occurs reads as 0.
    Chen et al., "Rethinking atrous convolution" (DeepLab v3, 2017), figure 4.

    >>> valid_weights(4, 1) == {9: 4 / 16, 6: 8 / 16, 4: 4 / 16}
    True
    >>> valid_weights(28, 36)  # torchvision's largest rate on a 224-pixel crop: a 1×1 convolution
    {1: 1.0}
    """
    height, width = size if isinstance(size, (tuple, list)) and len(size) == 2 else (size, size)
    height, dilation, kernel_size = whole_numbers(size=height, dilation=dilation, kernel_size=kernel_size)
    (width,) = whole_numbers(size=width)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, or the kernel has no center; got {kernel_size}")
    _require_listable("kernel_size", kernel_size, entries=min(kernel_size, max(height, width)) ** 2)
    rows = _valid_taps(height, dilation, kernel_size)
    columns = _valid_taps(width, dilation, kernel_size)
    positions: Counter[int] = Counter()
    for (on_rows, row_count), (on_columns, column_count) in product(rows.items(), columns.items()):
        positions[on_rows * on_columns] += row_count * column_count
    return _Shares((count, positions[count] / (height * width)) for count in sorted(positions, reverse=True))


def _valid_taps(size: int, dilation: int, kernel_size: int) -> Counter[int]:
    """Along one axis: taps on the map → how many positions have that many."""
    half = kernel_size // 2
    reach = range(1, min(half, (size - 1) // dilation) + 1)
    # The count changes only where a further tap enters on the left or leaves on the right.
    edges = {0, size} | {dilation * tap for tap in reach} | {size - dilation * tap for tap in reach}
    taps: Counter[int] = Counter()
    for start, stop in pairwise(sorted(edges)):
        taps[1 + min(half, start // dilation) + min(half, (size - 1 - start) // dilation)] += stop - start
    return taps


class _Shares(dict[int, float]):
    """A dict in which a count that never occurs has a share of 0."""

    def __missing__(self, count: int) -> float:
        return 0.0


# --- Receptive fields -----------------------------------------------------------------------------


@dataclass(frozen=True)
class ReceptiveField:
    """What an interior unit sees along one axis, in input pixels.

    `size`: from the first input it sees to the last, holes included. `stride`: how far that window moves from
    one unit to the next. `padding`: how far the first unit's window begins before the input.
    """

    size: int
    stride: int
    padding: int


def receptive_field(layers: Iterable[tuple[int, int, int, int]]) -> ReceptiveField:
    """The receptive field of a stack of layers `(kernel_size, stride, padding, dilation)`, in order.

    Each layer widens the field by its span less one, counted in strides of the layers before it
    (Araujo, Norris and Sim, 2019).

    >>> receptive_field([(3, 1, 1, 1), (2, 2, 0, 1), (3, 1, 1, 1)])  # 1 + 2·1 + 1·1 + 2·2
    ReceptiveField(size=8, stride=2, padding=3)
    """
    size, stride, padding = 1, 1, 0
    for index, layer in enumerate(layers):
        if not isinstance(layer, (tuple, list)) or len(layer) != 4:
            raise TypeError(f"layers must be tuples (kernel_size, stride, padding, dilation), got {layer!r} at {index}")
        layer_kernel, layer_stride, layer_padding, layer_dilation = whole_numbers(
            kernel_size=layer[0], stride=layer[1], padding=layer[2], dilation=layer[3]
        )
        size += (_span(layer_kernel, layer_dilation) - 1) * stride
        padding += layer_padding * stride
        stride *= layer_stride
    return ReceptiveField(size, stride, padding)


# --- What the formulas share ----------------------------------------------------------------------


def _span(kernel_size: int, dilation: int) -> int:
    """From a dilated kernel's first tap to its last, both included."""
    return dilation * (kernel_size - 1) + 1


def _ceil_divide(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def _least_transposed_size(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> int:
    """The size before output padding: also the least size that the convolution maps to `size`."""
    return stride * (size - 1) + _span(kernel_size, dilation) - 2 * padding


def whole_numbers(**parameters: object) -> list[int]:
    """The parameters as ints, each checked: paddings and places from 0 up, everything else from 1 up."""
    for name, value in parameters.items():
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be a whole number, got {value!r}")
        least = 0 if name in FROM_ZERO else 1
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    return [int(value) for value in parameters.values()]  # type: ignore[call-overload]


def _require_kernel_fits(size: int, kernel_size: int, padding: int, dilation: int) -> None:
    span, padded = _span(kernel_size, dilation), size + 2 * padding
    if span > padded:
        raise ValueError(
            f"kernel_size must fit into the padded input: {kernel_size} with dilation {dilation} spans "
            f"{span} pixels, but size {size} with padding {padding} on both sides has {padded}; "
            f"take a smaller kernel or dilation, or a padding of {_ceil_divide(span - size, 2)}"
        )


def _require_listable(name: str, value: int, entries: int | None = None) -> None:
    if (value if entries is None else entries) > MAX_ENTRIES:
        raise ValueError(f"{name} {value} is too large: the answer may have {MAX_ENTRIES:,} entries at most")
