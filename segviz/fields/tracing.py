"""Calling the unmodified model on a tensor without values, up to the layer whose map is asked for."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import nn

from segviz.activations import first_tensor, modules_at
from segviz.measurement import input_channels
from segviz.measurement.running import left_alone

from .kinds import as_module, hint
from .layouts import COLS, PLAIN, ROWS, digit_axes, size_of
from .maps import Node, Size, UnsupportedOperation
from .placing import Placed, laid_out
from .rules import rule_of
from .tensors import Traced, Watch, traced_input

Traced.rules = staticmethod(rule_of)

# Where a model fails at the size it is tried at: sizes at which others do not.
USUAL_SIZES = (224, 256, 512, 572, 384, 299, 1024, 128, 64, 32)


class Trace(NamedTuple):
    """The node of a layer's output; `sized` says that an input of another size may meet another network."""

    node: Node
    sized: bool


class DoesNotRun(ValueError):
    """The model raised an error of its own."""


def trace(model: nn.Module, size: Size, layer: str | None, channels: int | None = None) -> Node:
    """The node of the layer's output (the model's if None)."""
    model = as_module(model)
    try:
        return traced_at(model, size, layer, channels).node
    except DoesNotRun as error:
        for count in () if channels else other_channels(model):
            try:
                return traced_at(model, size, layer, count).node
            except DoesNotRun:
                continue
        raise explained(model, size, layer, channels, error) from error.__cause__


def traced_at(model: nn.Module, size: Size, layer: str | None, channels: int | None) -> Trace:
    """One forward pass. Raises `DoesNotRun` with the model's own error, `UnsupportedOperation` by name."""
    reached: list[object] = []

    def stop(module: nn.Module, args: object, output: object) -> None:
        reached.append(output)
        raise _LayerReached

    with ExitStack() as stack:
        if layer is not None:
            modules = stack.enter_context(modules_at(model, [layer], parameter="layer"))
            stack.callback(modules[layer].register_forward_hook(stop).remove)
        stack.enter_context(left_alone(model))
        watch = stack.enter_context(_watched())
        given = traced_input(channels or input_channels(model), size, _type_of(model))
        try:
            reached.append(model(given))
        except _LayerReached:
            pass
        except UnsupportedOperation as error:
            raise UnsupportedOperation(f"{error}{_standing_in(model, error)}") from error
        except Exception as error:
            if unknown := _asks_for_values(error):
                raise UnsupportedOperation(
                    f"the reach of {unknown} is not known, so the model cannot be traced{_standing_in(model, error)}"
                ) from error
            lines = str(error).strip().splitlines() or [""]  # of a scripted module's, the last tells what was wrong
            raise DoesNotRun(f"{type(error).__name__}: {lines[-1] if 'TorchScript' in lines[0] else error}") from error
    output = first_tensor(reached[0])
    if not isinstance(output, Traced) or output.placed.node is None:
        raise UnsupportedOperation(
            f"{layer or 'model'} must give a tensor that comes from the input, got {type(reached[0]).__name__}"
        )
    return Trace(_map_of(output.placed), watch.sized)


def _map_of(x: Placed) -> Node:
    """The map whose units are those of the tensor."""
    assert x.node is not None
    held = {axis for digits in x.layout for axis in digit_axes(digits)}
    mixed = any(digit_axes(digits) and len(digits) > len(digit_axes(digits)) for digits in x.layout)
    cut = sum(digit.axis != PLAIN for digits in x.layout for digit in digits) > len(held)
    if mixed or cut or _repeats(x, held):
        x, _ = laid_out(x, "a unit")
    assert x.node is not None
    return x.node


def _repeats(x: Placed, held: set[int]) -> bool:
    """Whether (N, C, H, W) has rows or columns that all read the same, and so hold no positions as yet."""
    if len(x.layout) != 4 or any(held & digit_axes(digits) for digits in x.layout[:2]):
        return False
    rows, cols = x.layout[2:]
    in_place = digit_axes(rows) <= {ROWS} and digit_axes(cols) <= {COLS}
    return in_place and any(size_of(digits) > 1 and not digit_axes(digits) for digits in (rows, cols))


class _LayerReached(Exception):
    """Ends the forward pass as soon as the layer that was asked for has its output."""


# --- What went wrong --------------------------------------------------------------------------------------------


def other_channels(model: nn.Module) -> list[int]:
    """What else than the first layer's `in_channels` the input may have: pictures' channels, then other layers'."""
    counts = (getattr(module, name, None) for module in model.modules() for name in ("in_channels", "in_features"))
    found = sorted({count for count in counts if isinstance(count, int)})
    guesses = [n for n in (3, 1, 4, *found[:3]) if n != input_channels(model)]
    return list(dict.fromkeys(guesses))


def explained(model: nn.Module, size: Size, layer: str | None, channels: int | None, error: DoesNotRun) -> ValueError:
    """The model's error, with the size to blame only if it runs at another one."""
    for side in USUAL_SIZES:
        try:
            traced_at(model, (side, side), layer, channels)
        except DoesNotRun:
            continue
        except UnsupportedOperation:
            pass
        return ValueError(
            f"size {size} must be one that the model takes, as {(side, side)} is, but it raised {error}"
            f"{hint(model, error)}"
        )
    count = channels or input_channels(model)
    told = hint(model, error) or (
        f". If its input has other than {count} channels, say so with channels=" if channels is None else ""
    )
    return ValueError(
        f"model must take an input of shape (1, {count}, {size[0]}, {size[1]}), but it raised {error}{told}"
    )


def _asks_for_values(error: Exception) -> str:
    """What of a model hands its tensors to something else than an operation, in PyTorch's words; nothing if none."""
    operator = re.search(r"rule registered for HOP (\w+)", str(error))  # torch.cond and its kind
    if operator:
        return f"torch.{operator[1]}"
    return "torch.Tensor.numpy" if ".numpy() is not supported for tensor subclasses" in str(error) else ""


def _standing_in(model: nn.Module, error: BaseException) -> str:
    """In which layer an error was raised: the innermost module of the model that was running."""
    names = {module: name for name, module in model.named_modules()}
    innermost = None
    frames = error.__traceback__
    while frames is not None:
        module = frames.tb_frame.f_locals.get("self")
        if isinstance(module, nn.Module) and module in names:
            innermost = module
        frames = frames.tb_next
    if innermost is None:
        return ""
    name = names[innermost]
    return f"; it stands in {f'layer {name!r}, a ' if name else ''}{type(innermost).__name__}"


# --- The model, and what surrounds its pass ---------------------------------------------------------------------


def _type_of(model: nn.Module) -> torch.dtype:
    return next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)


@contextmanager
def _watched() -> Iterator[Watch]:
    before, Traced.watch = Traced.watch, Watch()
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.no_grad())
        if "torch._dynamo" in sys.modules:  # layers that are compiled
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        try:
            yield Traced.watch
        finally:
            Traced.watch = before
