"""The field of an interior unit on an endless map, told from maps of a few sizes."""

import math
from typing import Any

from torch import nn

from .maps import Node, UnsupportedOperation
from .pulling import field_along
from .tracing import DoesNotRun, Trace, explained, other_channels, traced_at

# Read off the middle of maps this large. Strides divide powers of two; what a model makes beside its input is as large
# as the map, so the smaller ones come first.
SIZES = (2**10, 2**12, 2**14, 2**17)
# Of a network that looks at the size of its input, every answer is held against that at half as much again; where
# neither of these is large enough, its field grows with the map.
_SIZED = SIZES[:3]
_GROWN = 1.25

_ENDLESS = (math.inf, math.inf, math.inf, (math.inf,))


class _Sides:
    """Traces at about a given size: some models take only sizes like 8k + 1 or 16k + 12."""

    def __init__(self, model: nn.Module, layer: str | None, channels: int | None):
        self.model, self.layer, self.channels, self.more = model, layer, channels, 0

    def trace(self, side: int) -> Trace:
        """At the first side from here on at which the model runs; what was found once is tried first afterwards."""
        counts = [self.channels, *([] if self.channels else other_channels(self.model))]
        tries = [(more, count) for more in (self.more, 1) for count in counts]
        tries += [(more, counts[0]) for more in (12, *range(2, 32))]
        first: DoesNotRun | None = None
        for more, count in tries:
            try:
                found = traced_at(self.model, (side + more,) * 2, self.layer, count)
            except DoesNotRun as error:
                first = first or error
                continue
            self.more, self.channels = more, count
            return found
        assert first is not None
        raise first


def interior_field(model: nn.Module, layer: str | None, channels: int | None) -> tuple[list[Any], Node]:
    """Size, stride, padding and phases of either axis, and the map that they were read off."""
    sides = _Sides(model, layer, channels)
    try:
        first = sides.trace(SIZES[0])
    except DoesNotRun as error:
        raise explained(model, (SIZES[0],) * 2, layer, channels, error) from error.__cause__
    return _of_a_changing_network(sides, first) if first.sized else _of_one_network(sides, first)


def fields_of(node: Node) -> list[Any]:
    return [field_along(axis, node) for axis in (0, 1)]


def _of_one_network(sides: _Sides, first: Trace) -> tuple[list[Any], Node]:
    """It is the same at every size: that at which the field no longer reaches the border tells it."""
    node = first.node
    axes = fields_of(node)
    for side in SIZES[2:]:
        if None not in axes:
            break
        node = sides.trace(side).node
        axes = fields_of(node)
    if None in axes:
        raise ValueError(too_small((SIZES[-1],) * 2))
    return axes, node


def too_small(size: tuple[int, int]) -> str:
    return (
        f"the receptive field reaches the border of a map of {size[0]}×{size[1]} pixels: "
        f"size must be larger to see an interior unit"
    )


def _of_a_changing_network(sides: _Sides, first: Trace) -> tuple[list[Any], Node]:
    """Where two sizes agree, all do; a field that grows with the map is endless."""
    for side in _SIZED:
        try:
            node = first.node if side == SIZES[0] else sides.trace(side).node
            small, large = fields_of(node), fields_of(sides.trace(side + side // 2).node)
        except DoesNotRun:  # what the model makes beside its input may have no room
            if side == SIZES[0]:
                raise
            break
        axes = [_agreed(*pair) for pair in zip(small, large, strict=True)]
        if None not in axes:
            return axes, node
    return [_settled(*pair) for pair in zip(small, large, strict=True)], node


def _agreed(small: Any, large: Any) -> Any:
    if small is None or large is None:
        return None
    if small == large:
        return small
    if large[0] > _GROWN * small[0]:
        return _ENDLESS
    if small[:2] == large[:2] and small[1] < 0:
        raise UnsupportedOperation("flip turns the map around, so that its units have no fixed place")
    return None


def _settled(small: Any, large: Any) -> Any:
    """At the largest sizes: what differs by roundings is taken, what reaches the border is endless."""
    return _ENDLESS if small is None or large is None else small
