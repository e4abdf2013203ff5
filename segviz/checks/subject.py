"""The network under examination, and the runs that checks share: each is made when a check first asks for it."""

from __future__ import annotations

import dis
import random
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from segviz.arithmetic import whole_numbers
from segviz.fields.kinds import required_inputs
from segviz.fields.maps import Node
from segviz.fields.tracing import trace
from segviz.measurement import input_channels
from segviz.measurement.running import uncompiled

from .recording import Call, Recorder, Recording, layers_told_to
from .shapes import OnShapes
from .twins import with_values, without_values

Size = tuple[int, int]


@dataclass
class Run:
    """One forward pass: what it gave, or what it raised and whether the model raised it before its first layer."""

    size: Size
    outputs: list[Tensor] = field(default_factory=list)
    recording: Recording | None = None
    error: Exception | None = None
    refused: bool = False
    layer: str = ""  # where it was raised

    @property
    def output_size(self) -> Size:
        return tuple(self.outputs[0].shape[-2:])  # type: ignore[return-value]


class Subject:
    """A model to examine at input `size` `(H, W)`; `sizes` are further ones, `like` a model to compare with.

    The model itself is never called: twins of it are, which share its parameters or only their shapes.
    """

    def __init__(
        self, model: nn.Module, size: Size, channels: int | None, sizes: list[Size], like: nn.Module | None = None
    ):
        self.model = model
        self.like = None if like is None else checked_model("like", like)
        self.size, self.sizes = size, sizes
        self.untried: list[str] = []
        self._runs: dict[tuple, Run] = {}
        self.shapes_suffice = True
        self.channels = channels or input_channels(self.model)
        self.at = self._first_size_that_works(channels)

    # --- Runs -----------------------------------------------------------------------------------------------------

    def run(self, size: Size, *, training: bool = False, batch: int = 1) -> Run:
        """A pass at a size, on shapes alone where that can be done; what fails there is tried again with values."""
        key = (size, training, batch)
        if key not in self._runs:
            run = self.run_on_shapes(size, training, batch) if self.shapes_suffice else None
            if run is None or (run.error is not None and not _holds_on_shapes(run.error)):
                real = self.run_on_values(size, training, batch, record=True)
                self.shapes_suffice &= run is None or real.error is not None
                run = real
            self._runs[key] = run
        return self._runs[key]

    def run_on_shapes(self, size: Size, training: bool = False, batch: int = 1) -> Run:
        twin = _in_mode(self._without_values, training)
        x = torch.empty(batch, self.channels, *size, dtype=self.dtype, device="meta")
        return run_at(twin, x, size, Recorder())

    def run_on_values(self, size: Size, training: bool = False, batch: int = 1, *, record: bool = False) -> Run:
        twin = _in_mode(with_values(self.model), training)
        with torch.no_grad():
            return run_at(twin, self.picture(size, batch), size, Recorder() if record else None)

    @property
    def all_sizes(self) -> list[Size]:
        return list(dict.fromkeys([self.size, *self.sizes]))

    def picture(self, size: Size, batch: int = 1) -> Tensor:
        """Values between 0 and 1, the same at every call."""
        generator = torch.Generator().manual_seed(0)
        values = torch.rand(batch, self.channels, *size, generator=generator)
        return values.to(self.device, self.dtype)

    @property
    def recording(self) -> Recording:
        """What happens in evaluation at the size that is examined."""
        recording = self.run(self.at).recording
        assert recording is not None
        return recording

    def once_a_layer(self, name: str) -> Iterator[Call]:
        """The calls of a function in evaluation, the first of each layer; those outside of layers all."""
        told: set[str] = set()
        for call in self.recording.named(name):
            if call.layer not in told or not call.layer:
                told.add(call.layer)
                yield call

    def parameters_reached(self) -> set[str]:
        """The names of the parameters that get a gradient from some output, in evaluation or in training."""
        reached: set[str] = set()
        for training, batch in ((False, 1), (True, 1), (True, 2)):
            if self.shapes_suffice:
                twin, run = self._without_values, self.run(self.at, training=training, batch=batch)
            else:
                twin = _in_mode(with_values(self.model, gradients=True), training)
                run = run_at(twin, self.picture(self.at, batch), self.at)
            names = {id(p): name for name, p in twin.named_parameters()}
            reached |= {names[id(leaf)] for leaf in _leaves(run.outputs) if id(leaf) in names}
            if training and run.error is None:
                break
        return reached

    def shares_rewritten(self, orders: set[int]) -> dict[int, float]:
        """The share of values that each of these calls, by number, changes in place."""
        twin, recorder = with_values(self.model).eval(), Recorder()
        recorder.watched = orders
        with torch.no_grad():
            run_at(twin, self.picture(self.at), self.at, recorder)
        return recorder.rewritten

    # --- What it is -----------------------------------------------------------------------------------------------

    @cached_property
    def _without_values(self) -> nn.Module:
        return without_values(self.model)

    @cached_property
    def _first(self) -> Tensor:
        return next((p for p in self.model.parameters() if p.is_floating_point()), torch.zeros(()))

    @property
    def dtype(self) -> torch.dtype:
        return self._first.dtype

    @property
    def device(self) -> torch.device:
        return self._first.device

    @cached_property
    def node(self) -> Node | None:
        """The output's map as `segviz.fields` traces it; None where it cannot, which is said once."""
        return self.traced(self.model, self.at)

    def traced(
        self, model: nn.Module, size: Size, keep: Callable[[nn.Module], Any] | None = None, *, quiet: bool = False
    ) -> Node | None:
        """The map of the model's output, on a twin that `keep` may prepare; what fails is said, unless `quiet`."""
        twin = with_values(model)
        if keep is not None:
            keep(twin)
        try:
            with quietly():
                return trace(twin, size, None)
        except ValueError as error:
            if not quiet:
                self.say(f"Where its outputs look was not measured: {error}.")
            return None

    def say(self, sentence: str) -> None:
        if sentence not in self.untried:
            self.untried.append(sentence)

    # --- A size to examine at --------------------------------------------------------------------------------------

    def _first_size_that_works(self, channels: int | None) -> Size:
        tried: list[Size] = []
        for count in [channels] if channels else dict.fromkeys((self.channels, 3, 1)):
            self.channels = count
            for size in dict.fromkeys([self.size, *self.sizes, *_customary_sizes(self.size)]):
                run = self.run(size)
                if run.error is None:
                    _require_a_map(run)
                    if size != self.size:
                        self.say(f"All else was measured at {times(size)}, since {times(self.size)} fails.")
                    return size
                tried.append(size)
            first = self.run(self.size)
            self._runs.clear()
            self.shapes_suffice = True
        shown = ", ".join(times(size) for size in dict.fromkeys(tried))
        raise ValueError(
            f"model must take one picture (1, {self.channels}, H, W) at some size, but it failed at all that were "
            f"tried ({shown}); at {times(self.size)} it raised {quoted(first.error)}"
            f"{_mend(first.error, channels)}"
        )


def checked_model(name: str, model: object) -> nn.Module:
    """The module behind `model`; errors say what was given where it is none that can be examined."""
    if isinstance(model, type) and issubclass(model, nn.Module):
        made = f"{model.__name__}()"
        raise TypeError(f"{name} must be a torch.nn.Module, got the class {model.__name__}: make one, {made}")
    model = uncompiled(model)
    if not isinstance(model, nn.Module):
        raise TypeError(f"{name} must be a torch.nn.Module, got {type(model).__name__}")
    needed = required_inputs(model)
    if len(needed) > 1:
        raise ValueError(
            f"{name} must take one picture, but its forward needs {len(needed)} inputs ({', '.join(needed)}): "
            f"give a module that makes the others itself"
        )
    return model


def checked_size(name: str, size: object) -> Size:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"{name} must be (H, W), got {size!r}")
    height, width = (whole_numbers(**{name: side})[0] for side in size)
    return height, width


def checked_sizes(name: str, sizes: object) -> list[Size]:
    """Several sizes; a single one in their place is told so."""
    listed = list(sizes) if isinstance(sizes, Iterable) else [sizes]
    if not all(isinstance(size, (tuple, list)) for size in listed):
        raise TypeError(f"{name} must be a list of (H, W), got {sizes!r}")
    return [checked_size(f"each of {name}", size) for size in listed]


def times(size: Sequence[int]) -> str:
    return f"{size[0]}×{size[1]}"


def _customary_sizes(size: Size) -> list[Size]:
    """Where networks that are particular about their size work: multiples, one more, and a valid U-Net's."""
    height, width = size
    grids = [(32, 0), (64, 0), (8, 1), (32, 1), (16, 12)]
    near = [(max(h, m) // m * m + r, max(w, m) // m * m + r) for m, r in grids for h, w in [(height, width)]]
    return [*near, (224, 224), (256, 256), (572, 572)]


# --- One pass --------------------------------------------------------------------------------------------------------


def _in_mode(twin: nn.Module, training: bool) -> nn.Module:
    return twin.train(training)


def run_at(twin: nn.Module, x: Tensor, size: Size, recorder: Recorder | None = None) -> Run:
    """One pass of a twin, written down where a recorder is given."""
    watch = recorder or Recorder()
    start = watch.start(x)
    try:
        quick = OnShapes() if x.is_meta else nullcontext()
        with quietly(), layers_told_to(watch, twin), quick, recorder or nullcontext():
            outputs = _outputs(twin(x))
        return Run(size, outputs, watch.finish(start, outputs))
    except Exception as error:
        refused = not watch.entered and _was_raised_by_the_model(error.__traceback__)
        layer = watch.layer
        return Run(size, [], watch.finish(start, []), error.with_traceback(None), refused, layer)


def _holds_on_shapes(error: Exception) -> bool:
    """Whether an error is one that values would not change."""
    return "Expected more than 1 value per channel" in str(error)


def _leaves(outputs: list[Tensor]) -> Iterator[Tensor]:
    """The parameters that a gradient of some output would reach."""
    waiting = [output.grad_fn for output in outputs if output.grad_fn is not None]
    seen = set(waiting)
    while waiting:
        function = waiting.pop()
        if hasattr(function, "variable"):
            yield function.variable
        for following, _ in function.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                waiting.append(following)


def _outputs(result: object) -> list[Tensor]:
    """The output first: the entry `out` of a dict, else the first tensor; then the others."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, dict):
        ordered = [result["out"]] if "out" in result else []
        result = [*ordered, *(value for key, value in result.items() if key != "out")]
    if isinstance(result, (tuple, list)):
        return [tensor for value in result for tensor in _outputs(value)]
    return []


def _require_a_map(run: Run) -> None:
    shape = tuple(run.outputs[0].shape) if run.outputs else None
    if shape is None or len(shape) != 4:
        raise ValueError(
            f"model must give a map (1, K, H, W) for a picture, got "
            f"{'no tensor' if shape is None else f'the shape {shape}'} at {times(run.size)}"
        )


def _was_raised_by_the_model(traceback: TracebackType | None) -> bool:
    """Whether a `raise` or `assert` of the model's own code raised it, rather than an operation of PyTorch."""
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    ours = not traceback.tb_frame.f_globals.get("__name__", "").startswith("torch.")
    return ours and code.co_code[traceback.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def quoted(error: Exception | None) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) <= 300 else text[:300] + ' …'}"


def _mend(error: Exception | None, channels: int | None) -> str:
    text = str(error).lower()
    if "cuda" in text or "nvidia" in text:
        return ". It asks for a GPU: leave the device to the caller, or audit it where there is one"
    if "channels" in text and channels:
        return f". If it takes no pictures of {channels} channels, give others or leave channels out"
    if "channels" in text:
        return ". If it takes other pictures, give channels"
    return ""


@contextmanager
def quietly() -> Iterator[None]:
    """Nobody's random numbers are drawn, and nothing is warned of."""
    state = random.getstate()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=list(devices)):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(state)
