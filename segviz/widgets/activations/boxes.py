"""Where every unit of a map lies on the picture, and what it sees of it, along each axis.

The network is traced once for all layers. The exact support at the picture's own size is pulled back for all units of
a row, and of a column, together. Where a map has one way to the picture, rows × columns is the support; where ways of
several shapes meet, it is their box, which `filled` tells apart.
"""

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from segviz.activations import first_tensor, modules_at
from segviz.fields.maps import Edge, Node
from segviz.fields.pulling import field_along, pull_back, reach
from segviz.fields.relations import Everything, pull
from segviz.fields.tensors import Traced
from segviz.fields.tracing import trace

Size = tuple[int, int]

# How many times the picture a map is traced at to find where its inner units lie.
_WIDER = 16
# The coarsest step of the book's networks: after so many pixels what units see repeats.
_COARSEST = 32
# Units whose whole support is held against its box, as shares of the way down and across.
_TRIED = ((0.0, 0.0), (0.4, 0.6), (0.5, 1.0), (1.0, 0.3))


def boxes(model: nn.Module, size: Size, layers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the page draws from, by layer, at pictures of `size` (H, W); every list is (rows, columns).

    `field`: the receptive field of an inner unit, in pixels, or None where it grows with the picture.
    `stride` and `center`: unit i has its middle at pixel center + i·stride.
    `spans`: for every unit the first pixel that it sees and the one after the last, in runs [how many units, first,
    after the last].
    `filled`: whether every pixel of that box feeds the unit, tried at units in the corners and inside.

    "" is the network's output. A layer that cannot be traced is left out.
    """
    near = _nodes(model, size, layers)
    # Away from every border, where inner units are as on an endless picture.
    wide = _nodes(model, (_WIDER * size[0], _WIDER * size[1]), layers)
    return {layer: _boxes(size, near[layer], wide.get(layer)) for layer in layers if layer in near}


def _boxes(size: Size, node: Node, wide: Node | None) -> dict[str, Any]:
    seen = [_reach(node, axis, np.eye(node.size[axis], dtype=bool)) for axis in (0, 1)]
    spans = [[_span(row) for row in rows] for rows in seen]
    places = [_place(size, axis, node, wide) for axis in (0, 1)]
    return {
        "field": [_field(axis, wide) for axis in (0, 1)],
        "stride": [stride for stride, _ in places],
        "center": [center for _, center in places],
        "spans": [_in_runs(rows) for rows in spans],
        "filled": _filled(node, spans),
    }


def _nodes(model: nn.Module, size: Size, layers: Sequence[str]) -> dict[str, Node]:
    """The traced map of every layer, from one pass; if the pass ends early, of those before."""
    nodes: dict[str, Node] = {}

    def noting(layer: str) -> Callable[..., None]:
        def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
            output = first_tensor(output)
            if isinstance(output, Traced) and output.dims == (-2, -1):
                nodes.setdefault(layer, output.node)

        return note

    with modules_at(model, [layer for layer in layers if layer]) as modules:
        handles = [module.register_forward_hook(noting(layer)) for layer, module in modules.items()]
        try:
            nodes[""] = trace(model, size, None)
        except ValueError:
            pass
        finally:
            for handle in handles:
                handle.remove()
    return nodes


def even_boxes(size: Size, units: Size) -> dict[str, Any]:
    """`boxes` of a map that covers the picture evenly, and of which it is not known what its units see."""
    strides = [side / count for side, count in zip(size, units, strict=True)]
    return {
        "field": [None, None],
        "stride": strides,
        "center": [(stride - 1) / 2 for stride in strides],
        "spans": [[[count, 0, side]] for side, count in zip(size, units, strict=True)],
        "filled": False,
        "unknown": True,
    }


def _field(axis: int, wide: Node | None) -> int | None:
    found = wide and field_along(axis, wide)
    return None if not found or found[0] == math.inf else int(found[0])


def _reach(node: Node, axis: int, units: NDArray, *, bounded: bool = False) -> NDArray:
    """For each row of `units`, what they see along the axis; `bounded` leaves out the ways that see everything."""

    def pull_edge(outputs: NDArray, edge: Edge) -> NDArray:
        relation = (edge.rows, edge.cols)[axis]
        if bounded and isinstance(relation, Everything) and relation.in_size > 1:
            return np.zeros((*outputs.shape[:-1], relation.in_size), outputs.dtype)
        return pull(outputs, relation, 1)

    return pull_back(node, units, pull_edge)


def _span(seen: NDArray) -> list[int]:
    pixels = seen.nonzero()[0]
    return [int(pixels[0]), int(pixels[-1]) + 1] if len(pixels) else [0, 0]


def _in_runs(spans: list[list[int]]) -> list[list[int]]:
    """Spans as [how many units in a row have it, first pixel, one after the last]."""
    return [[len(list(same)), *span] for span, same in groupby(spans)]


def _place(size: Size, axis: int, node: Node, wide: Node | None) -> tuple[float, float]:
    """Step and first middle of the units along an axis, in pixels.

    A unit lies where its inputs have their middle, if every connection weighs the same; over a period of a transposed
    convolution's phases that is exact. Where it cannot be had, the map is taken to cover the picture evenly.
    """
    step = size[axis] / node.size[axis]
    evenly = step, (step - 1) / 2
    if wide is None or wide.jump[axis] == math.inf:
        return evenly
    stride = float(wide.jump[axis])
    period = max(1, round(_COARSEST / stride))
    first = wide.size[axis] // 2
    units = np.eye(period, wide.size[axis], first)
    weights = _reach(wide, axis, units, bounded=True)
    total = weights.sum(1)
    if not total.all():
        return evenly
    middles = weights @ np.arange(weights.shape[1]) / total
    center = float(np.mean(middles - stride * np.arange(first, first + period)))
    return stride, round(4 * center) / 4


def _filled(node: Node, spans: list[list[list[int]]]) -> bool:
    for shares in _TRIED:
        row, col = (round(share * (count - 1)) for share, count in zip(shares, node.size, strict=True))
        unit = np.zeros(node.size, dtype=bool)
        unit[row, col] = True
        (top, bottom), (left, right) = spans[0][row], spans[1][col]
        if not pull_back(node, unit, reach)[top:bottom, left:right].all():
            return False
    return True
