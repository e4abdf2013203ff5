"""A module's forward pass, written down while it runs.

Values are numbered, 0 is the picture. A step names its operation, the values that it reads, the one that it gives (of a
max-pool that keeps its switches two), the module that it stands in and its settings; weights are numbers of `tensors`.
What follows the picture's size is an expression of sizes of maps (`sizes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name

from segviz.activations import first_tensor, modules_at
from segviz.measurement.running import left_alone
from segviz.widgets.engine.operations import READERS, NotComputed, Reading
from segviz.widgets.engine.sizes import Size, expression_of


@dataclass(frozen=True)
class Program:
    """`steps` and `names` (dotted module name → value, None where the forward pass does not run it) are plain data."""

    title: str
    channels: int
    least: int
    steps: list[dict[str, Any]]
    names: dict[str, int | None]
    tensors: list[Tensor]

    @property
    def out(self) -> int:
        value = self.names[""]
        assert value is not None
        return value


@torch.no_grad()
def traced(model: nn.Module, channels: int, least: int, size: tuple[int, int]) -> Program:
    """The program as it is at one size (H, W)."""
    names = [name for name, _ in model.named_modules(remove_duplicate=False)]
    recording = Recording()
    given: dict[str, int] = {}
    with ExitStack() as stack:
        stack.enter_context(left_alone(model))
        for name, module in stack.enter_context(modules_at(model, names)).items():
            for handle in _hooks(recording, name, module, given):
                stack.callback(handle.remove)
        picture = torch.rand(1, channels, *size, generator=torch.Generator().manual_seed(0))
        recording.note(picture)
        with recording:
            output = first_tensor(model(picture))
    if output is None or recording.value_of(output) is None:
        raise NotComputed(f"{type(model).__name__}: what it gives comes of no step that was seen")
    known = {name: given.get(name) for name in names} | {"": recording.value_of(output)}
    return Program(type(model).__name__, channels, least, recording.steps, known, recording.tensors)


def _hooks(recording: Recording, name: str, module: nn.Module, given: dict[str, int]) -> Iterator[Any]:
    def enter(_module: nn.Module, _inputs: Any) -> None:
        recording.within.append(name)

    def leave(_module: nn.Module, _inputs: Any, output: Any) -> None:
        recording.within.pop()
        tensor = first_tensor(output)
        value = None if tensor is None else recording.value_of(tensor)
        if value is not None:
            given.setdefault(name, value)

    yield module.register_forward_pre_hook(enter)
    yield module.register_forward_hook(leave)


class Recording(TorchFunctionMode):
    """Writes a step for each operation on what comes from the picture, and lets everything else pass.

    Sizes of such maps are read as `Size`s.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[str, Any]] = []
        self.tensors: list[Tensor] = []
        self.within: list[str] = []
        self._values: dict[int, int] = {}
        self._held: list[Tensor] = []  # as long as they are held, no other tensor has their id
        self._count = 0

    def note(self, tensor: Tensor) -> int:
        """The number of a new value."""
        self._held.append(tensor)
        self._values[id(tensor)] = self._count
        self._count += 1
        return self._count - 1

    def value_of(self, tensor: Tensor) -> int | None:
        return self._values.get(id(tensor))

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        if not any(self.value_of(tensor) is not None for tensor in _tensors_in([args, kwargs])):
            return func(*args, **kwargs)
        if func in _SIZES:
            return self._size(args[0], *args[1:], **kwargs)
        if func in _FACTS:
            return func(*args, **kwargs)
        try:
            return self._stepped(func, args, kwargs)
        except NotComputed as error:
            raise NotComputed(f"{error}{self._place()}") from error

    def _stepped(self, func: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
        called = resolve_name(func) or getattr(func, "__name__", str(func))
        reader = READERS.get(func)
        if reader is None:
            raise NotComputed(f"{called} is no operation that the page computes")
        try:
            with self:  # so that a reader reads `Size`s, too
                reading = reader(*args, **kwargs)
        except TypeError as error:
            raise NotComputed(f"{called} is called in a way that the page does not know ({error})") from error
        output = func(*args, **kwargs)
        if reading is None:
            self._held.append(output)
            self._values[id(output)] = self._values[id(next(_tensors_in([args, kwargs])))]
            return output
        step = self._step(reading)
        outputs = list(output) if isinstance(output, tuple) else [output]
        if any(one.ndim != 4 for one in outputs):
            raise NotComputed(f"{called} gives {outputs[0].ndim} axes, where the page has maps (N, C, H, W)")
        values = [self.note(one) for one in outputs]
        self.steps.append(step | {"to": values if isinstance(output, tuple) else values[0]})
        return output

    def _step(self, reading: Reading) -> dict[str, Any]:
        read = [self.value_of(tensor) for tensor in reading.reads]
        if None in read:
            raise NotComputed(f"{reading.op} of a map and of a tensor that does not come from the picture is no step")
        settings = {key: self._setting(value) for key, value in reading.settings.items()}
        module = self.within[-1] if self.within else ""
        return {"op": reading.op, "from": read, "module": module, **settings}

    def _setting(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._setting(one) for one in value]
        if isinstance(value, Tensor):
            if self.value_of(value) is not None:
                raise NotComputed("a weight that is computed from the picture is no weight that the page holds")
            return self._weight(value.detach())
        return expression_of(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def _weight(self, tensor: Tensor) -> int:
        for number, known in enumerate(self.tensors):
            if (known.data_ptr(), known.shape, known.stride()) == (tensor.data_ptr(), tensor.shape, tensor.stride()):
                return number
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _size(self, tensor: Tensor, dim: int | None = None) -> Any:
        shape = tensor.shape
        value = self.value_of(tensor)
        rows, columns = Size(shape[2], ["rows", value]), Size(shape[3], ["columns", value])
        sized = torch.Size((shape[0], shape[1], rows, columns))
        return sized if dim is None else sized[dim]

    def _place(self) -> str:
        return f"; it stands in layer {self.within[-1]!r}" if self.within and self.within[-1] else ""


_SIZES = {torch.Tensor.shape.__get__, torch.Tensor.size}  # type: ignore[attr-defined]
# What may be asked of a map without reading it.
_FACTS = {
    torch.is_floating_point, torch.Tensor.is_floating_point, torch.Tensor.dim, torch.Tensor.ndimension,
    torch.Tensor.is_contiguous,
    *(
        getattr(torch.Tensor, fact).__get__
        for fact in ("ndim", "dtype", "device", "layout", "requires_grad", "is_cuda", "is_sparse", "is_quantized")
    ),
}  # fmt: skip


def _tensors_in(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors_in(one)
    elif isinstance(value, dict):
        yield from _tensors_in(list(value.values()))
