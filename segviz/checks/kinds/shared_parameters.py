"""One tensor that stands in several places: meant, as for tied weights, or a list times a number."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding
from ..subject import Subject

KIND, MORE = "shared-parameters", "chapters/find-the-bug"

SHOWN = 4  # names in the message


def find(subject: Subject) -> Iterator[Finding]:
    names: dict[int, list[str]] = {}
    sizes: dict[int, int] = {}
    for name, parameter in subject.model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
        sizes[id(parameter)] = parameter.numel()
    # A layer's weight and bias share their places, and are told together.
    together: dict[tuple[str, ...], list[int]] = {}
    for key, places in names.items():
        if len(places) > 1:
            together.setdefault(tuple(place.rpartition(".")[0] for place in places), []).append(key)
    for layers, keys in together.items():
        count = sum(sizes[key] for key in keys)
        shown = ", ".join(names[keys[0]][:SHOWN]) + (", …" if len(layers) > SHOWN else "")
        message = (
            f"One tensor stands in {len(layers)} places ({shown}): {len(layers) * count:,} parameters by place are "
            f"{count:,}; where that is not meant, make a layer for each place, as [layer() for _ in range(n)] does and "
            f"[layer()] * n does not."
        )
        measured = {"places": len(layers), "parameters": count, "by_place": len(layers) * count}
        yield Finding(KIND, "note", layers[0] or None, measured, message, MORE)
