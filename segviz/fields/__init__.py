"""Receptive fields of whole networks: which input pixels a unit sees, and how much of it each one is.

The unmodified model is traced into relations between pixels, and one unit is pulled back through them: along one
axis for the receptive field, over the map for the support, as energy for the effective field. All channels of a
position count as one unit.

In reading order: `relations` (along one axis), `maps` (which reads which), `layouts` and `placing` (where a map lies in
a tensor), `broadcast` (several maps joined), `answers` and `tensors` (a forward pass without values), `repeated` (calls
that come again), `rules` (what each PyTorch operation does), `tracing` (the model called), `kinds` (what kind of model
it is), `pulling` (from a unit back to the input), `interior` (on an endless map), `center` (where units look).
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segviz.arithmetic import whole_numbers

from .center import Middles
from .interior import fields_of, interior_field, too_small
from .kinds import as_module
from .maps import Node, Size
from .pulling import energy, pull_back, reach
from .tracing import trace

MAX_PIXELS = 2**24  # 4096×4096


@dataclass(frozen=True)
class ReceptiveField:
    """What an interior unit sees, per axis `(h, w)`, in input pixels; `math.inf` where it sees everything.

    `size`: from the first input it sees to the last. `stride`: the step from one unit to the next.
    `padding`: how far the first unit's window begins before the input; negative where it begins inside.
    `phases`: the sizes of neighboring units, where upsampling makes them take turns; `size` is the largest.
    """

    size: tuple[int | float, int | float]
    stride: tuple[int | float, int | float]
    padding: tuple[int | float, int | float]
    phases: tuple[tuple[int | float, ...], tuple[int | float, ...]]
    _middles: Middles = field(repr=False, compare=False)

    def center(self, unit: Size) -> tuple[float, float]:
        """Per axis, the input position of the middle of unit `(row, col)`'s own window; pixel centers are whole.

        The window is that of the unit's own phase, as if no border cut it. Branches that see everything do not
        count: NaN where there is no other. Raises as `support` does for what is no unit.

        >>> half = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.MaxPool2d(2)))
        >>> half.center((0, 3))  # its four inputs' middles lie at 12 and 14
        (1.0, 13.0)
        """
        if not isinstance(unit, (tuple, list)) or len(unit) != 2:
            raise TypeError(f"unit must be (row, col), got {unit!r}")
        row, col = whole_numbers(row=unit[0], col=unit[1])
        return self._middles.of((row, col))


def receptive_field(
    model: nn.Module, *, layer: str | None = None, size: Size | None = None, channels: int | None = None
) -> ReceptiveField:
    """The receptive field of an interior unit of a layer, from the structure of the model alone.

    `layer` is a dotted module name (at its first call), None the output: of several, `out` or the first. Without `size`
    `(H, W)` the answer holds at every size, and is `math.inf` where it grows with the map; with one it is what holds at
    that size. `channels`: how many the input has; the first layer's `in_channels` if None.
    Raises `ValueError` for an unknown layer, a model that fails, or an operation that cannot be traced.

    >>> receptive_field(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3)))
    ReceptiveField(size=(8, 8), stride=(2, 2), padding=(1, 1), phases=((8,), (8,)))
    """
    channels = _checked_channels(channels)
    if size is None:
        axes, node = interior_field(as_module(model), layer, channels)
    else:
        size = _checked_size(size)
        node = trace(model, size, layer, channels)
        axes = fields_of(node)
        if None in axes:
            raise ValueError(too_small(size))
    sizes, strides, paddings, phases = zip(*axes, strict=True)
    return ReceptiveField(sizes, strides, paddings, phases, Middles(node))


def support(
    model: nn.Module, size: Size, *, layer: str | None = None, at: Size | None = None, channels: int | None = None
) -> Tensor:
    """Exactly the input pixels that feed one unit: a bool tensor (H, W), holes included.

    `size` `(H, W)` is the input's, `at` the unit's `(row, col)` on its own map, the middle if None. Max-pooling
    and unpooling count every pixel that could win, a kernel all its taps, and a position all its channels; what feeds
    a unit at one particular input is `connectivity`. Raises as `receptive_field` does, and for more than `MAX_PIXELS`.

    >>> support(nn.Conv2d(1, 1, 3, dilation=2, padding=2), (1, 5)).int().tolist()
    [[1, 0, 1, 0, 1]]
    """
    node, unit = _unit(model, size, layer, at, channels)
    return torch.from_numpy(pull_back(node, unit, reach))


def effective_receptive_field(
    model: nn.Module, size: Size, *, layer: str | None = None, at: Size | None = None, channels: int | None = None
) -> Tensor:
    """Each input pixel's share of a unit's expected squared derivative: a float tensor (H, W) adding up to 1.

    Expected over random signs of the weights: each layer passes energy on through its squared weights (evenly
    where they are all 0), a ReLU lets half of it through, a max-pool gives each of its window's pixels a chance.
    No sampling takes place. Luo et al., "Understanding the effective receptive field" (2016).
    Arguments and errors are those of `support`.

    >>> effective_receptive_field(nn.AvgPool2d((1, 2)), (1, 4), at=(0, 1)).tolist()
    [[0.0, 0.0, 0.5, 0.5]]
    """
    node, unit = _unit(model, size, layer, at, channels)
    received = pull_back(node, unit.astype(float), energy)
    if not received.sum() > 0:
        raise ValueError("the unit sees no input pixel, so there are no shares to give")
    return torch.from_numpy(received / received.sum())


def _unit(
    model: nn.Module, size: Size, layer: str | None, at: Size | None, channels: int | None
) -> tuple[Node, NDArray]:
    """The layer's node, and its map with the one unit set."""
    size, channels = _checked_size(size), _checked_channels(channels)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"size may have {MAX_PIXELS:,} pixels (4096×4096) at most, got {size[0]}×{size[1]}")
    node = trace(model, size, layer, channels)
    row, col = (node.size[0] // 2, node.size[1] // 2) if at is None else _checked_place(at, node.size)
    unit = np.zeros(node.size, dtype=bool)
    unit[row, col] = True
    return node, unit


def _checked_channels(channels: int | None) -> int | None:
    return None if channels is None else whole_numbers(channels=channels)[0]


def _checked_size(size: Size) -> Size:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be (H, W), got {size!r}")
    height, width = (whole_numbers(size=side)[0] for side in size)
    return height, width


def _checked_place(at: Size, size: Size) -> Size:
    if not isinstance(at, (tuple, list)) or len(at) != 2:
        raise TypeError(f"at must be (row, col), got {at!r}")
    row, col = whole_numbers(row=at[0], col=at[1])
    if row >= size[0] or col >= size[1]:
        raise ValueError(f"at must be a unit of the {size[0]}×{size[1]} map, got {(row, col)}")
    return row, col
