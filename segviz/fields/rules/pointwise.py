"""Functions that treat positions one by one."""

from collections.abc import Callable
from typing import Any

from ..answers import Shape
from ..broadcast import join
from ..layouts import has_positions, plain, size_of
from ..maps import UnsupportedOperation
from ..placing import Placed
from .outputs import constant


def pointwise(gain: float = 1.0) -> Callable[..., Any]:
    """Any function that treats positions one by one; further tensors are broadcast as PyTorch does."""

    def rule(out: Shape | list[Shape], **arguments: Any) -> Any:
        parts = [(value, gain) for value in arguments.values() if isinstance(value, Placed)]
        if gain == 1 and len(parts) == 1 and isinstance(out, Shape) and _sizes(parts[0][0]) == out.size:
            return Placed(parts[0][0].node, parts[0][0].layout)
        if isinstance(out, list):
            return [join(parts, shape.size) if shape.size else constant(shape) for shape in out]
        return join(parts, out.size)

    return rule


def _sizes(x: Placed) -> tuple[int, ...]:
    return tuple(map(size_of, x.layout))


def same(out: Shape, x: Placed) -> Placed:
    """clone, detach, another type, … : nothing moves."""
    return x


def reads_nothing(out: Shape, **arguments: Any) -> Placed:
    """zeros_like, fill_ and their kind."""
    return constant(out)


def fill(out: Shape, x: Placed, value: Any) -> Placed:
    return copied(out, x, value)


def copied(out: Shape, x: Any, src: Any) -> Placed:
    """copy_: what was there is gone."""
    return join([(src, 1.0)], out.size) if isinstance(src, Placed) else constant(out)


def along_channels(out: Shape, x: Placed, dim: int = -1) -> Any:
    """cumsum, glu and their kind: position by position, as long as they do not run along rows or columns."""
    dim %= len(x.layout)
    if has_positions(x.layout[dim]):
        raise UnsupportedOperation("an operation that runs along rows or columns in order cannot be traced")
    if isinstance(out, list):
        return [along_channels(shape, x, dim) for shape in out]
    return Placed(x.node, (*x.layout[:dim], plain(out.size[dim]), *x.layout[dim + 1 :]))
