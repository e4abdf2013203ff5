"""Numbers that follow the picture's size, and remember how."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

# A number; or ["rows" | "columns", value], the size of a map; or [one of these names, a number, a number].
Expression = Any

_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
}


class Size(int):
    """A whole number that was read off a map at one picture's size, with the expression that gives it at any.

    It is the plain number to everything but +, -, *, // and %, which remember. What is made of it in another way, as
    `int(height / 2)`, forgets; a program that holds such a number fails at the second size that it is tried at.

    >>> height = Size(97, ["rows", 0])
    >>> (-height % 8).expression
    ['mod', ['sub', 0, ['rows', 0]], 8]
    """

    expression: Expression

    def __new__(cls, number: int, expression: Expression) -> Size:
        size = super().__new__(cls, number)
        size.expression = expression
        return size

    def __neg__(self) -> Size:
        return Size(-int(self), ["sub", 0, self.expression])


def _remembering(name: str, compute: Callable[[int, int], int]) -> None:
    def forward(self: Size, other: Any) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        return Size(compute(int(self), int(other)), [name, self.expression, expression_of(other)])

    def backward(self: Size, other: Any) -> Any:
        if not isinstance(other, int):
            return NotImplemented
        return Size(compute(int(other), int(self)), [name, expression_of(other), self.expression])

    setattr(Size, f"__{name}__", forward)
    setattr(Size, f"__r{name}__", backward)


for _name, _compute in _ARITHMETIC.items():
    _remembering(_name, _compute)


def expression_of(number: int) -> Expression:
    """How a number is had at any size: the expression that it remembers, or itself."""
    return number.expression if isinstance(number, Size) else int(number)


def evaluated(setting: Any, sizes: Mapping[int, tuple[int, int]]) -> Any:
    """A step's setting with numbers in the place of expressions; `sizes[value]` is (rows, columns) of a map.

    >>> evaluated({"size": [["floordiv", ["rows", 0], 2], 7]}, {0: (9, 12)})
    {'size': [4, 7]}
    """
    if isinstance(setting, dict):
        return {key: evaluated(value, sizes) for key, value in setting.items()}
    if not isinstance(setting, list):
        return setting
    if setting and setting[0] in ("rows", "columns"):
        return sizes[setting[1]][setting[0] == "columns"]
    if setting and isinstance(setting[0], str):
        compute = _ARITHMETIC[setting[0]]
        return compute(*(evaluated(part, sizes) for part in setting[1:]))
    return [evaluated(part, sizes) for part in setting]
