"""Parameters that get no gradient, in training or evaluation, from any of the outputs."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Subject

KIND, MORE = "idle-parameters", "chapters/find-the-bug"


def find(subject: Subject) -> Iterator[Finding]:
    reached = subject.parameters_reached()
    trained = {name: p.numel() for name, p in subject.model.named_parameters() if p.requires_grad}
    idle = {name for name in trained if name not in reached}
    together: dict[str, list[str]] = {}
    for name in idle:
        together.setdefault(_largest_idle_module(name, trained, idle), []).append(name)
    total = sum(trained.values())
    for layer, names in sorted(together.items()):
        count = sum(trained[name] for name in names)
        message = (
            f"{count:,} of {total:,} parameters ({', '.join(sorted(names)[:3])}{', …' if len(names) > 3 else ''}) get "
            "no gradient from any output, in training or evaluation: use them in forward, take them out, or freeze "
            "them with requires_grad_(False) if they are to stay."
        )
        yield Finding(KIND, "waste", layer or None, {"parameters": count, "of": total}, message, MORE)


def _largest_idle_module(name: str, trained: dict[str, int], idle: set[str]) -> str:
    module = name.rpartition(".")[0]
    while module:
        above = module.rpartition(".")[0]
        if not above or any(other not in idle for other in trained if other.startswith(f"{above}.")):
            return module
        module = above
    return module
