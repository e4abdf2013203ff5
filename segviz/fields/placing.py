"""Maps in tensors: positions put together, maps laid out as an operation needs them, several maps joined.

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
from .maps import Edge, Jump, Node, UnsupportedOperation
from .relations import Everything, Relation, Table, Window, grows_with_the_map

AXES = (ROWS, COLS)
Slots = tuple[tuple[int, int, int, int], ...]
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


# Every position reads its own.
_HERE = (None, None)

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


def statistics(x: Placed, dims: Collection[int], gain: Gain = 1.0) -> Placed:
    """Every position reads its own, and through a mean or the like all that differ from it in these dimensions."""
    if x.node is None:
        return x
    if not dims:
        return Placed(reading(x.node, _HERE, x.node.size, gain), x.layout)
    moments = put_together(x, dims, MEAN)
    if moments.node is x.node:
        return Placed(reading(x.node, _HERE, x.node.size, gain), x.layout)
    back = tuple(() if dim in dims else digits for dim, digits in enumerate(moments.layout))
    return join([(x, gain), (moments._replace(layout=back), 1.0)], [size_of(digits) for digits in x.layout])


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


# --- Several maps joined ----------------------------------------------------------------------------------------


def join(parts: Iterable[tuple[Placed, Gain]], shape: Sequence[int]) -> Placed:
    """The output of an operation that reads several tensors element by element, broadcast as PyTorch does."""
    known = [(x, gain) for x, gain in parts if x.node is not None]
    if not known:
        return Placed(None, tuple(plain(n) for n in shape))
    first = known[0][0]
    assert first.node is not None
    if all(x.layout == first.layout for x, _ in known) and tuple(map(size_of, first.layout)) == tuple(shape):
        # Element by element: the digits count alike, so the positions are the same.
        edges = tuple([Edge(x.node, None, None, gain) for x, gain in known])  # type: ignore[arg-type]
        return Placed(Node(first.node.size, _common_jump(known, first.node.size), edges), first.layout)
    if len(known) == 1 and len(known[0][0].layout) == len(shape):
        (x, gain) = known[0]
        layout = tuple(digits if size_of(digits) == n else plain(n) for digits, n in zip(x.layout, shape, strict=True))
        assert x.node is not None
        return Placed(reading(x.node, _HERE, x.node.size, gain), layout)
    known = [(Placed(x.node, ((),) * (len(shape) - len(x.layout)) + x.layout), gain) for x, gain in known]
    if _differ(known):
        known = [(_settled_everywhere(x), gain) for x, gain in known]
    layout, known = _common_layout(known, shape)
    sizes = tuple(size_of([digit for *_, digit in digits_of(layout, axis)]) for axis in AXES)
    across = []
    for x, gain in known:
        assert x.node is not None
        rows, cols = (_across(x.node.size[a], _slots(layout, a), _slots(x.layout, a)) for a in AXES)
        across.append(Edge(x.node, rows, cols, gain))
    return Placed(Node(sizes, _common_jump(known, sizes), tuple(across)), layout)  # type: ignore[arg-type]


def _slots(layout: Layout, axis: int) -> Slots:
    return tuple((dim, place, digit.size, digit.step) for dim, place, digit in digits_of(layout, axis))


def _differ(parts: Sequence[tuple[Placed, Gain]]) -> bool:
    """Whether some dimension holds different digits in different tensors."""
    dims = zip(*(x.layout for x, _ in parts), strict=True)
    return any(len({tuple(d[:2] for d in digits) for digits in dim if has_positions(digits)}) > 1 for dim in dims)


def _settled_everywhere(x: Placed) -> Placed:
    for dim, digits in enumerate(x.layout):
        axes = {digit.axis for digit in digits} - {PLAIN}
        for axis in axes if len(axes) == 1 else ():
            if len(digits_of(x.layout, axis)) == len(digits_of(x.layout, axis, [dim])):
                x = settled(x, dim, axis)
    return x


def _common_layout(
    parts: Sequence[tuple[Placed, Gain]], shape: Sequence[int]
) -> tuple[Layout, list[tuple[Placed, Gain]]]:
    """One layout for all, the largest map's first; what another has in a dimension of its own is put together."""
    layout: list[tuple[Digit, ...]] = [()] * len(shape)
    owned: set[int] = set()
    common: dict[int, tuple[Placed, Gain]] = {}
    by_size = sorted(range(len(parts)), key=lambda k: -math.prod(parts[k][0].node.size))  # type: ignore[union-attr]
    for k in by_size:
        x, gain = parts[k]
        strange, own = set(), set()
        for dim, digits in enumerate(x.layout):
            axes = {digit.axis for digit in digits} - {PLAIN}
            if not axes:
                continue
            if layout[dim]:
                if [d[:2] for d in layout[dim]] != [d[:2] for d in digits]:
                    raise UnsupportedOperation(
                        "tensors are combined whose rows and columns lie in different dimensions"
                    )
            elif axes & owned:
                strange.add(dim)
            else:
                own.add(dim)
        for dim in own:
            layout[dim] = x.layout[dim]
        owned |= {digit.axis for dim in own for digit in x.layout[dim]} - {PLAIN}
        common[k] = put_together(x, strange), gain
    filled = tuple(digits or plain(n) for digits, n in zip(layout, shape, strict=True))
    return filled, [common[k] for k in range(len(parts))]


@lru_cache(1024)
def _across(size: int, out: Slots, own: Slots) -> Relation:
    """From the joined map's positions along an axis to one part's."""
    if out == own:
        return None
    mine = {(dim, place): step for dim, place, _, step in own}
    shared = [(n, step, mine[dim, place]) for dim, place, n, step in out if (dim, place) in mine]
    if not shared:
        return Everything(1)
    total = math.prod(n for *_, n, _ in out)
    positions = np.arange(total)
    at = sum((positions // step % n) * source for n, step, source in shared)
    return Table(size, positions, np.asarray(at), np.ones(total))


def _common_jump(parts: Sequence[tuple[Placed, Gain]], sizes: Sequence[int]) -> Jump:
    first, *others = [x.node.jump for x, _ in parts if x.node is not None]
    if all(jump is first for jump in others):
        return first
    jumps = []
    for axis in AXES:
        steps = [x.node.jump[axis] for x, _ in parts if x.node is not None and x.node.size[axis] == sizes[axis]]
        jumps.append(min(steps, key=_plainness))
    return jumps[0], jumps[1]


def _plainness(step: Fraction | float) -> tuple[float, Fraction | float]:
    return (step.denominator, abs(step)) if isinstance(step, Fraction) else (math.inf, step)
