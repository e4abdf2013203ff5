"""What the rules are made of: operations that read one map through windows, and what reads nothing."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

from ..answers import Shape
from ..broadcast import join
from ..layouts import no_positions, plain, whole
from ..maps import UnsupportedOperation
from ..placing import Gain, Placed, laid_out, put_together, reading
from ..relations import Relation, Window


def along(value: Sequence[Any] | Any, number: int) -> Any:
    """PyTorch's habit: one value for every dimension, or one each."""
    if type(value) is not list and type(value) is not tuple:
        return value
    return value[number] if len(value) > 1 else value[0]


def constant(out: Shape) -> Placed:
    return Placed(None, no_positions(out.size))


def dims_of(x: Placed, dim: Any) -> set[int]:
    """Dimensions counted from the start; all if none are named."""
    ndim = len(x.layout)
    named = range(ndim) if dim is None else dim if isinstance(dim, list | tuple) else [dim]
    return {d % ndim for d in named or range(ndim)}


def windowed(
    x: Placed,
    out: Shape,
    name: str,
    window: Callable[[int, int], Relation],
    *,
    spatial: int = 2,
    gain: Gain = 1.0,
    kernel: Callable[[], NDArray] | None = None,
) -> Placed:
    """The output of an operation over the last dimensions; `window` gives the relation of (dimension, input size)."""
    x, axes = laid_out(x, name, spatial)
    assert x.node is not None
    layout, sizes = list(x.layout), list(x.node.size)
    relations: list[Relation] = [None, None]
    first = len(layout) - spatial
    layout[first - 1] = plain(out.size[first - 1])
    for number, axis in enumerate(axes):
        n = out.size[first + number]
        layout[first + number] = plain(n) if axis is None else whole(axis, n)
        if axis is None:
            continue
        relation = window(number, x.node.size[axis])
        if isinstance(relation, Window) and relation.out_size != n:
            raise UnsupportedOperation(f"{name}: its rule gives a map of {relation.out_size} where PyTorch gives {n}")
        relations[axis], sizes[axis] = relation, n
    if kernel is not None and None in relations:
        gain, kernel = partial(_total, kernel), None
    return Placed(reading(x.node, relations, sizes, gain, kernel), tuple(layout))


def _total(kernel: Callable[[], NDArray]) -> float:
    return float(kernel().sum())


def with_all_of(x: Placed, others: Sequence[Any], out: Shape) -> Placed:
    """An output that also reads all of some other tensors, where these come from the input: computed weights."""
    if not any(isinstance(other, Placed) for other in others):
        return x
    more = [put_together(other, range(len(other.layout))) for other in others if isinstance(other, Placed)]
    more = [Placed(other.node, ((),) * len(out.size)) for other in more if other.node is not None]
    return join([(x, 1.0), *((other, 1.0) for other in more)], out.size) if more else x
