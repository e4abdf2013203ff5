"""Padding, cropping, splitting and concatenation."""

import itertools
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..maps import Edge, Node, Traced, UnsupportedOperation, run_on_shapes, shape_of, traced, traced_among
from ..relations import Relation, Table, Window
from .outputs import join, jumps
from .pointwise import pointwise


def pad(x, pad, mode="constant", value=None) -> Traced:
    ends = list(pad) + [0] * (2 * x.ndim - len(pad))
    shape = [n + ends[2 * k] + ends[2 * k + 1] for k, n in enumerate(reversed(x.shape))][::-1]
    if x.dims is None:
        raise UnsupportedOperation("pad after rows and columns are lost cannot be traced")
    rows, cols = (
        _padded(n, ends[-2 * dim - 2], ends[-2 * dim - 1], mode) for n, dim in zip(x.node.size, x.dims, strict=True)
    )
    size = (shape[x.dims[0]], shape[x.dims[1]])
    return traced(shape, Node(size, x.node.jump, (Edge(x.node, rows, cols),)), x.dims)


def _padded(size: int, before: int, after: int, mode: str) -> Relation:
    if before == after == 0:
        return None
    out_size = size + before + after
    if mode == "constant":
        return Window(out_size, size, padding=before)
    places = np.arange(-before, size + after)
    if mode == "reflect":
        places = size - 1 - np.abs(size - 1 - places % max(1, 2 * size - 2))
    elif mode == "circular":
        places = places % size
    return Table(size, np.arange(out_size), places.clip(0, size - 1), np.ones(out_size))


def getitem(x, key) -> Traced:
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(not isinstance(k, (slice, int)) and k is not Ellipsis for k in keys):
        raise UnsupportedOperation(f"indexing with {key!r} cannot be traced: only slices and whole numbers can")
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (x.ndim - len(keys) + 1)
    keys += [slice(None)] * (x.ndim - len(keys))
    if x.dims is None:
        return traced(shape_of(Tensor.__getitem__, x, tuple(keys)), x.node, None)
    relations: list[Relation] = []
    for dim, size in zip(x.dims, x.node.size, strict=True):
        if isinstance(keys[dim], int):
            raise UnsupportedOperation(f"indexing with {key!r} takes single rows or columns: use a slice")
        start, stop, step = keys[dim].indices(size)
        out_size = len(range(start, stop, step))
        whole = (start, step, out_size) == (0, 1, size)
        relations.append(None if whole else Window(out_size, size, stride=step, padding=-start))
    rows, cols = relations
    removed = [d - x.ndim for d, k in enumerate(keys) if isinstance(k, int)]
    dims = (x.dims[0] + sum(r > x.dims[0] for r in removed), x.dims[1] + sum(r > x.dims[1] for r in removed))
    shape = shape_of(Tensor.__getitem__, x, tuple(keys))
    size = (shape[dims[0]], shape[dims[1]])
    return traced(shape, Node(size, jumps(x, rows, cols), (Edge(x.node, rows, cols),)), dims)


def narrow(x, dim, start, length) -> Traced:
    key = [slice(None)] * x.ndim
    key[dim] = slice(start, start + length)
    return getitem(x, tuple(key))


def split(func: Callable) -> Callable[..., list[Traced]]:
    def rule(x, size_or_sections, dim=0) -> list[Traced]:
        lengths = [piece.shape[dim] for piece in run_on_shapes(func, (x, size_or_sections, dim), {})]
        starts = itertools.accumulate(lengths, initial=0)
        return [narrow(x, dim, start, length) for start, length in zip(starts, lengths, strict=False)]

    return rule


def cat(tensors, dim=0, *, axis=None) -> Traced:
    tensors = list(tensors)
    known = traced_among(tensors)
    dim = (dim if axis is None else axis) % known[0].ndim - known[0].ndim
    shape = list(known[0].shape)
    shape[dim] = total = sum(x.shape[dim] for x in tensors)
    dims = known[0].dims
    if dims is None or dim not in dims:
        return join(shape, [(x, x.shape[dim] / total) for x in known])
    axis_of_map = dims.index(dim)
    edges, start = [], 0
    for x in tensors:
        if isinstance(x, Traced):
            piece = Window(total, x.shape[dim], padding=start)
            edges.append(Edge(x.node, *((piece, None) if axis_of_map == 0 else (None, piece))))
        start += x.shape[dim]
    size = (shape[dims[0]], shape[dims[1]])
    return traced(shape, Node(size, known[0].node.jump, tuple(edges)), dims)


def glu(x, dim=-1) -> Traced:
    first, _ = split(torch.chunk)(x, 2, dim)
    return pointwise()(first)
