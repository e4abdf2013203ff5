"""A size at which the network raises: often one that a pool or a stride does not divide."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Run, Size, Subject, quoted, times

KIND, MORE = "fails-at-size", "book/error-messages"

PROBES = 64  # neighboring sizes that are tried, on shapes alone, to say which ones work


def find(subject: Subject) -> Iterator[Finding]:
    runs = [subject.run(size) for size in subject.all_sizes]
    failed = [run for run in runs if run.error is not None]
    if not failed:
        return
    for refused in (False, True):
        alike = [run for run in failed if run.refused is refused]
        if alike:
            yield _finding(subject, alike, [run.size for run in runs if run.error is None], refused)


def _finding(subject: Subject, failed: list[Run], worked: list[Size], refused: bool) -> Finding:
    sizes = ", ".join(times(run.size) for run in failed)
    one = len(failed) == 1
    verb = f"{'is' if one else 'are'} refused by the model itself" if refused else "fails" if one else "fail"
    rule = (
        "the model says so before its first layer, so pad or resize the picture to a size that it takes"
        if refused
        else "let it pad or resize to what its strides divide, or refuse the others by name"
    )
    message = f"{sizes} {verb} ({quoted(failed[0].error)}), while {_those_that_work(subject, worked)}; {rule}."
    measured = {
        "failed": [list(run.size) for run in failed],
        "worked": [list(size) for size in worked],
        "tried": len(subject.all_sizes),
    }
    return Finding(KIND, "note" if refused else "fault", None, measured, message, MORE)


def _those_that_work(subject: Subject, worked: list[Size]) -> str:
    rule = _rule(subject)
    if rule:
        return f"sizes {rule} work"
    return f"{', '.join(times(size) for size in worked)} work" if worked else "none that was tried works"


def _rule(subject: Subject) -> str | None:
    """Which square sizes work, where they are all those that leave one remainder, or all from one size up."""
    if not subject.shapes_suffice:
        return None
    start = max(1, min(subject.size) - PROBES // 2)
    works = [subject.run_on_shapes((n, n)).error is None for n in range(start, start + PROBES)]
    numbers = [start + place for place, good in enumerate(works) if good]
    if not numbers:
        return None
    if works == sorted(works):
        return f"from {numbers[0]} up"
    for period in (2, 4, 8, 16, 32):
        remainders = {n % period for n in numbers}
        expected = [n for n in range(numbers[0], start + PROBES) if n % period in remainders]
        if len(remainders) == 1 and numbers == expected:
            (remainder,) = remainders
            return f"that are multiples of {period}" if remainder == 0 else f"n ≡ {remainder} (mod {period})"
    return None
