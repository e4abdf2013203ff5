"""Logits whose size is neither the picture's nor a fixed fraction of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Run, Subject, times

KIND, MORE = "output-size", "chapters/transposed-convolution"

LARGEST_STRIDE = 64


def find(subject: Subject) -> Iterator[Finding]:
    runs = [run for run in map(subject.run, subject.all_sizes) if run.error is None]
    if keeps_or_divides(runs):
        return
    margins = [[n - m for n, m in zip(run.size, run.output_size, strict=True)] for run in runs]
    flat = [margin for both in margins for margin in both]
    odd = next((run for run in runs if run.size != run.output_size and not keeps_or_divides([run])), runs[0])
    shown = f"a picture of {times(odd.size)} gives logits of {times(odd.output_size)}"
    measured = {"sizes": [list(run.size) for run in runs], "outputs": [list(run.output_size) for run in runs]}
    least, most = min(flat), max(flat)
    # What unpadded layers take is the same everywhere; pools that round down add to it less than their stride.
    if least > 0 and (most == least or (most < 2 * least and most - least < LARGEST_STRIDE)):
        more = "" if most == least else f" or up to {most}, where a stride does not divide the size"
        message = (
            f"{shown}, and always {least} pixels less than the picture{more}: unpadded layers take the rim, so crop "
            "the labels to the middle, or continue the picture around by mirroring."
        )
        yield Finding(KIND, "note", None, {**measured, "margin": least, "largest": most}, message, MORE)
        return
    message = (
        f"{shown}; logits are to have the picture's own size, or a fixed fraction of it, at every size, so resize or "
        f"crop them to x.shape[-2:] at the end."
    )
    yield Finding(KIND, "fault", None, measured, message, MORE)


def keeps_or_divides(runs: list[Run]) -> bool:
    """Whether all outputs are the picture's size times one whole number, or divided by one, rounded either way."""
    pairs = [pair for run in runs for pair in zip(run.size, run.output_size, strict=True)]
    if any(all(m == n * factor for n, m in pairs) for factor in (1, 2, 4)):
        return True
    return any(all(n // stride <= m <= -(-n // stride) for n, m in pairs) for stride in range(2, LARGEST_STRIDE + 1))
