"""Random draws that are the same on every machine and with every NumPy.

NumPy promises the raw words of a bit generator for ever, but not what `Generator` makes of them: so
everything here is made from the words themselves.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


class Dice:
    """Draws that depend on nothing but the integers given.

    >>> Dice(1, 2).whole(1, 6) == Dice(1, 2).whole(1, 6)
    True
    """

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))
        self._units: list[float] = []

    def unit(self) -> float:
        """A number in [0, 1)."""
        if not self._units:
            self._units = ((self._bits.random_raw(256) >> 11) * 2.0**-53).tolist()
        return self._units.pop()

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self.unit())

    def chance(self, probability: float) -> bool:
        """True as often as `probability` says."""
        return self.unit() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(len(items) * self.unit())]

    def grain(self, *shape: int) -> np.ndarray:
        """White noise: int16 from -128 to 127, of the given shape."""
        count = int(np.prod(shape))
        words = self._bits.random_raw(-(-count // 8)).astype("<u8")
        return words.view(np.int8)[:count].reshape(shape).astype(np.int16)
