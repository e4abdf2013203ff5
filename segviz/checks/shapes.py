"""Passes without values made quick: what treats values one by one gives a map of the shape it got.

PyTorch runs these functions on the meta device too, by way of long chains of Python. What they refuse is refused here.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class _Alike(torch.autograd.Function):
    """A map like the first argument whose gradient reaches all of them."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *others: Tensor) -> Tensor:
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError("only the way of a gradient is asked for")


class OnShapes(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__
        if name in _ONE_BY_ONE and not _writes(args, kwargs):
            return _Alike.apply(args[0] if args else kwargs["input"])
        if func is F.batch_norm:
            return _batch_norm(*args, **kwargs)
        return func(*args, **kwargs)


_NAMES = "relu relu6 hardtanh leaky_relu elu silu gelu hardswish hardsigmoid sigmoid dropout"
_ONE_BY_ONE = frozenset(_NAMES.split())


def _writes(args: tuple, kwargs: dict) -> bool:
    x = args[0] if args else kwargs.get("input")
    in_place = kwargs.get("inplace") or any(value is True for value in args[1:])
    return bool(in_place) or not isinstance(x, Tensor) or not x.is_floating_point()


def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    beside = [tensor for tensor in (running_mean, running_var, weight, bias) if tensor is not None]
    if any(tensor.numel() != input.shape[1] for tensor in beside) or (training and input.numel() == input.shape[1]):
        return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)  # raises
    return _Alike.apply(input, *(tensor for tensor in (weight, bias) if tensor is not None))
