"""Outputs that do not lie on what they see: the center law, from the first layer to the last resize."""

from __future__ import annotations

import math
from collections.abc import Iterator

from segviz.fields.center import Law, center_laws

from ..findings import Finding
from ..subject import Subject, times
from .output_size import keeps_or_divides

KIND, MORE = "misplaced", "chapters/align-corners"

LEAST, MOST_CHANGE = 0.5, 1.0  # pixels


def find(subject: Subject) -> Iterator[Finding]:
    run = subject.run(subject.at)
    if run.output_size != run.size and keeps_or_divides([run]):
        return  # a coarse map, which nobody has laid over the picture yet
    if subject.node is None or subject.node.size != run.output_size:
        return
    laws = center_laws(subject.node)
    axes = [_along(law, n, m) for law, n, m in zip(laws, run.size, run.output_size, strict=True) if law is not None]
    if len(axes) < 2 or None in axes:
        return
    first, middle, last = ([round(float(axis[k]), 4) + 0.0 for axis in axes if axis] for k in range(3))
    change = max(abs(b - a) for a, b in zip(first, last, strict=True))
    measured = {"first": first, "middle": middle, "last": last}
    if change > MOST_CHANGE + 1e-4:
        message = (
            f"From the first row to the last, outputs lie from {first[0]:+.4g} to {last[0]:+.4g} pixels away from the "
            f"center of what they see ({first[1]:+.4g} to {last[1]:+.4g} along columns, at {times(run.size)}): a map "
            "was stretched over more or less than it covers, so crop it to what it covers, or resize with corners as "
            "its strides place them."
        )
        yield Finding(KIND, "fault", None, measured, message, MORE)
    elif max(map(abs, middle)) >= LEAST - 1e-4:
        message = (
            f"Every output lies {middle[0]:+.4g} rows and {middle[1]:+.4g} columns away from the center of what it "
            f"sees (at {times(run.size)}): unit u of the last coarse map looks at stride·u + (size − 1)/2 − padding, "
            "and a resize or transposed convolution should lay it there."
        )
        yield Finding(KIND, "note", None, measured, message, MORE)


def _along(law: Law, size: int, out_size: int) -> tuple[float, float, float] | None:
    """The output's place less its center, for the first, the middle and the last output that no resize clamps."""
    first, last = math.ceil(max(law.clear[0], 0)), math.floor(min(law.clear[1], out_size - 1))
    if last <= first:
        return None
    margin = (size - out_size) / 2  # a smaller output lies in the middle of the picture
    middle = min(max(out_size // 2, first), last)
    at_first, at_middle, at_last = (unit + margin - law.at(unit) for unit in (first, middle, last))
    return at_first, at_middle, at_last
