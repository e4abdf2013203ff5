"""Copies of a model that share its structure and not its state, so that nothing done to them reaches it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def with_values(model: nn.Module, gradients: bool = False) -> nn.Module:
    """A copy that reads the model's own parameters, and has gradients, if any, and statistics of its own."""
    parameters = {
        id(p): nn.Parameter(p.detach(), requires_grad=gradients and p.requires_grad) for p in model.parameters()
    }
    return _copied(model, {**_loose_tensors(model), **_copies_of_buffers(model), **parameters})


def without_values(model: nn.Module) -> nn.Module:
    """A copy on the meta device: shapes flow through it, and nothing is computed."""
    memo: dict[int, Any] = {key: tensor.to("meta") for key, tensor in _loose_tensors(model).items()}
    memo |= {id(b): torch.empty_like(b, device="meta") for b in model.buffers()}
    memo |= {id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad) for p in model.parameters()}
    return _copied(model, memo)


@contextmanager
def kept_as_it_is(model: nn.Module) -> Iterator[None]:
    """Puts the model's buffers back, should a copy of it have called it after all, as a patched forward does."""
    buffers = [(b, b._version, b.detach().clone()) for b in model.buffers() if not b.is_inference()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, version, value in buffers:
                if buffer._version != version:
                    buffer.copy_(value)


def _copied(model: nn.Module, memo: dict[int, Any]) -> nn.Module:
    try:
        return copy.deepcopy(model, dict(memo))
    except Exception:
        return copy.deepcopy(model, {**memo, **_uncopiable(model)})


def _copies_of_buffers(model: nn.Module) -> dict[int, Tensor]:
    return {id(buffer): buffer.detach().clone() for buffer in model.buffers()}


def _loose_tensors(model: nn.Module) -> dict[int, Tensor]:
    """Tensors that are plain attributes, as weight_norm's weight; PyTorch copies none that has a history."""
    loose = (value for module in model.modules() for value in vars(module).values() if isinstance(value, Tensor))
    return {id(tensor): tensor.detach() for tensor in loose}


def _uncopiable(model: nn.Module) -> dict[int, Any]:
    """Attributes that cannot be copied (a lock, an open file): the copy shares them."""
    found = {}
    for module in model.modules():
        for name, value in vars(module).items():
            if name in ("_parameters", "_buffers", "_modules") or isinstance(value, (nn.Module, Tensor)):
                continue
            try:
                copy.deepcopy(value)
            except Exception:
                found[id(value)] = value
    return found
