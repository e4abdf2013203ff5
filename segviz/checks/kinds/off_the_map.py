"""Weights of a dilated filter that lie beside the map: at large rates and small maps a 3×3 is a 1×1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..findings import Finding
from ..recording import Call
from ..subject import Subject, times

KIND, MORE = "off-the-map", "chapters/aspp-rate-validity"


def find(subject: Subject) -> Iterator[Finding]:
    for call in subject.once_a_layer("conv2d"):
        if not any(d > 1 and k > 1 for d, k in zip(call.pair("dilation", 1), call.weight[2:], strict=True)):
            continue
        rows, cols = taps_on_the_map(call)
        lost = 1 - rows.mean() * cols.mean()
        if not lost > 0.5:
            continue
        pointwise = ((rows.sum(1) == 1).mean() * (cols.sum(1) == 1).mean()).item()
        size, rate, kernel = call.inputs[0].shape[-2:], call.pair("dilation", 1), tuple(call.weight[2:])
        only = "this branch is a 1×1" if pointwise == 1 else f"at {pointwise:.0%} of the positions it is a 1×1"
        message = (
            f"A {times(kernel)} filter of rate {rate[0] if rate[0] == rate[1] else rate} on a map of {times(size)}: "
            f"on the average {lost:.0%} of its weights touch no pixel, and {only}; rates belong to the map's size, so "
            "take smaller ones, a larger picture or a smaller output stride."
        )
        measured = {"lost": float(lost), "pointwise": pointwise, "rate": list(rate), "map": list(size)}
        yield Finding(KIND, "waste", call.layer or None, measured, message, MORE)


def taps_on_the_map(call: Call) -> list[NDArray]:
    """For rows and for columns: at each output position (a row), whether each tap (a column) reads a pixel."""
    return [
        _along(n, m, k, s, p, d)
        for n, m, k, s, p, d in zip(
            call.inputs[0].shape[-2:],
            call.output.shape[-2:],
            call.weight[2:],
            call.pair("stride", 1),
            call.padding(),
            call.pair("dilation", 1),
            strict=True,
        )
    ]


def _along(size: int, out_size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> NDArray:
    reads = np.arange(out_size)[:, None] * stride + np.arange(kernel_size) * dilation - padding
    return (reads >= 0) & (reads < size)
