"""Pools over windows, their unpooling, and pools to a given size."""

from fractions import Fraction
from functools import lru_cache

import numpy as np

from ...arithmetic import pool_size
from ..answers import Shape
from ..layouts import size_of
from ..maps import UnsupportedOperation
from ..placing import Placed
from ..relations import Everything, Relation, Table, Window
from .outputs import along, windowed


def max_pool(spatial: int):
    def rule(out, x, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False) -> list[Placed]:
        pooled = _pool(x, out[0], spatial, kernel_size, stride, padding, dilation, ceil_mode, mean=False)
        indices = pooled
        if pooled.node is not None:
            (edge,) = pooled.node.edges
            if isinstance(edge.rows, Window) and isinstance(edge.cols, Window):
                indices = pooled._replace(places=(edge.rows, edge.cols))
        return [pooled, indices][: len(out)]

    return rule


def avg_pool(spatial: int):
    def rule(out, x, kernel_size, stride=(), padding=0, ceil_mode=False) -> Placed:
        return _pool(x, out, spatial, kernel_size, stride, padding, 1, ceil_mode, mean=True)

    return rule


def _pool(
    x, out: Shape, spatial: int, kernel_size, stride, padding, dilation, ceil_mode: bool, *, mean: bool
) -> Placed:
    def window(number: int, size: int) -> Window:
        taps = along(kernel_size, number)
        step = along(stride, number) if stride else taps
        return _pool_window(size, taps, step, along(padding, number), along(dilation, number), bool(ceil_mode), mean)

    return windowed(x, out, "pooling", window, spatial=spatial)


@lru_cache
def _pool_window(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool, mean: bool
) -> Window:
    """A maximum is each pixel's with equal chance; a mean divides every derivative, and squared that is energy."""
    out_size = pool_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    energy = 1 / kernel_size ** (2 if mean else 1)
    return Window(out_size, size, kernel_size, stride, padding, dilation, energy=energy)


def max_unpool2d(out, x, indices, output_size) -> Placed:
    """Every place that the indices could name: where in its window a maximum lay depends on the input."""
    if not isinstance(indices, Placed) or indices.places is None:
        raise UnsupportedOperation("unpooling with indices that do not come straight from a max-pool cannot be traced")
    shapes = [tuple(map(size_of, p.layout)) for p in (x, indices)]
    if shapes[0] != shapes[1]:  # without values PyTorch does not look
        raise ValueError(f"max_unpool2d: input and indices must have the same shape, got {shapes[0]} and {shapes[1]}")
    places = rows, cols = indices.places
    if output_size[1] != cols.in_size or output_size[0] < rows.in_size:
        raise UnsupportedOperation(
            f"unpooling {tuple(output_size)} with indices that count on a map of {(rows.in_size, cols.in_size)} "
            f"puts values into wrong places, so it cannot be traced"
        )

    def window(number: int, size: int) -> Window:
        pool = places[number]
        return Window(
            output_size[number],
            size,
            pool.kernel_size,
            pool.stride,
            pool.padding,
            pool.dilation,
            transposed=True,
            energy=1 / pool.kernel_size,
        )

    return windowed(x, out, "unpooling", window)


def adaptive_avg_pool(out, x, output_size) -> Placed:
    spatial = len(output_size)
    return windowed(x, out, "adaptive pooling", lambda k, n: bins(n, out.size[k - spatial], True), spatial=spatial)


def adaptive_max_pool(out, x, output_size) -> list[Placed]:
    spatial = len(output_size)
    pooled = windowed(
        x, out[0], "adaptive pooling", lambda k, n: bins(n, out[0].size[k - spatial], False), spatial=spatial
    )
    return [pooled, pooled]


@lru_cache(256)
def bins(size: int, out_size: int, mean: bool) -> Relation:
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
    return Table(size, out_index, in_index, energy, step=Fraction(size, out_size))
