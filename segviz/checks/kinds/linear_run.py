"""Convolutions in a row with nothing but linear maps between: together they are one convolution."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

from ..findings import Finding
from ..recording import Call, Value
from ..subject import Subject

KIND, MORE = "linear-run", "chapters/find-the-bug"

# Linear in evaluation, and the same at every position.
_BETWEEN = "batch_norm dropout dropout2d feature_dropout alpha_dropout contiguous clone to float"
BETWEEN = frozenset(_BETWEEN.split())


def find(subject: Subject) -> Iterator[Finding]:
    for run in runs(subject.recording.named("conv2d")):
        best = max(_parts(run), key=lambda part: parameters_of(part) - parameters_needed(part), default=None)
        if best is None or parameters_needed(best) >= parameters_of(best):
            continue
        held, needed = parameters_of(best), parameters_needed(best)
        message = (
            f"{len(best)} convolutions in a row ({', '.join(call.layer for call in best)}) have nothing but linear "
            f"maps between them, so their {held:,} parameters say no more than one convolution of {needed:,}; put a "
            "ReLU between them, or one layer in their place."
        )
        measured = {"convolutions": len(best), "parameters": held, "needed": needed}
        yield Finding(KIND, "waste", best[0].layer or None, measured, message, MORE)


def runs(convolutions: list[Call]) -> Iterator[list[Call]]:
    """Convolutions that follow one another with linear maps between and no other reader, longest runs only."""
    before = {call: _convolution_before(call.inputs[0]) for call in convolutions}
    followed = set(before.values())
    for last in convolutions:
        if last in followed:
            continue
        run: list[Call] = []
        call: Call | None = last
        while call is not None:
            run.insert(0, call)
            call = before[call]
        if len(run) > 1:
            yield run


def _convolution_before(value: Value) -> Call | None:
    while value.producer is not None and len(value.readers) == 1 and not value.returned:
        call = value.producer
        if call.name == "conv2d":
            return call
        if call.name not in BETWEEN:
            return None
        value = call.inputs[0]
    return None


def _parts(run: list[Call]) -> Iterator[list[Call]]:
    for start, stop in combinations(range(len(run) + 1), 2):
        part = run[start:stop]
        larger = [call for call in part if max(call.weight[2:]) > 1]
        if len(part) > 1 and larger and not _is_separable_pair(part):
            yield part


def _is_separable_pair(part: list[Call]) -> bool:
    """One filter a channel beside a 1×1 across them, in either order: a layer that was factored on purpose."""
    depthwise = [call for call in part if call.of("groups", 1) == call.inputs[0].shape[1] > 1]
    pointwise = [call for call in part if tuple(call.weight[2:]) == (1, 1)]
    return len(part) == 2 and len(depthwise) == 1 and len(pointwise) == 1 and depthwise != pointwise


def parameters_of(part: list[Call]) -> int:
    return sum(math.prod(call.weight) + (call.weight[0] if call.of("bias") is not None else 0) for call in part)


def parameters_needed(part: list[Call]) -> int:
    """Of the one convolution with the taps that all of them reach together."""
    taps = math.prod(len(_reach(part, axis)) for axis in (0, 1))
    groups = math.gcd(*(call.of("groups", 1) for call in part))
    outputs = part[-1].weight[0]
    return outputs * part[0].inputs[0].shape[1] // groups * taps + outputs


def _reach(part: list[Call], axis: int) -> set[int]:
    reach, step = {0}, 1
    for call in part:
        dilation = call.pair("dilation", 1)[axis]
        reach = {place + step * dilation * tap for place in reach for tap in range(call.weight[2 + axis])}
        step *= call.stride()[axis]
    return reach
