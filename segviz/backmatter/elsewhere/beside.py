"""A framework's output beside PyTorch's: one word for how the two stand, and where in the grid each word holds."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

EQUAL, SHIFTED, SIZE, REFUSED, OTHER = "equal", "shifted", "another size", "refused", "other numbers"
VERDICTS = (EQUAL, SHIFTED, SIZE, REFUSED, OTHER)
FARTHEST = 3  # a shift farther than that is told as other numbers
CLOSE = 1e-4


def verdict(got: np.ndarray | None, wanted: np.ndarray) -> str:
    """How an output (N, C, H, W) stands to the one that is wanted; None is a refusal."""
    if got is None:
        return REFUSED
    if got.shape != wanted.shape:
        return SIZE
    if close(got, wanted):
        return EQUAL
    return SHIFTED if shift(got, wanted) else OTHER


def shift(got: np.ndarray, wanted: np.ndarray) -> int:
    """By how many pixels to the far side the wanted output lies in what was got, along both axes; 0 if by none.

    >>> shift(np.arange(5.0).reshape(1, 1, 1, 5), np.arange(2.0, 7.0).reshape(1, 1, 1, 5))
    2
    """
    for by in sorted(range(-FARTHEST, FARTHEST + 1), key=abs):
        rows, columns = (by if length > 1 else 0 for length in wanted.shape[2:])
        some, other = _overlap(got, rows, columns), _overlap(wanted, -rows, -columns)
        if by and some.size and np.ptp(some) and close(some, other):
            return by
    return 0


def _overlap(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = plane.shape[2:]
    return plane[:, :, max(rows, 0) : height + min(rows, 0), max(columns, 0) : width + min(columns, 0)]


def close(some: np.ndarray, other: np.ndarray) -> bool:
    """Equal to 1e-4, and not a number at the same places."""
    return bool(np.allclose(some, other, rtol=CLOSE, atol=CLOSE, equal_nan=True))


def attempt(function: Callable[..., Any], settings: dict[str, Any], given: dict[str, Any]) -> Any:
    """What a program's function gives, or the exception that it raises; it gets what it names."""
    named = inspect.signature(function).parameters
    try:
        return function(**{name: value for name, value in {**given, **settings}.items() if name in named})
    except Exception as problem:
        return problem


def counted(words: list[str]) -> dict[str, int]:
    """How often each word was said, in their order, those that never were left out."""
    counts = Counter(words)
    return {word: counts[word] for word in VERDICTS if counts[word]}
