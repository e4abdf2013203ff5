"""Dimensions put together, cut up, exchanged, added and repeated; and what writing on such a view does to its base."""

from collections.abc import Sequence

from ..broadcast import join
from ..layouts import Digit, has_positions, merged, no_positions, plain, regrouped, size_of, whole
from ..maps import UnsupportedOperation
from ..placing import Placed, reading, settled
from ..relations import Relation, Window


def reshaped(out, x) -> Placed:
    """view, unsqueeze, …: the same elements in the same order."""
    return x._replace(layout=regrouped(x.layout, out.size), places=None)


def write_reshaped(base: Placed, new: Placed, shape: Sequence[int]) -> Placed:
    return new._replace(layout=regrouped(new.layout, shape))


def permute(out, x, dims) -> Placed:
    return x._replace(layout=tuple(x.layout[d] for d in dims), places=None)


def write_permuted(base: Placed, new: Placed, shape: Sequence[int], dims) -> Placed:
    layout: list[tuple[Digit, ...]] = [()] * len(dims)
    for place, d in enumerate(dims):
        layout[d] = new.layout[place]
    return new._replace(layout=tuple(layout))


def transpose(out, x, dim0, dim1) -> Placed:
    return permute(out, x, _exchanged(len(x.layout), dim0, dim1))


def write_transposed(base: Placed, new: Placed, shape: Sequence[int], dim0, dim1) -> Placed:
    return write_permuted(base, new, shape, _exchanged(len(shape), dim0, dim1))


def _exchanged(ndim: int, dim0: int, dim1: int) -> list[int]:
    order = list(range(ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return order


def t(out, x) -> Placed:
    return permute(out, x, range(len(x.layout))[::-1])


def write_t(base: Placed, new: Placed, shape: Sequence[int]) -> Placed:
    return write_permuted(base, new, shape, range(len(shape))[::-1])


def write_same(base: Placed, new: Placed, shape: Sequence[int]) -> Placed:
    return new


def expand(out, x) -> Placed:
    return x._replace(layout=join([(x, 1.0)], out.size).layout) if x.node else Placed(None, tuple(map(plain, out.size)))


def repeat(out, x, repeats) -> Placed:
    """The whole tensor again and again: the copies are the coarser digit."""
    layout = ((),) * (len(repeats) - len(x.layout)) + x.layout
    return Placed(x.node, tuple(merged(plain(r) + digits) for r, digits in zip(repeats, layout, strict=True)))


def unfold(out, x, dimension, size, step) -> Placed:
    """`Tensor.unfold`: windows along one dimension, their taps in a new last one."""
    dim = dimension % len(x.layout)
    axes = {digit.axis for digit in x.layout[dim] if digit.axis < 2}
    if not axes:
        return Placed(x.node, (*x.layout[:dim], plain(out.size[dim]), *x.layout[dim + 1 :], plain(size)))
    (axis,) = axes if len(axes) == 1 else (0,)
    x = settled(x, dim, axis)
    relations: list[Relation] = [None, None]
    sizes = list(x.node.size)
    relations[axis] = Window(out.size[dim], size_of(x.layout[dim]), size, step)
    sizes[axis] = out.size[dim]
    layout = (*x.layout[:dim], whole(axis, out.size[dim]), *x.layout[dim + 1 :], plain(size))
    return Placed(reading(x.node, relations, sizes), layout)


def as_strided(out, x, size) -> Placed:
    """Of a tensor without rows and columns, as a global pool gives it: which element lies where makes no difference."""
    if any(map(has_positions, x.layout)):
        raise UnsupportedOperation("as_strided of a map cannot be traced")
    return Placed(x.node, no_positions(size))
