"""Stages of dilated convolutions that see a grid with holes of the map that they read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..findings import Finding
from ..recording import Call, Value
from ..subject import Subject

KIND, MORE = "holes", "chapters/dilation-and-receptive-field"

KEEPING = ("conv2d", "max_pool2d", "max_pool2d_with_indices", "avg_pool2d")


def find(subject: Subject) -> Iterator[Finding]:
    for stage, calls in stages(subject):
        seen = seen_by(calls)
        rows, cols = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        height, width = int(np.ptp(rows)) + 1, int(np.ptp(cols)) + 1
        share = int(seen.sum()) / (height * width)
        if not share < 0.5:
            continue
        rates = [call.pair("dilation", 1)[0] for call in calls if _spans(call)]
        message = (
            f"With rates {', '.join(map(str, rates))} in a row a unit sees {share:.0%} of the {height}×{width} box "
            "that its field has on the map it reads; neighbors then share nothing, so give a stage rates without a "
            "common factor that begin at 1, as 1, 2, 5."
        )
        measured = {"share": share, "box": [height, width], "rates": rates}
        yield Finding(KIND, "note", stage or None, measured, message, MORE)


def stages(subject: Subject) -> Iterator[tuple[str, list[Call]]]:
    """The innermost modules that hold a run of dilated convolutions, one behind another, with their calls."""
    calls = subject.recording.calls
    found: list[str] = []
    names = sorted((name for name, _ in subject.model.named_modules()), key=_outwards)
    for name in names:
        if any(inner.startswith(f"{name}." if name else "") for inner in found):
            continue
        inside = [call for call in calls if not name or f"{call.layer}.".startswith(f"{name}.")]
        run = _run_of_dilated(inside)
        if run:
            found.append(name)
            yield name, run


def _outwards(name: str) -> int:
    return -name.count(".") if name else 1


def _run_of_dilated(calls: list[Call]) -> list[Call]:
    """The calls up to the last dilated one and the sums behind it, where another dilated one leads to it."""
    dilated = [call for call in calls if _spans(call) and max(call.pair("dilation", 1)) > 1]
    if len(dilated) < 2:
        return []
    ahead = _leading_to(dilated[-1], calls)
    return ahead if any(call in ahead for call in dilated[:-1]) else []


def _leading_to(last: Call, calls: list[Call]) -> list[Call]:
    """The calls among these that the last one reads from, on the same map, in order."""
    inside, needed = set(calls), {last}
    for call in reversed(calls):
        if call in needed and _keeps_the_map(call):
            needed |= {value.producer for value in call.inputs if value.producer in inside}
    return [call for call in calls if call in needed and _keeps_the_map(call)]


def _keeps_the_map(call: Call) -> bool:
    if call.name in KEEPING:
        return max(call.stride()) == 1
    return call.name != "interpolate" and any(_same_map(value, call) for value in call.inputs)


def _same_map(value: Value, call: Call) -> bool:
    return value.shape[-2:] == call.output.shape[-2:] or call.name in ("pad", "__getitem__", "narrow")


def _spans(call: Call) -> bool:
    return call.name == "conv2d" and max(call.weight[2:]) > 1 and max(call.stride()) == 1


def seen_by(calls: list[Call]) -> NDArray:
    """Which places around a unit of the last call it reads of the map that the first ones read."""
    radius = 1 + sum(max(_taps(call, axis)[-1] for axis in (0, 1)) for call in calls if call.name in KEEPING)
    unit = np.zeros((2 * radius + 1,) * 2, dtype=bool)
    unit[radius, radius] = True
    pending: dict[Value, NDArray] = {calls[-1].output: unit}
    inside, total = set(calls), np.zeros_like(unit)
    for call in reversed(calls):
        place = pending.pop(call.output, None)
        if place is None:
            continue
        if call.name in KEEPING:
            for axis in (0, 1):
                place = np.logical_or.reduce([np.roll(place, tap, axis) for tap in _taps(call, axis)])
            sources = call.inputs[:1]
        else:
            sources = [value for value in call.inputs if _same_map(value, call)]
        for value in sources:
            if value.producer in inside:
                pending[value] = pending[value] | place if value in pending else place
            else:
                total |= place
    return total


def _taps(call: Call, axis: int) -> list[int]:
    """Where the taps lie about the middle one."""
    kernel = call.weight[2 + axis] if call.name == "conv2d" else call.pair("kernel_size")[axis]
    dilation = call.pair("dilation", 1)[axis]
    return [dilation * (tap - kernel // 2) for tap in range(kernel)] if kernel > 1 else [0]
