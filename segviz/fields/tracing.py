"""Calling the unmodified model on a tensor without values, up to the layer whose map is asked for."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ..measurement import input_channels
from .maps import Node, Size, Traced, UnsupportedOperation, traced_input
from .rules import RULES

Traced.rules = RULES


def trace(model: nn.Module, size: Size, layer: str | None) -> Node:
    """The node of the layer's output (the model's if None)."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    reached: list[object] = []

    def stop(module: nn.Module, args: object, output: object) -> None:
        reached.append(output)
        raise _LayerReached

    hook = None if layer is None else _module(model, layer).register_forward_hook(stop)
    try:
        with _evaluation_mode(model), torch.no_grad():
            reached.append(model(traced_input(input_channels(model), size)))
    except _LayerReached:
        pass
    except UnsupportedOperation:
        raise
    except Exception as error:
        raise ValueError(
            f"size {size} must be one that the model takes, but it raised {type(error).__name__}: {error}"
        ) from error
    finally:
        if hook is not None:
            hook.remove()
    output = _first_tensor(reached[0])
    if not isinstance(output, Traced):
        raise UnsupportedOperation(
            f"{layer or 'model'} must give a tensor that comes from the input, got {type(output).__name__}"
        )
    return output.node


class _LayerReached(Exception):
    """Ends the forward pass as soon as the layer that was asked for has its output."""


def _module(model: nn.Module, layer: str) -> nn.Module:
    modules = dict(model.named_modules())
    if layer not in modules:
        nearest = ", ".join(difflib.get_close_matches(str(layer), modules, n=3, cutoff=0)) or "none"
        raise ValueError(f"layer must name a module of the model, got {layer!r}; the nearest are {nearest}")
    return modules[layer]


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


def _first_tensor(output: object) -> object:
    if isinstance(output, dict):
        output = output.get("out", next(iter(output.values()), None))
    if isinstance(output, (tuple, list)):
        return _first_tensor(output[0]) if output else None
    return output
