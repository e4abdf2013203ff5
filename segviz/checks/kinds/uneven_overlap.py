"""A transposed convolution whose phases get unequal numbers of contributions: the checkerboard's cause."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Subject

KIND, MORE = "uneven-overlap", "chapters/transposed-convolution"


def find(subject: Subject) -> Iterator[Finding]:
    for call in subject.once_a_layer("conv_transpose2d"):
        kernel, stride, dilation = tuple(call.weight[2:]), call.pair("stride", 1), call.pair("dilation", 1)
        counts = [_contributions(k, s, d) for k, s, d in zip(kernel, stride, dilation, strict=True)]
        if all(len(set(axis)) == 1 for axis in counts):
            continue
        shown = " and ".join(dict.fromkeys(":".join(map(str, axis)) for axis in counts))
        message = (
            f"Neighboring outputs get {shown} contributions along an axis, since kernel_size {kernel[0]}×{kernel[1]} "
            f"is no multiple of stride {stride[0]}×{stride[1]}, which invites a checkerboard; take a kernel that is, "
            f"as {2 * stride[0]} with stride {stride[0]}, or resize and convolve."
        )
        yield Finding(KIND, "note", call.layer or None, {"contributions": counts}, message, MORE)


def _contributions(kernel_size: int, stride: int, dilation: int) -> list[int]:
    """How many taps land on each phase of an interior output."""
    landed = [tap * dilation % stride for tap in range(kernel_size)]
    return [landed.count(phase) for phase in range(stride)]
