"""Training mode that fails with one picture: a batch norm behind a global pool has one value a channel."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Subject, quoted, times

KIND, MORE = "batch-of-one", "book/error-messages"


def find(subject: Subject) -> Iterator[Finding]:
    alone = subject.run(subject.at, training=True)
    if alone.error is None or subject.run(subject.at, training=True, batch=2).error is not None:
        return
    message = (
        f"In training mode one picture of {times(subject.at)} fails ({quoted(alone.error)}) and two do not: a map of a "
        f"single value has no variance, so train on at least two, drop the last incomplete batch, or freeze that norm."
    )
    yield Finding(KIND, "note", alone.layer or None, {"batch": 1, "works_with": 2}, message, MORE)
