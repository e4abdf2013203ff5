"""PyTorch's own answer to a call: what it refuses, and the shapes of what it gives, from tensors without values."""

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


def answer(func: Callable[..., Any], args: Sequence[Any], kwargs: Sequence[tuple[str, Any]]) -> Any:
    """What `func` gives, with a `Shape` in the place of each tensor, as it is in the arguments. Raises as PyTorch does.

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
        found = _asked(func, args, kwargs)
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = found
    return found


def _asked(func: Callable[..., Any], args: Sequence[Any], kwargs: Sequence[tuple[str, Any]]) -> Any:
    return _shapes(func(*map(_emptied, args), **{name: _emptied(value) for name, value in kwargs}))


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
