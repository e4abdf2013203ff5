"""What a program of a framework says of itself: the ways to write a layer there, and the recipes for PyTorch's result.

A program is one file for a topic and a framework. Its functions take the framework's own arrays and PyTorch's numbers,
by name, and give the layer's output. Their source is what the page shows.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

SETTINGS = 200
"""How many drawn settings a recipe is tried at."""


@dataclass(frozen=True)
class Way:
    """A layer as someone writes it who carries the numbers over; `kind` is the PyTorch layer that it stands for."""

    function: Callable[..., Any]
    written: str
    kind: str
    law: str = ""
    law_settings: tuple[tuple[str, Any], ...] = ()
    sampled: bool = False


@dataclass(frozen=True)
class Recipe:
    """What to write instead to get PyTorch's result, and at which settings that holds."""

    function: Callable[..., Any]
    kind: str
    within: str = ""

    @property
    def source(self) -> str:
        """The function as the page shows it, without its decorator."""
        lines = textwrap.dedent(inspect.getsource(self.function)).splitlines()
        begin = next(number for number, line in enumerate(lines) if line.startswith("def "))
        return "\n".join(lines[begin:])


def way(written: str, kind: str, law: str = "", sampled: bool = False, **law_settings: Any) -> Callable:
    """Mark a function as a way to write the layer; `law` names the law of `segviz.widgets.elsewhere.laws`.

    `sampled` tries a law that holds elsewhere, too, at drawn settings only: some frameworks compile every size anew.
    """

    def marked(function: Callable) -> Callable:
        _of_the_program("WAYS").append(Way(function, written, kind, law, tuple(law_settings.items()), sampled))
        return function

    return marked


def recipe(kind: str, within: str = "") -> Callable:
    """Mark a function as the recipe; `within` is a condition on the settings: outside of it, it is not meant.

    One that several programs share is marked in each: `recipe("nearest")(in_numpy.resize_mask)`.
    """

    def marked(function: Callable) -> Callable:
        _of_the_program("RECIPES").append(Recipe(function, kind, within))
        return function

    return marked


def _of_the_program(name: str) -> list:
    """A list of the program that marks a function, two calls up; the function itself may stand elsewhere."""
    return sys._getframe(2).f_globals.setdefault(name, [])


def ways_of(program: ModuleType) -> list[Way]:
    return getattr(program, "WAYS", [])


def recipes_of(program: ModuleType) -> list[Recipe]:
    return getattr(program, "RECIPES", [])
