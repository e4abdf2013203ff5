"""Padding, cropping, splitting, concatenation; and writing into a part of a tensor."""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..broadcast import join
from ..layouts import COLS, PLAIN, ROWS, Digit, has_positions, plain, size_of, whole
from ..maps import UnsupportedOperation
from ..placing import Placed, digits_of, reading, settled
from ..relations import Relation, Table, Window


def _with(x: Placed, dim: int, digits: tuple[Digit, ...], *, gone: bool = False) -> Placed:
    return Placed(x.node, (*x.layout[:dim], *(() if gone else (digits,)), *x.layout[dim + 1 :]))


def _axis_of(x: Placed, dim: int) -> int | None:
    """The axis whose positions a dimension holds, if any."""
    axes = sorted({digit.axis for digit in x.layout[dim]} - {PLAIN})
    return axes[0] if axes else None


def _moved(x: Placed, dim: int, axis: int, relation: Relation, size: int) -> Placed:
    """The axis read through a relation, which leaves it `size` long."""
    assert x.node is not None
    relations: list[Relation] = [None, None]
    sizes = list(x.node.size)
    relations[axis], sizes[axis] = relation, size
    return Placed(reading(x.node, relations, sizes), _with(x, dim, whole(axis, size)).layout)


# --- Padding ----------------------------------------------------------------------------------------------------


def padding(mode: str):
    def rule(out, x, pad=(), padding=()) -> Placed:
        pad = pad or padding
        for number in range(len(pad) // 2):
            before, after = pad[2 * number], pad[2 * number + 1]
            dim = len(x.layout) - 1 - number
            size, n = size_of(x.layout[dim]), out.size[dim]
            axis = _map_axis(x, dim)
            if axis is None:
                x = _with(x, dim, plain(n))
            elif before or after:
                x = settled(x, dim, axis)
                outside = (
                    Window(n, size, padding=before) if mode == "constant" else _reflected(size, before, after, mode)
                )
                x = _moved(x, dim, axis, outside, n)
        return x

    return rule


def _map_axis(x: Placed, dim: int) -> int | None:
    """The axis that a dimension holds, or would hold in maps (N, C, H, W) or (N, C, W), if nothing else holds it."""
    axis = _axis_of(x, dim)
    if axis is None and len(x.layout) in (3, 4) and dim > 1:
        axis = COLS if dim == len(x.layout) - 1 else ROWS
        if x.node is not None and x.node.size[axis] > 1:
            return None
    return axis


@lru_cache(256)
def _reflected(size: int, before: int, after: int, mode: str) -> Table:
    places = np.arange(-before, size + after)
    if mode == "reflect":
        places = size - 1 - np.abs(size - 1 - places % max(1, 2 * size - 2))
    return Table(size, np.arange(len(places)), places.clip(0, size - 1), np.ones(len(places)))


# --- Parts ------------------------------------------------------------------------------------------------------


def slice_(out, x, dim=0, start=None, end=None, step=1) -> Placed:
    dim %= len(x.layout)
    return _part(x, dim, range(*slice(start, end, step).indices(size_of(x.layout[dim]))))


def write_slice(base: Placed, new: Placed, shape: Sequence[int], dim=0, start=None, end=None, step=1) -> Placed:
    dim %= len(shape)
    return _inlaid(base, new, shape, dim, range(*slice(start, end, step).indices(shape[dim])))


def select(out, x, dim, index) -> Placed:
    dim %= len(x.layout)
    index %= size_of(x.layout[dim])
    return _with(_part(x, dim, range(index, index + 1)), dim, (), gone=True)


def write_select(base: Placed, new: Placed, shape: Sequence[int], dim, index) -> Placed:
    dim, index = dim % len(shape), index % shape[dim]
    single = Placed(new.node, (*new.layout[:dim], (), *new.layout[dim:]))
    return _inlaid(base, single, shape, dim, range(index, index + 1))


def split_with_sizes(out, x, split_sizes, dim=0) -> list[Placed]:
    starts = itertools.accumulate(split_sizes, initial=0)
    return [slice_(None, x, dim, start, start + n) for start, n in zip(starts, split_sizes, strict=False)]


def split(out, x, dim=0) -> list[Placed]:
    return split_with_sizes(out, x, [shape.size[dim] for shape in out], dim)


def unbind(out, x, dim=0) -> list[Placed]:
    return [select(None, x, dim, index) for index in range(len(out))]


def _part(x: Placed, dim: int, kept: range | Sequence[int]) -> Placed:
    """Some of the elements along a dimension."""
    digits, n = x.layout[dim], size_of(x.layout[dim])
    if list(kept) == list(range(n)):
        return x
    axis = _axis_of(x, dim)
    if axis is None or x.node is None:
        return _with(x, dim, plain(len(kept)))
    if len(digits) > 1:
        x = settled(x, dim, axis)
    (digit,) = x.layout[dim]
    assert x.node is not None
    if digit == Digit(axis, x.node.size[axis], 1):
        if isinstance(kept, range):
            relation: Relation = Window(len(kept), n, stride=kept.step, padding=-kept.start)
        else:
            relation = Table(n, np.arange(len(kept)), np.asarray(kept), np.ones(len(kept)))
        return _moved(x, dim, axis, relation, len(kept))
    return _part_of_a_digit(x, dim, digit, kept)


def _part_of_a_digit(x: Placed, dim: int, digit: Digit, kept: Sequence[int]) -> Placed:
    """Some of the places in every window: the other digits of the axis lie elsewhere."""
    assert x.node is not None
    axis, found = digit.axis, sorted(digits_of(x.layout, digit.axis), key=lambda f: f[2].step)
    size, step, positions, layout = 1, 1, np.zeros(1, dtype=int), list(x.layout)
    for where, place, other in found:
        values = np.asarray(kept) if other == digit else np.arange(other.size)
        positions = (values[:, None] * other.step + positions[None, :]).ravel()
        held = list(layout[where])
        held[place] = Digit(axis, len(values), step)
        layout[where] = tuple(d for d in held if d.size > 1)
        size, step = size * len(values), step * len(values)
    relations: list[Relation] = [None, None]
    sizes = list(x.node.size)
    finest = found[0][2].step
    relations[axis] = Table(x.node.size[axis], np.arange(size), positions, np.ones(size), step=Fraction(finest))
    sizes[axis] = size
    return Placed(reading(x.node, relations, sizes), tuple(layout))


def _inlaid(base: Placed, new: Placed, shape: Sequence[int], dim: int, kept: range) -> Placed:
    """`base` with `new` written over the elements `kept` of a dimension."""
    n = shape[dim]
    if len(kept) == n:
        return new
    axis = _axis_of(base, dim) if base.node else None
    if axis is None and new.node:
        axis = _axis_of(new, dim) if base.node else _map_axis(new, dim)
    if axis is None:  # channels
        parts = [(_with(x, dim, ()), 1.0) for x in (base, new)]
        return _with(join(parts, [1 if d == dim else m for d, m in enumerate(shape)]), dim, plain(n))
    parts = []
    if base.node:
        base = settled(base, dim, axis)
        outside = np.setdiff1d(np.arange(n), np.asarray(kept))
        table = Table(n, outside, outside, np.ones(len(outside)))
        parts.append((_moved(base, dim, axis, table, n), 1.0))
    if new.node:
        new = settled(new, dim, axis)
        window = Window(n, len(kept), stride=kept.step, padding=-kept.start, transposed=True)
        inside = _moved(new, dim, axis, window, n)
        # It is the base's step that counts.
        if base.node and inside.node and base.node.size[axis] == n:
            jump = list(inside.node.jump)
            jump[axis] = base.node.jump[axis]
            inside = inside._replace(node=type(inside.node)(inside.node.size, (jump[0], jump[1]), inside.node.edges))
        parts.append((inside, 1.0))
    return join(parts, shape)


def index_(out, x, indices) -> Placed:
    """With whole tensors of indices or masks, as constants; along rows or columns with one that has one dimension."""
    if any(isinstance(i, Placed) for i in indices):
        raise UnsupportedOperation("indexing with a tensor that comes from the input cannot be traced")
    named = [(dim, i) for dim, i in enumerate(indices) if i is not None]
    held = [dim for dim, _ in named if has_positions(x.layout[dim])]
    if held:
        (dim, places), *others = named
        if others or not isinstance(places, Tensor) or places.ndim != 1 or places.is_meta:
            raise UnsupportedOperation("indexing rows or columns with several tensors at once cannot be traced")
        kept = places.nonzero().flatten() if places.dtype == torch.bool else places % size_of(x.layout[dim])
        return _part(x, dim, kept.tolist())
    consumed = sum(i.ndim if i.dtype == torch.bool else 1 for _, i in named)
    first = named[0][0]
    adjacent = all(b[0] - a[0] == 1 for a, b in itertools.pairwise(named))
    new = len(out.size) - (len(x.layout) - consumed)
    front = x.layout[:first] if adjacent else ()
    gone = {dim for dim, _ in named} | set(range(first, first + consumed) if adjacent else ())
    rest = [digits for dim, digits in enumerate(x.layout) if dim not in gone and not (adjacent and dim < first)]
    at = len(front)
    return Placed(x.node, (*front, *map(plain, out.size[at : at + new]), *rest))


def index_select(out, x, dim, index) -> Placed:
    dim %= len(x.layout)
    return index_(out, x, [*[None] * dim, index])


def roll(out, x, shifts, dims=()) -> Placed:
    if not dims:
        if any(map(has_positions, x.layout)):
            raise UnsupportedOperation("roll over all dimensions at once cannot be traced")
        return x
    for shift, dim in zip(shifts, dims, strict=True):
        dim %= len(x.layout)
        axis = _axis_of(x, dim)
        if axis is not None:
            x = settled(x, dim, axis)
            n = size_of(x.layout[dim])
            x = _moved(x, dim, axis, _rolled(n, shift % n), n)
    return x._replace(places=None)


@lru_cache(64)
def _rolled(size: int, shift: int) -> Table:
    return Table(size, np.arange(size), (np.arange(size) - shift) % size, np.ones(size))


def flip(out, x, dims) -> Placed:
    for dim in dims:
        dim %= len(x.layout)
        axis = _axis_of(x, dim)
        if axis is not None:
            x = settled(x, dim, axis)
            n = size_of(x.layout[dim])
            x = _moved(x, dim, axis, Table(n, np.arange(n), np.arange(n)[::-1], np.ones(n), step=Fraction(-1)), n)
    return x._replace(places=None)


# --- Concatenation ----------------------------------------------------------------------------------------------


def cat(out, x, dim=0) -> Placed:
    dim %= len(out.size)
    sizes = [_size_along(tensor, dim) for tensor in x]
    # An empty tensor of another rank may stand among them, and counts for nothing.
    tensors = [tensor for tensor, n in zip(x, sizes, strict=True) if n is not None]
    sizes = [n for n in sizes if n is not None]
    traced = [x for x in tensors if isinstance(x, Placed) and x.node]
    axes = {_axis_of(x, dim) for x in traced} - {None}
    if not axes:  # single rows or columns that stand side by side are positions from here on
        axes = {_map_axis(x, dim) for x in traced}
        axes = axes if None not in axes else set()
    starts = itertools.accumulate(sizes, initial=0)
    pieces = zip(tensors, sizes, starts, strict=False)
    known = [(part, n, start) for part, n, start in pieces if isinstance(part, Placed) and part.node]
    total = out.size[dim]
    if not axes:
        thin = [1 if d == dim else n for d, n in enumerate(out.size)]
        return _with(join([(_with(part, dim, ()), n / total) for part, n, _ in known], thin), dim, plain(total))
    (axis, *others) = axes
    if others or axis is None:
        raise UnsupportedOperation("cat of rows with columns cannot be traced")
    moved = [
        (_moved(settled(part, dim, axis), dim, axis, Window(total, n, padding=start), total), 1.0)
        for part, n, start in known
    ]
    return join(moved, out.size)


def _size_along(x: Any, dim: int) -> Any:
    if isinstance(x, Placed):
        return size_of(x.layout[dim]) if dim < len(x.layout) else None
    return x.shape[dim] if dim < x.ndim else None


def stack(out, x, dim=0) -> Placed:
    dim %= len(out.size)
    wide = [
        Placed(y.node, (*y.layout[:dim], (), *y.layout[dim:])) if isinstance(y, Placed) else y.unsqueeze(dim) for y in x
    ]
    return cat(out, wide, dim)


def glu(out, x, dim=-1) -> Placed:
    dim %= len(x.layout)
    half = out.size[dim]
    return join([(slice_(None, x, dim, k * half, (k + 1) * half), 1.0) for k in (0, 1)], out.size)
