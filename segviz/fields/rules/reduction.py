"""Means, sums, maxima and their kind over whole dimensions."""

from collections.abc import Callable
from typing import Any

from ..layouts import plain
from ..placing import MEAN, SHARE, SUM, Placed, put_together
from .outputs import dims_of


def reduction(power: int = MEAN) -> Callable[..., Any]:
    """One number, or two (a mean beside a variance, an index beside a maximum), over some dimensions."""

    def rule(out, x, dim=None, keepdim=False) -> Any:
        dims = dims_of(x, dim)
        reduced = put_together(x, dims, power)
        held = enumerate(reduced.layout)
        digits = [() if d in dims else digits for d, digits in held if keepdim or d not in dims]
        placed = Placed(reduced.node, tuple(digits))
        return [placed] * len(out) if isinstance(out, list) else placed

    return rule


mean, total, largest = reduction(MEAN), reduction(SUM), reduction(SHARE)


def chosen(out, x, dim=-1) -> list[Placed]:
    """sort, topk: each of the outputs may be any of the inputs along the dimension."""
    (dim,) = dims_of(x, dim)
    x = put_together(x, {dim}, SHARE)
    return [Placed(x.node, (*x.layout[:dim], plain(shape.size[dim]), *x.layout[dim + 1 :])) for shape in out]
