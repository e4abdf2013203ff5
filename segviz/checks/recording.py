"""A forward pass written down: each call of a PyTorch function, in which layer, from what and to what.

In-place operations on maps are carried out beside their target instead of in it, so that who reads the old map and
who the new can be told apart.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@dataclass(eq=False, repr=False)  # a graph, which would be printed whole
class Value:
    """A tensor that flows from the input: what made it, and what reads it."""

    shape: tuple[int, ...]
    producer: Call | None = None
    readers: list[Call] = field(default_factory=list)
    returned: bool = False


@dataclass(eq=False, repr=False)  # a graph, which would be printed whole
class Call:
    """One call. `inputs` are those arguments that flow from the input; `rewrites` is what it meant to change."""

    name: str
    layer: str
    arguments: dict[str, Any]
    inputs: list[Value]
    order: int
    outputs: list[Value] = field(default_factory=list)
    rewrites: Value | None = None

    @property
    def output(self) -> Value:
        return self.outputs[0]

    def of(self, name: str, default: Any = None) -> Any:
        value = self.arguments.get(name)
        return default if value is None else value

    @property
    def weight(self) -> tuple[int, ...]:
        """The shape of a convolution's weights."""
        return tuple(self.arguments["weight"].shape)

    def stride(self) -> tuple[int, int]:
        """A pool's is its kernel unless it says otherwise."""
        stride = self.of("stride")
        return self.pair("kernel_size", 1) if stride is None or stride == [] else self.pair("stride")

    def padding(self) -> tuple[int, int]:
        """On the near side, in numbers."""
        padding = self.of("padding", 0)
        if padding == "same":
            rows, cols = (d * (k - 1) // 2 for d, k in zip(self.pair("dilation", 1), self.weight[2:], strict=True))
            return rows, cols
        return (0, 0) if padding == "valid" else self.pair("padding", 0)

    def pair(self, name: str, default: Any = None) -> tuple[Any, Any]:
        value = self.of(name, default)
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        return (values * 2)[0], (values * 2)[1]


@dataclass
class Recording:
    """The calls in order, the input's and the outputs' values, and the layers in the order they were entered."""

    calls: list[Call]
    input: Value
    outputs: list[Value]
    entered: list[str]

    def named(self, *names: str) -> list[Call]:
        return [call for call in self.calls if call.name in names]


class Recorder(TorchFunctionMode):
    """Records while it is entered; `start(x)` names the input."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.layers: list[str] = []
        self.entered: list[str] = []
        self.watched: set[int] = set()  # calls by number; of these is kept
        self.rewritten: dict[int, float] = {}  # the share of values that they change
        self._known: dict[int, tuple[weakref.ref, Value]] = {}

    def start(self, x: Tensor) -> Value:
        return self._remember(x, Value(tuple(x.shape)))

    def finish(self, x: Value, outputs: list[Tensor]) -> Recording:
        values = [value for value in map(self._value, outputs) if value is not None]
        for value in values:
            value.returned = True
        return Recording(self.calls, x, values, self.entered)

    @property
    def layer(self) -> str:
        """The innermost layer that is running."""
        return self.layers[-1] if self.layers else ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        read = [value for value in map(self._value, _tensors((args, kwargs))) if value is not None]
        if not read:
            return func(*args, **kwargs)
        name = func.__self__.__name__ if func.__name__ == "__get__" else func.__name__
        arguments = _bound(func, args, kwargs)
        call = Call(name, self.layer, arguments, list(dict.fromkeys(read)), len(self.calls))
        target = self._value(args[0]) if args and isinstance(args[0], Tensor) else None
        func, args, kwargs, rewrites = _beside(func, args, kwargs, arguments)
        result = func(*args, **kwargs)
        made = _tensors(result)
        if not made:
            return result
        if rewrites and target is not None:
            call.rewrites = target
            if call.order in self.watched:
                self.rewritten[call.order] = (made[0] != args[0]).float().mean().item()
        for value in call.inputs:
            value.readers.append(call)
        call.outputs = [self._remember(tensor, Value(tuple(tensor.shape), call)) for tensor in made]
        self.calls.append(call)
        return result

    def _value(self, tensor: Any) -> Value | None:
        reference, value = self._known.get(id(tensor), (None, None))
        return value if reference is not None and reference() is tensor else None

    def _remember(self, tensor: Tensor, value: Value) -> Value:
        self._known[id(tensor)] = (weakref.ref(tensor), value)
        return value


@contextmanager
def layers_told_to(recorder: Recorder, model: nn.Module) -> Iterator[None]:
    """While this lasts, the recorder knows which of the model's layers is running."""
    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(_enter(recorder, name)))
        handles.append(module.register_forward_hook(_leave(recorder), always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _enter(recorder: Recorder, name: str) -> Callable[..., None]:
    def hook(*_: Any) -> None:
        recorder.layers.append(name)
        if name:
            recorder.entered.append(name)

    return hook


def _leave(recorder: Recorder) -> Callable[..., None]:
    def hook(*_: Any) -> None:
        if sys.exception() is None:  # or the layer that raised would be forgotten
            recorder.layers.pop()

    return hook


def _tensors(nest: Any) -> list[Tensor]:
    if isinstance(nest, Tensor):
        return [nest]
    if isinstance(nest, dict):
        return [tensor for value in nest.values() for tensor in _tensors(value)]
    if isinstance(nest, (tuple, list)):
        return [tensor for value in nest for tensor in _tensors(value)]
    return []


# Functions whose signature Python cannot tell, or tells as *args.
_SIGNATURES = {
    "conv2d": "input weight bias stride padding dilation groups",
    "conv_transpose2d": "input weight bias stride padding output_padding groups dilation",
    "cat": "tensors dim",
    "clamp": "input min max",
    "clamp_": "input min max",
    "clamp_min": "input min",
    "clamp_min_": "input min",
    "max_pool2d": "input kernel_size stride padding dilation ceil_mode",
    "max_pool2d_with_indices": "input kernel_size stride padding dilation ceil_mode",
    "avg_pool2d": "input kernel_size stride padding ceil_mode",
}


def _bound(func: Any, args: tuple, kwargs: dict) -> dict[str, Any]:
    """The arguments by name; those of built-in functions without a name here by number."""
    names = _SIGNATURES.get(func.__name__, "").split() or _parameters(func) or ()
    positional = {names[i] if i < len(names) else f"argument {i}": value for i, value in enumerate(args)}
    return {name: _light(value) for name, value in {**positional, **kwargs}.items()}


@lru_cache
def _parameters(func: Any) -> tuple[str, ...] | None:
    try:
        return tuple(inspect.signature(func).parameters)
    except (TypeError, ValueError):
        return None


def _light(value: Any) -> Any:
    """Arguments are kept, maps are not: of a tensor only its shape stays, and that it was one."""
    if isinstance(value, Tensor):
        return torch.empty(value.shape, device="meta")
    return value if not _tensors(value) else len(value)


def _beside(func: Any, args: tuple, kwargs: dict, arguments: dict) -> tuple[Any, tuple, dict, bool]:
    """The same call without its in-place effect, where it has one, and whether it had."""
    if arguments.get("inplace"):
        place = (_parameters(func) or ()).index("inplace")
        if place < len(args):
            return func, (*args[:place], False, *args[place + 1 :]), kwargs, True
        return func, args, {**kwargs, "inplace": False}, True
    plain = _name_without_effect(func.__name__)
    instead = getattr(Tensor, plain, None) or getattr(torch, plain, None) if plain else None
    return (instead, args, kwargs, True) if callable(instead) else (func, args, kwargs, False)


def _name_without_effect(name: str) -> str | None:
    """`add` for `add_`, `__add__` for `__iadd__`; None for what has no effect, or writes what reads nothing."""
    if name.startswith("__i") and name.endswith("__"):
        return f"__{name[3:]}"
    return name[:-1] if name.endswith("_") and name[0] != "_" and name not in _CONSTANTS else None


_CONSTANTS = frozenset(["fill_", "copy_", "set_", "normal_"])
