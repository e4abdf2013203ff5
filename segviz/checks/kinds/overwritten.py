"""An in-place operation that changes a map which another branch reads later."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..recording import Call, Value
from ..subject import Subject

KIND, MORE = "overwritten", "chapters/find-the-bug"

_VIEWS = "__getitem__ narrow chunk split view reshape flatten squeeze unsqueeze permute transpose expand detach"
VIEWS = frozenset(_VIEWS.split())


def find(subject: Subject) -> Iterator[Finding]:
    suspects = {call.order: reader for call in subject.recording.calls if (reader := _late_reader(call)) is not None}
    if not suspects:
        return
    shares = subject.shares_rewritten(set(suspects))
    for order, reader in suspects.items():
        share = shares.get(order, 0.0)
        if share == 0:
            continue
        call = subject.recording.calls[order]
        message = (
            f"{call.name} changes its input in place, {share:.0%} of the values, and {reader} reads that map "
            "afterward and finds the new ones; use inplace=False (out = out + x for out += x) where a map is read "
            "again."
        )
        yield Finding(KIND, "fault", call.layer or None, {"changed": share}, message, MORE)


def _late_reader(call: Call) -> str | None:
    """What reads the old map after the call that meant to overwrite it, where the new one is read as well."""
    old = call.rewrites
    if old is None or not (call.output.readers or call.output.returned):
        return None
    for value in _same_memory(old):
        if value.returned:
            return "the output"
        for reader in value.readers:
            if reader.order > call.order and reader.name not in VIEWS:
                return reader.layer or "the model"
    return None


def _same_memory(value: Value) -> list[Value]:
    """The value, and what it is a view of."""
    found = [value]
    while value.producer is not None and value.producer.name in VIEWS:
        value = value.producer.inputs[0]
        found.append(value)
    return found
