"""A 1×1 convolution with padding: its map grows by a ring that has seen nothing, and what follows stretches it."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Subject, times

KIND, MORE = "padded-pointwise", "chapters/aspp-rate-validity"


def find(subject: Subject) -> Iterator[Finding]:
    for call in subject.once_a_layer("conv2d"):
        padding = call.pair("padding", 0)
        if tuple(call.weight[2:]) != (1, 1) or isinstance(padding[0], str) or not any(padding):
            continue
        before, after = call.inputs[0].shape[-2:], call.output.shape[-2:]
        message = (
            f"A 1×1 convolution with padding {padding[0] if padding[0] == padding[1] else padding} turns a map of "
            f"{times(before)} into {times(after)} whose rim is a constant; the padding that keeps a size is "
            f"dilation·(kernel_size − 1)/2, which is 0 here."
        )
        measured = {"padding": list(padding), "input": list(before), "output": list(after)}
        yield Finding(KIND, "fault", call.layer or None, measured, message, MORE)
