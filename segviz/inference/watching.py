"""Layers of which someone else asks what they hold.

A network may read its layers' weights and settings beside calling them: `F.conv_transpose2d(y, self.conv.weight)` ties
a decoder to its encoder. Such a layer must stay as it is.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from segviz.checks.subject import Subject, run_at
from segviz.checks.twins import with_values, without_values

# What folding and trimming change.
HELD = frozenset(["weight", "bias", "running_mean", "running_var", "eps", "kernel_size", "padding"])


def layers_asked(subject: Subject) -> set[str]:
    """The names of convolutions and batch norms that are asked for a weight or a setting while the network runs, by
    others than themselves."""
    asked: set[str] = set()
    twin = (without_values if subject.shapes_suffice else with_values)(subject.model).eval()
    for name, layer in twin.named_modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)) and layer is not twin:
            layer.__class__ = _watched(type(layer), name, asked)  # type: ignore[assignment]
    picture = subject.picture(subject.at)
    run_at(twin, picture.to("meta") if subject.shapes_suffice else picture, subject.at)
    return asked


def _watched(kind: type[nn.Module], name: str, asked: set[str]) -> type[nn.Module]:
    """A layer's own class, which notes when it is asked while it does not run itself."""

    class Watched(kind):  # type: ignore[valid-type,misc]
        def __call__(self, *inputs: Any, **named: Any) -> Any:
            self.__dict__["runs"] = True
            try:
                return super().__call__(*inputs, **named)
            finally:
                self.__dict__["runs"] = False

        def __getattribute__(self, attribute: str) -> Any:
            if attribute in HELD and not self.__dict__.get("runs"):
                asked.add(name)
            return super().__getattribute__(attribute)

    return Watched
