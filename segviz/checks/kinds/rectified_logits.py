"""Logits that are never negative, since a ReLU is the last thing that happens to them."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..recording import Call, Value
from ..subject import Subject

KIND, MORE = "rectified-logits", "chapters/find-the-bug"

# What leaves a map of numbers from 0 up as it is in that respect.
_PASSING = "interpolate __getitem__ narrow contiguous clone detach as_tensor float to dropout dropout2d feature_dropout"
PASSING = frozenset(_PASSING.split())
NORMS = ("batch_norm", "instance_norm", "group_norm")


def find(subject: Subject) -> Iterator[Finding]:
    relu = _last_operation(subject.recording.outputs[0])
    if relu is None or not _rectifies(relu):
        return
    logits = subject.run_on_values(subject.at).outputs[0]
    zeros = (logits == 0).float().mean().item()
    normalized = relu.inputs[0].producer is not None and relu.inputs[0].producer.name in NORMS
    before = "Batch norm and a ReLU stand" if normalized else "A ReLU stands"
    message = (
        f"{before} behind the last layer: the least logit is {logits.min().item():g} and {zeros:.0%} of them are "
        "exactly 0: below 0 no class can be told from another, and no gradient passes; let the last convolution's "
        "scores stand as they are."
    )
    measured = {"least": logits.min().item(), "zeros": zeros, "normalized": int(normalized)}
    yield Finding(KIND, "fault", relu.layer or None, measured, message, MORE)


def _last_operation(value: Value) -> Call | None:
    call = value.producer
    while call is not None and call.name in PASSING and call.of("mode") != "bicubic":
        call = call.inputs[0].producer
    return call


def _rectifies(call: Call) -> bool:
    if call.name in ("clamp", "clamp_", "clamp_min", "clamp_min_"):
        return call.of("min") == 0 and call.of("max") is None
    return call.name in ("relu", "relu_", "relu6") or (call.name == "hardtanh" and call.of("min_val", -1) >= 0)
