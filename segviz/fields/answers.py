"""PyTorch's own answer to a call: what it refuses, and the shapes of what it gives, from tensors without values."""

import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Shape(NamedTuple):
    """A tensor without its values; without strides, one whose elements follow one another."""

    size: tuple[int, ...]
    dtype: torch.dtype
    stride: tuple[int, ...] | None = None

    def empty(self) -> Tensor:
        if self.stride is None:
            return torch.empty(self.size, dtype=self.dtype, device="meta")
        return torch.empty_strided(self.size, self.stride, dtype=self.dtype, device="meta")


# The same layers are met again and again: in one network, and each time that it is traced.
_MOST = 4096
_known: dict[Any, Any] = {}


def answer(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Sequence[tuple[str, Any]], *, by_pattern: bool = False
) -> Any:
    """What `func` gives, with a `Shape` in the place of each tensor, as it is in the arguments. Raises as PyTorch does.

    `by_pattern`: the answer hangs on which sizes are equal, 1 or 0 alone, and all of its sizes are among those given.

    >>> image = Shape((1, 3, 8, 8), torch.float32)
    >>> answer(torch.ops.aten.mean.dim, (image, (2, 3), True), ()).size
    (1, 3, 1, 1)
    """
    # 1, 1.0 and True are equal, and what they make of a tensor is not.
    key = (id(func), args, kwargs, tuple(map(type, args)))
    try:
        found = _known.get(key)
    except TypeError:  # something in it that cannot be looked up
        return _asked(func, args, kwargs)
    if found is None:
        found = _of_a_pattern(func, args, kwargs) if by_pattern else None
        found = _asked(func, args, kwargs) if found is None else found
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = found
    return found


def _asked(func: Callable[..., Any], args: Sequence[Any], kwargs: Sequence[tuple[str, Any]]) -> Any:
    return _shapes(func(*map(_emptied, args), **{name: _emptied(value) for name, value in kwargs}))


# PyTorch answers in Python, and takes a thousandth of a second for each new shape; of a pattern it is asked once.
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def _of_a_pattern(func: Callable[..., Any], args: Sequence[Any], kwargs: Sequence[tuple[str, Any]]) -> Any:
    """The answer for tensors whose sizes are other numbers, equal where these are; None where that does not tell it."""
    numbers = {0: 0, 1: 1}

    def renamed(value: Any) -> Any:
        if isinstance(value, Shape):
            if value.stride is not None and value.stride != _contiguous(value.size):
                raise LookupError
            return Shape(renamed(value.size), value.dtype)
        if isinstance(value, tuple):
            return tuple([renamed(item) for item in value])
        return value if type(value) is not int else numbers.setdefault(value, _PRIMES[len(numbers) - 2])

    def original(value: Any) -> Any:
        if isinstance(value, list):
            return [original(item) for item in value]
        if not isinstance(value, Shape) or value.stride != _contiguous(value.size):
            raise LookupError
        size = tuple([sizes[n] for n in value.size])
        return Shape(size, value.dtype, _contiguous(size))

    try:
        asked = [renamed(value) if isinstance(value, Shape | tuple) else value for value in args]
        asked_named = [(name, renamed(value) if isinstance(value, Shape | tuple) else value) for name, value in kwargs]
        sizes = {small: size for size, small in numbers.items()}
        return original(answer(func, tuple(asked), tuple(asked_named)))
    except Exception:  # the real sizes are asked about, for PyTorch's own words too
        return None


def _contiguous(size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(itertools.accumulate((max(1, n) for n in size[:0:-1]), operator.mul, initial=1))[::-1][: len(size)]


def _emptied(value: Any) -> Any:
    if isinstance(value, Shape):
        return value.empty()
    if isinstance(value, torch.device):
        return torch.device("meta")
    return [_emptied(item) for item in value] if isinstance(value, tuple) else value


def _shapes(result: Any) -> Any:
    if isinstance(result, Tensor):
        return Shape(tuple(result.shape), result.dtype, result.stride())
    return [_shapes(item) for item in result] if isinstance(result, list | tuple) else result
