"""Where the rows and columns of a map lie in the dimensions of a tensor.

A position is written as a number is, in digits, and a dimension of a tensor holds some of them. Of `(N, C, H, W)` the
last two hold the rows and the columns; after `flatten(2)` one dimension holds both, the rows before the columns; cut
into windows of 8, the rows are two digits, `H/8` in steps of 8 and 8 in steps of 1. So `view`, `permute` and their kind
lose nothing: they only regroup digits. What is no position (batch, channels) is a digit too, of the axis PLAIN.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from .maps import UnsupportedOperation

ROWS, COLS, PLAIN = 0, 1, 2


class Digit(NamedTuple):
    """`size` values, each `step` positions from the one before."""

    axis: int
    size: int
    step: int


# For each dimension of a tensor its digits, the coarsest first; none for a dimension of 1.
Layout = tuple[tuple[Digit, ...], ...]


@lru_cache(4096)
def whole(axis: int, size: int) -> tuple[Digit, ...]:
    """A dimension that holds all of an axis, in order."""
    return () if size == 1 else (Digit(axis, size, 1),)


@lru_cache(4096)
def plain(size: int) -> tuple[Digit, ...]:
    return whole(PLAIN, size)


def no_positions(shape: Iterable[int]) -> Layout:
    return tuple(plain(n) for n in shape)


def has_positions(digits: Iterable[Digit]) -> bool:
    return any(digit.axis != PLAIN for digit in digits)


def size_of(digits: Sequence[Digit]) -> int:
    if len(digits) == 1:
        return digits[0].size
    return math.prod([digit.size for digit in digits])


def merged(digits: Iterable[Digit]) -> tuple[Digit, ...]:
    """Neighbors that count on from one another become one."""
    result: list[Digit] = []
    for digit in digits:
        if result and result[-1].axis == digit.axis and result[-1].step == digit.size * digit.step:
            digit = Digit(digit.axis, result.pop().size * digit.size, digit.step)
        elif result and result[-1].axis == digit.axis == PLAIN:
            digit = Digit(PLAIN, result.pop().size * digit.size, 1)
        result.append(digit)
    return tuple(result)


def regrouped(layout: Layout, shape: Sequence[int]) -> Layout:
    """The layout of the same tensor in another shape, as `view` makes it; digits are cut where a dimension ends."""
    waiting = list(merged(digit for digits in layout for digit in digits))[::-1]
    result = []
    for n in shape:
        taken, missing = [], n
        while missing > 1:
            digit = waiting.pop()
            if missing % digit.size and digit.size % missing:
                raise UnsupportedOperation(f"a view as {tuple(shape)} cuts rows and columns at uneven places")
            fine = max(1, digit.size // missing)
            taken.append(Digit(digit.axis, digit.size // fine, digit.step * fine))
            if fine > 1:
                waiting.append(Digit(digit.axis, fine, digit.step))
            missing //= taken[-1].size
        result.append(merged(taken))
    return tuple(result)


def digit_axes(digits: Iterable[Digit]) -> set[int]:
    """The axes whose positions a dimension holds."""
    return {digit.axis for digit in digits} - {PLAIN}
