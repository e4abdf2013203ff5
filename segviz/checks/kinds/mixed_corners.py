"""Resizes of both conventions in one network: their maps lie on different grids."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..recording import Call
from ..subject import Subject

KIND, MORE = "mixed-corners", "chapters/align-corners"

MODES = ("linear", "bilinear", "bicubic")


def find(subject: Subject) -> Iterator[Finding]:
    resizes = [call for call in subject.recording.named("interpolate") if _moves(call)]
    aligned = [call for call in resizes if call.of("align_corners")]
    if not aligned or len(aligned) == len(resizes):
        return
    fewer = min(aligned, [call for call in resizes if not call.of("align_corners")], key=len)
    message = (
        f"{len(aligned)} of its {len(resizes)} resizes have align_corners=True and the others do not: corners on "
        "corners and edges on edges are two grids, up to half a source pixel apart, so take one throughout, the one "
        "that the trunk's strides ask for."
    )
    measured = {"aligned": len(aligned), "half_pixel": len(resizes) - len(aligned)}
    yield Finding(KIND, "note", fewer[0].layer or None, measured, message, MORE)


def _moves(call: Call) -> bool:
    """Whether the convention matters: neither for one pixel nor for a map that keeps its size."""
    before, after = call.inputs[0].shape[-2:], call.output.shape[-2:]
    return call.of("mode", "nearest") in MODES and any(
        n != m and min(n, m) > 1 for n, m in zip(before, after, strict=True)
    )
