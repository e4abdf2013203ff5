"""Running an operation on values of one's own, so that it is found afterwards as it was.

A module is not copied, since not every module can be: its weights are replaced for the time of the call, and
everything else that it holds is put back.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from segviz.activations import first_tensor
from segviz.measurement.instance_norm import InstanceNormAsItIs
from segviz.measurement.unpooling import OverlappingWindows, last_written

Op = Callable[[Tensor], object]
Attempt = Callable[[], tuple[Tensor, object]]

# A module's words for an input that has other channels than its first layer.
_OF_CHANNELS = re.compile(r"channels\b|running_mean should contain|mat1 and mat2|normalized_shape", re.IGNORECASE)


def run(op: Op, values: Tensor) -> tuple[Tensor, object]:
    """The input (1, C, H, W) that can be differentiated, and what `op` gives for it: its first tensor, if any.

    A module runs in float64, in evaluation mode and on the CPU; where it cannot, for it makes tensors of a type of its
    own, as it is. Any other callable runs in float64, else float32, else in 16 bits.
    """
    for attempt in _attempts(op, values):
        try:
            leaf, output = attempt()
            tensor = first_tensor(output)
            return leaf, output if tensor is None else tensor
        except OverlappingWindows:
            raise
        except Exception as error:
            failure = error
    raise ValueError(
        f"op must take an input of shape {tuple(values.shape)}, but it raised "
        f"{type(failure).__name__}: {failure}{_way_out(failure)}"
    ) from failure


def run_without_computing(op: Op, values: Tensor) -> Tensor | None:
    """The output with its shape but no memory behind it, where the operation can be run that way."""
    try:
        if isinstance(op, nn.Module):
            with left_alone(op):
                return first_tensor(functional_call(op, _state(op, torch.float64, "meta"), (values.to("meta"),)))
        return first_tensor(op(values.to("meta")))
    except Exception:  # the real run will say what is wrong
        return None


def eager(op: Op) -> Op:
    """The module behind `torch.compile` and `nn.DataParallel`; anything else as it is."""
    op = uncompiled(op)
    return eager(op.module) if isinstance(op, nn.DataParallel) else op


def uncompiled(op: Any) -> Any:
    """The module behind `torch.compile`; anything else as it is."""
    while isinstance(op, nn.Module) and isinstance(inner := getattr(op, "_orig_mod", None), nn.Module):
        op = inner
    return op


@contextmanager
def left_alone(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; then every module has the attributes back that it had, its mode among them."""
    modules = list(model.modules())
    places = [vars(module) for module in modules if not scripted(module)]
    attributes = [dict(place) for place in places]
    training = [module for module in modules if scripted(module) and module.training]
    try:
        for place in places:  # at once what a module's own __setattr__ reaches after a long search
            place["training"] = False
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True
        for place, held in zip(places, attributes, strict=True):
            place.clear()
            place.update(held)


def scripted(op: object) -> bool:
    """Whether this was made by `torch.jit`: its attributes are not Python's."""
    return isinstance(op, torch.jit.ScriptModule)


def _attempts(op: Op, values: Tensor) -> Iterator[Attempt]:
    if not isinstance(op, nn.Module):
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
            yield partial(_called, op, values.to(dtype))
        return
    own = next((p for p in [*op.parameters(), *op.buffers()] if p.is_floating_point()), torch.zeros(()))
    placed = values.to(own.device, own.dtype)
    if scripted(op):
        yield partial(_called, op, placed, around=op)
        return
    yield partial(_called, _with_state(op, torch.float64, "cpu"), values.to("cpu", torch.float64), around=op)
    yield partial(_called, _with_state(op, own.dtype, own.device), placed, around=op)


def _called(op: Op, values: Tensor, *, around: nn.Module | None = None) -> tuple[Tensor, object]:
    leaf = values.detach().requires_grad_()
    with nullcontext() if around is None else left_alone(around), last_written(), InstanceNormAsItIs():
        return leaf, op(leaf.clone())  # in-place operations may write on the clone


def _with_state(model: nn.Module, dtype: torch.dtype, device: torch.device | str) -> Op:
    state = _state(model, dtype, device)
    return lambda values: functional_call(model, state, (values,))


def _state(model: nn.Module, dtype: torch.dtype, device: torch.device | str) -> dict[str, Tensor]:
    """Private parameters and buffers, the floating ones in this dtype."""
    return {
        name: tensor.detach().to(device, dtype if tensor.is_floating_point() else None, copy=True)
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]
    }


def _way_out(failure: Exception) -> str:
    words = str(failure)
    if _OF_CHANNELS.search(words):
        return (
            ". If it expects other channels, give an input tensor (1, C, H, W) as example, or name them with channels="
        )
    if isinstance(failure, TypeError) and "positional argument" in words:
        return ". If it takes several inputs, give a function of one: lambda x: model(x, the_other)"
    return ""
