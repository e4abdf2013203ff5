"""Several maps joined: element by element, broadcast as PyTorch does."""

import math
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from .layouts import PLAIN, Digit, Layout, has_positions, plain, size_of
from .maps import Edge, Jump, Node, UnsupportedOperation
from .placing import AXES, MEAN, Gain, Placed, digits_of, put_together, reading, settled
from .relations import Everything, Relation, Table

Slots = tuple[tuple[int, int, int, int], ...]
# Every position reads its own.
_HERE = (None, None)


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
