"""Functions that treat positions one by one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..maps import Traced, traced, traced_among
from .outputs import join, one_by_one


def pointwise(gain: float = 1.0) -> Callable[..., Traced]:
    """Any function that treats positions one by one; further tensors are broadcast as PyTorch does."""

    def rule(*args: Any, **kwargs: Any) -> Traced:
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        operands = traced_among(tensors)
        if len(tensors) == 1:
            return one_by_one(operands[0], gain)
        return join(torch.broadcast_shapes(*(x.shape for x in tensors)), [(x, gain) for x in operands])

    return rule


def by_channel(x, *args, **kwargs) -> Traced:
    """Functions whose further tensors are indexed by channel."""
    return one_by_one(x)


def same(x, *args, **kwargs) -> Traced:
    """detach, contiguous, to, … : nothing moves."""
    return traced(x.shape, x.node, x.dims)


def constant(x, *args, **kwargs) -> Tensor:
    """zeros_like and its kind: a tensor that reads nothing."""
    return torch.zeros(()).expand(x.shape)
