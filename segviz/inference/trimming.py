"""Convolutions without the taps that lie beside the map.

Along one axis the outputs fall into bands, each with the same taps on the map: at rate 36 on 65 cells the first 29
outputs miss the first tap, the last 29 the last, and the 7 between have but the middle one. A band of rows and a band
of columns make a rectangle, which is a convolution of its own, with fewer taps and no padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.checks.recording import Call, Recording
from segviz.inference.folding import layer_of, plain

LEAST_SAVED = 0.2  # of a convolution's products; below it, parts cost more than they save


@dataclass(frozen=True)
class Band:
    """Neighboring outputs along one axis that have the same taps on the map, what they read, and those taps."""

    outputs: slice
    reads: slice
    taps: slice

    @property
    def products(self) -> int:
        return (self.outputs.stop - self.outputs.start) * (self.taps.stop - self.taps.start)


def bands(size: int, outputs: int, *, kernel_size: int, stride: int, padding: int, dilation: int) -> list[Band]:
    """The bands along one axis of `size` inputs; one without taps reads nothing.

    >>> at_rate_36 = bands(65, 65, kernel_size=3, stride=1, padding=36, dilation=36)
    >>> [(band.outputs.start, band.outputs.stop, band.taps.start, band.taps.stop) for band in at_rate_36]
    [(0, 29, 1, 3), (29, 36, 1, 2), (36, 65, 0, 2)]
    """

    def taps(output: int) -> tuple[int, int]:
        first = output * stride - padding
        start = max(0, -(first // dilation))
        return start, max(start, min(kernel_size, (size - 1 - first) // dilation + 1))

    found = []
    for (start, stop), group in groupby(range(outputs), taps):
        members = list(group)
        reads = slice(0, 0)
        if stop > start:
            near = members[0] * stride - padding + start * dilation
            far = members[-1] * stride - padding + (stop - 1) * dilation
            reads = slice(near, far + 1)
        found.append(Band(slice(members[0], members[-1] + 1), reads, slice(start, stop)))
    return found


class TrimmedConv2d(nn.Conv2d):
    """A convolution at one size of map, computed rectangle by rectangle with the taps that touch the map there."""

    def __init__(self, conv: nn.Conv2d, rows: list[Band], cols: list[Band]) -> None:
        super().__init__(1, 1, 1, device="meta")
        self.__dict__.update(conv.__dict__)
        self.rows, self.cols = rows, cols

    def forward(self, x: Tensor) -> Tensor:
        size = (self.rows[-1].outputs.stop, self.cols[-1].outputs.stop)
        layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        y = torch.empty((len(x), self.out_channels, *size), dtype=x.dtype, device=x.device, memory_format=layout)
        for row in self.rows:
            for col in self.cols:
                y[..., row.outputs, col.outputs] = self._rectangle(x, row, col)
        return y

    def _rectangle(self, x: Tensor, row: Band, col: Band) -> Tensor | float:
        if not (row.products and col.products):
            return 0.0 if self.bias is None else self.bias[:, None, None]
        weight = self.weight[..., row.taps, col.taps]
        return F.conv2d(x[..., row.reads, col.reads], weight, self.bias, self.stride, 0, self.dilation, self.groups)


def trim_(model: nn.Module, recording: Recording) -> None:
    """Put trimmed convolutions in the place of those of which enough lies beside the map."""
    runs: dict[str, list[Call]] = {}
    for call in recording.named("conv2d"):
        runs.setdefault(call.layer, []).append(call)
    for name, calls in runs.items():
        conv = layer_of(model, calls[0])
        if not plain(conv, nn.Conv2d) or conv.padding_mode != "zeros" or len(calls) > 1:
            continue
        rows, cols = (_bands_of(calls[0], axis) for axis in (0, 1))
        all_products = calls[0].output.shape[-2] * calls[0].output.shape[-1] * conv.weight[0, 0].numel()
        if sum(b.products for b in rows) * sum(b.products for b in cols) <= (1 - LEAST_SAVED) * all_products:
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, _trimmed(conv, rows, cols))


def _bands_of(call: Call, axis: int) -> list[Band]:
    return bands(
        call.inputs[0].shape[axis - 2],
        call.output.shape[axis - 2],
        kernel_size=call.weight[axis + 2],
        stride=call.pair("stride", 1)[axis],
        padding=call.padding()[axis],
        dilation=call.pair("dilation", 1)[axis],
    )


def _trimmed(conv: nn.Conv2d, rows: list[Band], cols: list[Band]) -> nn.Conv2d:
    """The weights that touch the map nowhere go for good; what is left is plain where it is one rectangle."""
    (rows, kept_rows), (cols, kept_cols) = _without_dead_taps(rows), _without_dead_taps(cols)
    conv.weight = nn.Parameter(conv.weight[..., kept_rows, kept_cols].contiguous(), requires_grad=False)
    conv.kernel_size = tuple(conv.weight.shape[2:])
    if len(rows) == len(cols) == 1 and rows[0].reads.start == cols[0].reads.start == 0:
        conv.padding, conv._reversed_padding_repeated_twice = (0, 0), [0, 0, 0, 0]
        return conv
    return TrimmedConv2d(conv, rows, cols)


def _without_dead_taps(of_axis: list[Band]) -> tuple[list[Band], slice]:
    live = [band for band in of_axis if band.products]
    if not live:
        return of_axis, slice(0, 1)
    kept = slice(min(band.taps.start for band in live), max(band.taps.stop for band in live))
    moved = [
        Band(b.outputs, b.reads, slice(b.taps.start - kept.start, b.taps.stop - kept.start)) if b.products else b
        for b in of_axis
    ]
    return moved, kept
