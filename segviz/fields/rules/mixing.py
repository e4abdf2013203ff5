"""Matrix products and attention: what is summed over, and which positions are left."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..broadcast import join
from ..maps import UnsupportedOperation
from ..placing import MEAN, SHARE, Gain, Placed, put_together
from .outputs import constant


def mm(out, x, mat2) -> Placed:
    return _product(out.size, x, mat2)


def addmm(out, x, mat1, mat2) -> Placed:
    product = _product(out.size, mat1, mat2)
    return join([(product, 1.0), *(((x, 1.0),) if isinstance(x, Placed) else ())], out.size)


def baddbmm(out, x, batch1, batch2) -> Placed:
    return addmm(out, x, batch1, batch2)


def mv(out, x, vec) -> Placed:
    if isinstance(vec, Placed):
        vec = Placed(vec.node, (*vec.layout, ()))
    product = _product((*out.size, 1), x, vec)
    return Placed(product.node, product.layout[:-1])


def _product(shape: tuple[int, ...], left: Any, right: Any) -> Placed:
    """Of (…, n, k) and (…, k, m): what k holds is put together; n comes from the left one, m from the right one."""
    k_left, k_right = len(shape) - 1, len(shape) - 2
    both = isinstance(left, Placed) and isinstance(right, Placed)
    parts = []
    for x, other, k in ((left, right, k_left), (right, left, k_right)):
        if isinstance(x, Placed):
            x = put_together(x, {k}, MEAN if both else SHARE)
            gain: Gain = 1.0 if both else partial(_energy_of, other, -1 if k == k_left else -2)
            parts.append((Placed(x.node, (*x.layout[:k], (), *x.layout[k + 1 :])), gain))
    return join(parts, shape)


def _energy_of(weight: Tensor, dim: int) -> float:
    """The expected energy that a matrix passes on: its squared entries for each output, evenly where all are 0."""
    total = weight.detach().square().sum(dtype=torch.float64).item()
    return total / weight.shape[dim] / (weight.shape[0] if weight.ndim == 3 else 1) if total else 1.0


def attention(out, x, key, value, is_causal=False, attn_mask=None) -> list[Placed]:
    """softmax(q kᵀ) v: a query's position reads all positions of the keys and values in its window."""
    if is_causal:
        raise UnsupportedOperation("attention with is_causal=True cannot be traced")
    mixed = [(x, {3}), (key, {2, 3}), (value, {2})]
    parts = []
    for one, dims in mixed:
        if isinstance(one, Placed):
            one = put_together(one, dims, MEAN if 2 in dims else SHARE)
            left = tuple(() if d in dims else digits for d, digits in enumerate(one.layout))
            parts.append((Placed(one.node, left), 1.0))
    if isinstance(attn_mask, Placed):
        raise UnsupportedOperation("attention with a mask that is computed from the input cannot be traced")
    return [join(parts, out[0].size), *(constant(shape) for shape in out[1:])]
