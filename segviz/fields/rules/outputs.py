"""What the rules are made of: the outputs of operations that read one map, or several, in one of a few ways."""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray

from ..maps import Edge, Jump, Node, Size, Traced, UnsupportedOperation, traced
from ..relations import Everything, Relation, Table, Window, grows_with_the_map


def pair(value: Any) -> tuple[Any, Any]:
    """PyTorch's habit: one value for both axes, or one each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return (values * 2)[:2]


def require_maps(x: Traced, name: str) -> None:
    if x.dims != (-2, -1) or x.ndim != 4:
        raise UnsupportedOperation(f"{name} must get maps (N, C, H, W) to be traced, got the shape {tuple(x.shape)}")


def spatial(
    x: Traced,
    channels: int,
    rows: Relation,
    cols: Relation,
    size: Size,
    kernel: Callable[[], NDArray] | None = None,
) -> Traced:
    """The output of a layer that reads one map."""
    node = Node(size, jumps(x, rows, cols), (Edge(x.node, rows, cols, kernel=kernel),))
    return traced((*x.shape[:-3], channels, *size), node)


def jumps(x: Traced, rows: Relation, cols: Relation) -> Jump:
    """The steps of the map that reads `x` through these relations."""
    return _jump(x.node.jump[0], rows), _jump(x.node.jump[1], cols)


def _jump(step: Fraction | float, relation: Relation) -> Fraction | float:
    if relation is None or step == math.inf:
        return step
    if isinstance(relation, Window):
        return step / relation.stride if relation.transposed else step * relation.stride
    if grows_with_the_map(relation):
        return math.inf
    return step * relation.step if isinstance(relation, Table) else step


def join(shape: Sequence[int], parts: Iterable[tuple[Traced, float]]) -> Traced:
    """The output of an operation that reads several tensors position by position, broadcasting single ones."""
    parts = list(parts)
    wide = [x for x, _ in parts if x.node.size != (1, 1)] or [x for x, _ in parts]
    if len({x.dims for x in wide}) > 1:
        raise UnsupportedOperation("tensors are combined whose rows and columns lie in different dimensions")
    dims = wide[0].dims
    size = (1, 1) if dims is None else (shape[dims[0]], shape[dims[1]])
    jump = tuple(min(steps, key=_plainness) for steps in zip(*(x.node.jump for x in wide), strict=True))
    edges = []
    for x, gain in parts:
        rows, cols = (None if n == m else Everything(n) for n, m in zip(x.node.size, size, strict=True))
        edges.append(Edge(x.node, rows, cols, gain))
    flat = any(x.node.flat for x, _ in parts)
    return traced(shape, Node(size, jump, tuple(edges), flat), dims)  # type: ignore[arg-type]


def _plainness(step: Fraction | float) -> tuple[float, Fraction | float]:
    return (step.denominator, step) if isinstance(step, Fraction) else (math.inf, step)


def one_by_one(x: Traced, gain: Callable[[], float] | float = 1.0) -> Traced:
    """Every position reads its own alone."""
    node = Node(x.node.size, x.node.jump, (Edge(x.node, gain=gain),), x.node.flat)
    return traced(x.shape, node, x.dims)


def collapse(x: Traced, shape: Sequence[int], *, flat: bool) -> Traced:
    """Rows and columns are lost: averaged away, or strung out for a layer that mixes them."""
    rows, cols = (None if n == 1 else Everything(n, 1 / n if flat else 1 / n**2) for n in x.node.size)
    jump = jumps(x, rows, cols)
    return traced(shape, Node((1, 1), jump, (Edge(x.node, rows, cols),), flat), None)


def widen(x: Traced, shape: Sequence[int]) -> Traced:
    """Single rows or columns are repeated over a map."""
    assert x.dims is not None
    size = (shape[x.dims[0]], shape[x.dims[1]])
    rows, cols = (None if n == m else Everything(n) for n, m in zip(x.node.size, size, strict=True))
    return traced(shape, Node(size, x.node.jump, (Edge(x.node, rows, cols),)), x.dims)
