"""Unpooling that loses values: switches of overlapping windows, or a size that was guessed."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..recording import Call
from ..subject import Subject, times

KIND, MORE = "lost-switches", "chapters/unpooling-versus-deconvolution"


def find(subject: Subject) -> Iterator[Finding]:
    told: set[str] = set()
    for size in dict.fromkeys([subject.at, *subject.all_sizes]):
        recording = subject.run(size).recording
        for call in recording.named("max_unpool2d") if recording else []:
            pool = call.inputs[1].producer if len(call.inputs) > 1 else None
            finding = None if pool is None or call.layer in told else _lost(call, pool)
            if finding is not None:
                told.add(call.layer)
                yield finding


def _lost(call: Call, pool: Call) -> Finding | None:
    kernel = pool.pair("kernel_size")
    stride = pool.pair("stride", None) if pool.of("stride") not in (None, []) else kernel
    before, after = pool.inputs[0].shape[-2:], call.output.shape[-2:]
    if any(s < k for k, s in zip(kernel, stride, strict=True)):
        message = (
            f"Its switches come from a pool of {kernel[0]}×{kernel[1]} windows in steps of {stride[0]}×{stride[1]}: "
            "these overlap, so that windows share a maximum and unpooling keeps one value of several; pool with the "
            "stride as large as the window."
        )
        return Finding(
            KIND, "fault", call.layer or None, {"kernel": list(kernel), "stride": list(stride)}, message, MORE
        )
    if before != after:
        guessed = "guessed as" if call.of("output_size") is None else "given as"
        message = (
            f"Its switches point into a map of {times(before)}, and the size of the unpooled map is {guessed} "
            f"{times(after)}: flat switches then land in other places or outside, so pass output_size=x.shape[-2:] of "
            "the map that was pooled."
        )
        measured = {"pooled_from": list(before), "unpooled_to": list(after)}
        return Finding(KIND, "fault", call.layer or None, measured, message, MORE)
    return None
