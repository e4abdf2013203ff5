"""Dimensions put together, exchanged, added and repeated."""

from collections.abc import Callable

from torch import Tensor

from ..maps import Traced, UnsupportedOperation, shape_of, traced
from .outputs import collapse, join, widen


def reshaped(func: Callable) -> Callable[..., Traced]:
    """view, flatten, …: rows and columns may stay as they are, or be lost in a longer dimension, but not be cut up."""

    def rule(x, *args, **kwargs) -> Traced:
        shape = shape_of(func, x, *args, **kwargs)
        if x.node.size == (1, 1):
            if len(shape) < 4 or tuple(shape[-2:]) == (1, 1):
                return traced(shape, x.node, (-2, -1) if len(shape) >= 4 else None)
            if x.node.flat:
                raise UnsupportedOperation(f"{func.__name__} to {tuple(shape)} makes a map out of a flattened one")
            return widen(traced((*shape[:-2], 1, 1), x.node), shape)
        assert x.dims is not None
        kept = -x.dims[0]  # from the rows on, nothing may change
        if len(shape) >= kept and shape[-kept:] == x.shape[-kept:]:
            return traced(shape, x.node, x.dims)
        return collapse(x, shape, flat=True)

    return rule


def permute(x, *order) -> Traced:
    order = order[0] if len(order) == 1 and not isinstance(order[0], int) else order
    places = [d % x.ndim for d in order]
    shape = [x.shape[d] for d in places]
    if x.dims is None:
        return traced(shape, x.node, None)
    dims = tuple(places.index(d + x.ndim) - x.ndim for d in x.dims)
    return traced(shape, x.node, dims)  # type: ignore[arg-type]


def transpose(x, dim0, dim1) -> Traced:
    order = list(range(x.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(x, order)


def expand(x, *shape) -> Traced:
    shape = shape_of(Tensor.expand, x, *shape)
    if x.dims is None:
        return traced(shape, x.node, None)
    return join(shape, [(x, 1.0)]) if (shape[x.dims[0]], shape[x.dims[1]]) == x.node.size else widen(x, shape)
