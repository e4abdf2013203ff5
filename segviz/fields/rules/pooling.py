"""Pools over windows, their unpooling, and pools to a given size."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ...arithmetic import conv_transpose_size, pool_size
from ..maps import Traced
from ..relations import Everything, Relation, Table, Window
from .outputs import pair, require_maps, spatial


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _pool(x, kernel_size, stride, padding, dilation, ceil_mode, mean=False)


def max_pool2d_with_indices(*args, **kwargs):
    pooled = max_pool2d(*args, **kwargs)
    return pooled, pooled


def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    return _pool(x, kernel_size, stride, padding, 1, ceil_mode, mean=True)


def lp_pool2d(x, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _pool(x, kernel_size, stride, 0, 1, ceil_mode, mean=True)


def _pool(x, kernel_size, stride, padding, dilation, ceil_mode, *, mean: bool) -> Traced:
    require_maps(x, "pooling")
    strides = pair(kernel_size if stride is None or stride == [] else stride)
    settings = (pair(kernel_size), strides, pair(padding), pair(dilation), (bool(ceil_mode),) * 2, (mean,) * 2)
    rows, cols = map(_pool_window, x.node.size, *settings)
    return spatial(x, x.shape[1], rows, cols, (rows.out_size, cols.out_size))


@lru_cache
def _pool_window(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool, mean: bool
) -> Window:
    """A maximum is each pixel's with equal chance; a mean divides every derivative, and squared that is energy."""
    out_size = pool_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    energy = 1 / kernel_size ** (2 if mean else 1)
    return Window(out_size, size, kernel_size, stride, padding, dilation, energy=energy)


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None) -> Traced:
    """Every place that the stored indices could name: where in its window a maximum lay depends on the input."""
    require_maps(x, "max_unpool2d")
    strides = pair(kernel_size if stride is None or stride == [] else stride)
    targets = (None, None) if output_size is None else output_size[-2:]
    rows, cols = map(_unpool_window, x.node.size, pair(kernel_size), strides, pair(padding), targets)
    return spatial(x, x.shape[1], rows, cols, (rows.out_size, cols.out_size))


def _unpool_window(size: int, kernel_size: int, stride: int, padding: int, target: int | None) -> Window:
    out_size = target or conv_transpose_size(size, kernel_size, stride=stride, padding=padding)
    return Window(out_size, size, kernel_size, stride, padding, transposed=True, energy=1 / kernel_size)


def adaptive_avg_pool2d(x, output_size):
    return _adaptive_pool(x, output_size, mean=True)


def adaptive_max_pool2d(x, output_size, return_indices=False):
    return _adaptive_pool(x, output_size, mean=False)


def adaptive_max_pool2d_with_indices(x, output_size, return_indices=False):
    pooled = _adaptive_pool(x, output_size, mean=False)
    return pooled, pooled


def _adaptive_pool(x, output_size, *, mean: bool) -> Traced:
    require_maps(x, "adaptive pooling")
    targets = tuple(n if t is None else t for t, n in zip(pair(output_size), x.node.size, strict=True))
    rows, cols = (bins(n, out, mean) for n, out in zip(x.node.size, targets, strict=True))
    return spatial(x, x.shape[1], rows, cols, targets)


def bins(size: int, out_size: int, mean: bool, *, bounded: bool = False) -> Relation:
    """The map cut into `out_size` bins of nearly equal size, as adaptive pools and area resizing cut it."""
    if out_size == size:
        return None
    if out_size == 1:
        return Everything(size, energy=1 / size ** (2 if mean else 1))
    starts = [q * size // out_size for q in range(out_size)]
    stops = [-(-(q + 1) * size // out_size) for q in range(out_size)]
    lengths = np.subtract(stops, starts)
    out_index = np.repeat(np.arange(out_size), lengths)
    in_index = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])
    energy = 1 / lengths[out_index] ** (2.0 if mean else 1.0)
    return Table(size, out_index, in_index, energy, step=Fraction(size, out_size), bounded=bounded)
