"""Normalizations, softmax: position by position, or with statistics of all positions that they read."""

from functools import partial
from typing import Any

import torch

from ..answers import Shape
from ..broadcast import statistics
from ..placing import Placed
from .outputs import constant, dims_of, with_all_of


def batch_norm(out, x, weight, bias, running_mean, running_var, training, eps) -> list[Placed]:
    """Also instance normalization, whose channels PyTorch counts as a batch norm's in training."""
    if training or running_mean is None:
        normalized = statistics(x, set(range(len(x.layout))) - {1})
    else:
        normalized = statistics(x, (), partial(_energy_of, weight, running_var, eps))
    return _first_of(out, with_all_of(normalized, [weight, bias, running_mean, running_var], out[0]))


def _energy_of(weight: Any, running_var: Any, eps: float) -> float:
    """The channels' mean of what each passes on: its squared factor, over the variance that it has seen."""
    scale = weight.detach() if isinstance(weight, torch.Tensor) and weight.any() else torch.ones(1)
    variance = running_var if isinstance(running_var, torch.Tensor) else torch.ones(1)
    return float((scale.double().square().cpu() / (variance.double().cpu() + eps)).mean())


def group_norm(out, x, weight, bias) -> list[Placed]:
    return _first_of(out, with_all_of(statistics(x, range(len(x.layout))), [weight, bias], out[0]))


def layer_norm(out, x, normalized_shape, weight, bias) -> list[Placed]:
    ndim = len(x.layout)
    normalized = statistics(x, range(ndim - len(normalized_shape), ndim))
    return _first_of(out, with_all_of(normalized, [weight, bias], out[0]))


def softmax(out, x, dim) -> Placed:
    return statistics(x, dims_of(x, dim))


def _first_of(out: list[Shape], x: Placed) -> list[Placed]:
    """The saved statistics beside it are for the backward pass."""
    return [x, *(constant(shape) for shape in out[1:])]
