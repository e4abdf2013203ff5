"""Maps in tensors: positions put together, maps laid out as an operation needs them.

What the rules are made of. An output is told apart by its positions alone, so whatever a dimension holds that the
operation takes for channels is put together: the union of what its elements read.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .layouts import COLS, PLAIN, ROWS, Digit, Layout, has_positions, plain, size_of, whole
from .maps import Edge, Node, UnsupportedOperation
from .relations import Everything, Relation, Table, Window, grows_with_the_map

AXES = (ROWS, COLS)
Gain = Callable[[], float] | float


class Placed(NamedTuple):
    """A map, and where its positions lie in a tensor; without a map (None) the tensor reads nothing.

    `places`: for the indices of a max-pool, the windows along rows and columns in which they lie.
    """

    node: Node | None
    layout: Layout
    places: tuple[Window, Window] | None = None


def digits_of(layout: Layout, axis: int, dims: Collection[int] | None = None) -> list[tuple[int, int, Digit]]:
    """An axis's digits as (dimension, place in it, digit), in some dimensions or in all."""
    return [
        (dim, place, digit)
        for dim, digits in enumerate(layout)
        if dims is None or dim in dims
        for place, digit in enumerate(digits)
        if digit.axis == axis
    ]


def reading(
    node: Node,
    relations: Sequence[Relation],
    sizes: Sequence[int],
    gain: Gain = 1.0,
    kernel: Callable[[], NDArray] | None = None,
) -> Node:
    """A map that reads one other, through a relation along rows and one along columns."""
    rows, cols = relations
    if rows is None and cols is None:
        return Node(node.size, node.jump, (Edge(node, None, None, gain, kernel),))
    jump = _jump(node.jump[0], rows), _jump(node.jump[1], cols)
    return Node((sizes[0], sizes[1]), jump, (Edge(node, rows, cols, gain, kernel),))


def _jump(step: Fraction | float, relation: Relation) -> Fraction | float:
    if relation is None or type(step) is float:  # infinite; to compare a fraction takes longer
        return step
    if isinstance(relation, Window):
        return step / relation.stride if relation.transposed else step * relation.stride
    if grows_with_the_map(relation):
        return math.inf
    return step * relation.step if isinstance(relation, Table) else step


# --- Positions put together -----------------------------------------------------------------------------------

# What one input's share of an output's energy is, of `count` that are put together: `count` to the minus …
SUM, SHARE, MEAN = 0, 1, 2


def put_together(x: Placed, dims: Collection[int], power: int = SHARE) -> Placed:
    """The positions that differ in these dimensions alone become one, and the dimensions plain."""
    if x.node is None or not any(has_positions(x.layout[dim]) for dim in dims):
        return x
    layout, relations, sizes = list(x.layout), [], []
    for axis in AXES:
        kept = [found for found in digits_of(x.layout, axis) if found[0] not in dims]
        order = sorted({digit.step: digit.size for *_, digit in kept}.items())
        steps = dict(zip((step for step, _ in order), _products(n for _, n in order), strict=False))
        sizes.append(size_of([digit for *_, digit in kept]))
        relations.append(_gathered(x.node.size[axis], tuple(order), power))
        for dim, place, digit in kept:
            digits = list(layout[dim])
            digits[place] = digit._replace(step=steps[digit.step])
            layout[dim] = tuple(digits)
    for dim in dims:
        layout[dim] = plain(size_of(layout[dim]))
    return Placed(reading(x.node, relations, sizes), tuple(layout))


def _products(sizes: Iterable[int]) -> list[int]:
    products = [1]
    for n in sizes:
        products.append(products[-1] * n)
    return products


@lru_cache(256)
def _gathered(size: int, kept: tuple[tuple[int, int], ...], power: int) -> Relation:
    """From the positions that differ in the kept digits, (step, size) from the finest on, to all."""
    groups = math.prod(n for _, n in kept)
    if groups == size:
        return None
    energy = (size // groups) ** -float(power)
    if groups == 1:
        return Everything(size, energy)
    positions = np.arange(size)
    at = sum((positions // step % n) * new for (step, n), new in zip(kept, _products(n for _, n in kept), strict=False))
    return Table(size, np.asarray(at), positions, np.full(size, energy), step=Fraction(kept[0][0]))


# --- Laid out for an operation over rows and columns ------------------------------------------------------------


def settled(x: Placed, dim: int, axis: int) -> Placed:
    """All of an axis in one dimension, in order, whatever digits that dimension holds; the others hold none of it."""
    digits, n = x.layout[dim], size_of(x.layout[dim])
    if x.node is None or digits == whole(axis, n):
        return x
    if any(digit.axis == 1 - axis for digit in digits):
        raise UnsupportedOperation("rows and columns are exchanged, or lie in one dimension")
    if len(digits_of(x.layout, axis)) > len(digits_of(x.layout, axis, [dim])):
        raise UnsupportedOperation("rows or columns are cut up, and lie in several dimensions")
    sizes = list(x.node.size)
    relations: list[Relation] = [None, None]
    relations[axis] = _spread(x.node.size[axis], digits)
    sizes[axis] = n
    layout = (*x.layout[:dim], whole(axis, n), *x.layout[dim + 1 :])
    return Placed(reading(x.node, relations, sizes), layout)


@lru_cache(256)
def _spread(size: int, digits: tuple[Digit, ...]) -> Relation:
    """From a dimension's elements to the positions that they stand for."""
    n = size_of(digits)
    if size == 1:
        return None if n == 1 else Everything(1)
    steps = _products(digit.size for digit in digits[::-1])[-2::-1]
    elements = np.arange(n)
    at = sum(
        (elements // step % digit.size) * digit.step
        for digit, step in zip(digits, steps, strict=True)
        if digit.axis != PLAIN
    )
    finest, step = next((d, s) for d, s in zip(digits[::-1], steps[::-1], strict=True) if d.axis != PLAIN)
    return Table(size, elements, np.asarray(at), np.ones(n), step=Fraction(finest.step, step))


def _is_maps(x: Placed) -> bool:
    """(N, C, H, W), as nearly always."""
    layout = x.layout
    return (
        len(layout) == 4
        and not layout[0]
        and x.node is not None
        and layout[2] == whole(ROWS, x.node.size[0])
        and layout[3] == whole(COLS, x.node.size[1])
        and not has_positions(layout[1])
    )


def laid_out(x: Placed, name: str, spatial: int = 2) -> tuple[Placed, list[int | None]]:
    """The map so that an operation over the last dimensions can read it, and the axis that each of them is.

    A dimension without positions is left as it is (None) where they lie in the batch, else the map is widened to it.
    """
    if spatial == 2 and _is_maps(x):
        return x, [ROWS, COLS]
    ndim = len(x.layout)
    dims = range(ndim - spatial, ndim)
    axes: list[int | None] = []
    for number, dim in enumerate(dims):
        found = {digit.axis for digit in x.layout[dim]} - {PLAIN}
        if len(found) > 1:
            raise UnsupportedOperation(f"{name} along a dimension that holds rows and columns cannot be traced")
        axes.append(found.pop() if found else None if spatial != 2 else number)
    known = [axis for axis in axes if axis is not None]
    if known != sorted(set(known)):
        raise UnsupportedOperation(f"{name} of a map whose rows and columns are exchanged cannot be traced")
    batch = range(ndim - spatial - 1)
    x = put_together(x, {ndim - spatial - 1} if ndim > spatial else ())
    for number, (dim, axis) in enumerate(zip(dims, axes, strict=True)):
        if axis is None:
            continue
        if digits_of(x.layout, axis, batch):
            if has_positions(x.layout[dim]):
                raise UnsupportedOperation(
                    f"{name} of windows of a map, with their place in the batch, cannot be traced"
                )
            axes[number] = None
        else:
            x = settled(x, dim, axis)
    return x, axes
