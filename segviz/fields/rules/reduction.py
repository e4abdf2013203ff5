"""Means, sums, maxima and their kind over whole dimensions."""

import torch
from torch import Tensor

from ..maps import Edge, Node, Traced, UnsupportedOperation, traced
from ..relations import Everything
from .outputs import collapse, jumps
from .pointwise import pointwise


def reduction(x, dim=None, keepdim=False, **kwargs) -> Traced:
    """mean, sum, max, … over some dimensions."""
    dim = kwargs.get("axis", dim)
    reduced = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    gone = {d % x.ndim - x.ndim for d in reduced}
    shape = [1 if d in gone else n for d, n in zip(range(-x.ndim, 0), x.shape, strict=True)]
    short = [n for d, n in zip(range(-x.ndim, 0), x.shape, strict=True) if d not in gone]
    if x.dims is None:
        return traced(shape if keepdim else short, x.node, None)
    lost = [d in gone for d in x.dims]
    if all(lost) and not keepdim:
        return collapse(x, short, flat=False)
    if any(lost) and not keepdim:
        raise UnsupportedOperation("a reduction over rows or columns alone cannot be traced without keepdim=True")
    rows, cols = (Everything(n, energy=1 / n**2) if g else None for g, n in zip(lost, x.node.size, strict=True))
    size = (1 if lost[0] else x.node.size[0], 1 if lost[1] else x.node.size[1])
    node = Node(size, jumps(x, rows, cols), (Edge(x.node, rows, cols),))
    if keepdim:
        return traced(shape, node, x.dims)
    above, left = x.dims
    return traced(short, node, (above + sum(g > above for g in gone), left + sum(g > left for g in gone)))


def reduction_with_indices(x, *args, **kwargs):
    if not args and not kwargs:
        return reduction(x)
    if args and isinstance(args[0], Tensor):  # torch.max(a, b)
        return pointwise()(x, *args)
    reduced = reduction(x, *args, **kwargs)
    return torch.return_types.max((reduced, reduced))


def variance(x, dim=None, unbiased=True, keepdim=False, **kwargs) -> Traced:
    return reduction(x, None if isinstance(dim, bool) else dim, keepdim, **kwargs)


def norm(x, p="fro", dim=None, keepdim=False, **kwargs) -> Traced:
    return reduction(x, dim, keepdim, **kwargs)
