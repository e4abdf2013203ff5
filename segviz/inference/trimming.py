"""Convolutions without the taps that lie beside the map.

At rate 36 on a map of 65 cells, the first tap of three is on the map for the last 29 outputs alone, the second for all,
the third for the first 29. A tap at those outputs is a matrix product; their sum is the convolution. A tap that is on
the map nowhere is left out for good.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from math import prod
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.arithmetic import conv_size
from segviz.checks.recording import Call, Recording
from segviz.inference.folding import layer_of, plain

LEAST_SAVED = 0.2  # of a convolution's products; below it, parts cost more than they save


@dataclass(frozen=True)
class Tap:
    """A place of the kernel along one axis, the neighboring outputs for which it is on the map, and what they read."""

    place: int
    outputs: slice
    reads: slice

    @property
    def products(self) -> int:
        return self.outputs.stop - self.outputs.start


def taps(size: int, outputs: int, *, kernel_size: int, stride: int, padding: int, dilation: int) -> list[Tap]:
    """The taps that are on a map of `size` cells for some of the outputs, along one axis.

    >>> at_rate_36 = taps(65, 65, kernel_size=3, stride=1, padding=36, dilation=36)
    >>> [(tap.outputs.start, tap.outputs.stop, tap.reads.start) for tap in at_rate_36]
    [(36, 65, 0), (0, 65, 0), (0, 29, 36)]
    """
    found = []
    for place in range(kernel_size):
        offset = place * dilation - padding  # output o reads cell o * stride + offset
        first = max(0, -(offset // stride))
        last = min(outputs - 1, (size - 1 - offset) // stride)
        if first <= last:
            start = first * stride + offset
            reads = slice(start, start + (last - first) * stride + 1, stride)
            found.append(Tap(place, slice(first, last + 1), reads))
    return found


class TrimmedConv2d(nn.Conv2d):
    """A convolution at one size of map, tap by tap: for each a matrix product over the outputs that it reaches.

    `trim_` makes it of one that stands in a network, wherever that is held.
    """

    rows: list[Tap]
    cols: list[Tap]
    size: tuple[int, int]

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim == 3 or (x.requires_grad and torch.is_grad_enabled()):
            return self._at_once(x)
        x = x.permute(0, 2, 3, 1)
        y = x.new_zeros(()) if self.bias is None else self.bias.to(x.dtype)
        y = y.expand(len(x), *self.size, self.out_channels).clone()
        for col in self.cols:
            everywhere = col.products == self.size[1]
            reached = y if everywhere else torch.zeros_like(y[:, :, col.outputs])
            columns = x[:, :, col.reads].contiguous()  # in one piece, so that some of its rows are a matrix
            for row in self.rows:
                weight = self.weight[:, :, row.place, col.place].T.to(x.dtype)
                for into, of in zip(reached[:, row.outputs], columns[:, row.reads], strict=True):
                    into.view(-1, self.out_channels).addmm_(of.reshape(-1, self.in_channels), weight)
            if not everywhere:
                y[:, :, col.outputs] += reached
        return y.permute(0, 3, 1, 2)

    def _at_once(self, x: Tensor) -> Tensor:
        """The same as one operation of PyTorch, which has a gradient."""
        margins: list[int] = []
        for axis in (1, 0):
            before = int(self.padding[axis])
            read = (self.size[axis] - 1) * self.stride[axis] + self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            margins += [before, read - before - x.shape[axis - 2]]
        return F.conv2d(F.pad(x, margins), self.weight, self.bias, self.stride, 0, self.dilation)


def trim_(model: nn.Module, recording: Recording, asked: Collection[str]) -> None:
    """Trim, in place, every plain convolution that runs once; none that was `asked`."""
    runs: dict[str, list[Call]] = {}
    for call in recording.named("conv2d"):
        runs.setdefault(call.layer, []).append(call)
    for name, (call, *others) in runs.items():
        conv = layer_of(model, call)
        if plain(conv, nn.Conv2d) and conv.padding_mode == "zeros" and not (others or name in asked):
            _trim_(conv, call)


def taps_of(call: Call, axis: int) -> list[Tap]:
    """The taps along an axis (0: rows, 1: columns) of a call of `conv2d`."""
    return taps(
        call.inputs[0].shape[axis - 2],
        call.output.shape[axis - 2],
        kernel_size=call.weight[axis + 2],
        stride=call.pair("stride", 1)[axis],
        padding=call.padding()[axis],
        dilation=call.pair("dilation", 1)[axis],
    )


def _trim_(conv: nn.Conv2d, call: Call) -> None:
    """Leave the part of a kernel that is on the map; by taps where much of that lies beside it too."""
    on_map, size = [taps_of(call, axis) for axis in (0, 1)], tuple(call.output.shape[-2:])
    if not all(on_map):
        return  # it gives its bias everywhere
    kept = [slice(along[0].place, along[-1].place + 1) for along in on_map]
    kernel_size = tuple(part.stop - part.start for part in kept)
    padding = tuple(p - part.start * d for p, part, d in zip(call.padding(), kept, conv.dilation, strict=True))
    products = prod(sum(tap.products for tap in along) for along in on_map)

    if conv.groups == 1 and products <= (1 - LEAST_SAVED) * prod(size) * prod(kernel_size):
        moved = [[replace(tap, place=tap.place - along[0].place) for tap in along] for along in on_map]
        conv.__class__ = TrimmedConv2d
        trimmed = cast(TrimmedConv2d, conv)
        trimmed.rows, trimmed.cols, trimmed.size = moved[0], moved[1], (size[0], size[1])
    elif min(padding) < 0 or size != _sizes(call.inputs[0].shape[-2:], kernel_size, padding, conv):
        return  # more lies beside one end of the map than beside the other
    conv.weight = nn.Parameter(conv.weight[..., kept[0], kept[1]].contiguous(), requires_grad=False)
    conv.kernel_size, conv.padding = kernel_size, padding


def _sizes(
    size: tuple[int, ...], kernel_size: tuple[int, ...], padding: tuple[int, ...], conv: nn.Conv2d
) -> tuple[int, ...]:
    settings = zip(size, kernel_size, padding, conv.stride, conv.dilation, strict=True)
    return tuple(conv_size(n, k, padding=p, stride=s, dilation=d) for n, k, p, s, d in settings)
