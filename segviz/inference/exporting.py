"""A network as an ONNX file that takes batches and pictures of every size, and shows what it holds inside."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from segviz.activations import capture, first_tensor, modules_at
from segviz.checkpoints import replacing
from segviz.measurement.running import left_alone

# Odd and unequal, so that no size is taken for a constant that happens to fit; two pictures, for the same reason.
_EXAMPLE = (2, 97, 131)
# Where the exported network is asked again: at another odd size, and at an even square.
_AGAIN = ((1, 131, 97), (3, 128, 128))
_TALKERS = ("onnx_ir", "onnxscript", "torch.onnx", "torch.export")


def to_onnx(model: nn.Module, path: str | os.PathLike, layers: str | Iterable[str] = (), *, channels: int = 3) -> None:
    """Write `model`, in evaluation mode, as an ONNX file with one input `x` (batch, channels, height, width).

    Batch, height and width stay open. The outputs are `logits` and, under their dotted names, what the modules in
    `layers` give, as `segviz.capture` has them: so the file can be compared stage by stage. Python's branches stay
    behind, taken as they went at one odd size. What the exporter made of the model is run at two further sizes, an odd
    one and an even square of three pictures, and must give what the model gives, or of a model that draws random
    numbers its shapes; a branch on a size beyond these is not seen. A check of the least size is no error there. The
    model is left as it was.

    Raises ImportError before PyTorch 2.7 and where onnx and onnxscript are missing; ValueError for a layer that the
    model has not or does not run, for weights in another precision than 32 or 16 bits, for an adaptive pool to more
    than one position, whose windows the file would keep, and for what is another network at one of those sizes; and
    what `torch.onnx.export` raises for operations that ONNX has not.

    >>> to_onnx(nn.Conv2d(3, 2, 1), "net.onnx", ["nothing"])
    Traceback (most recent call last):
    ValueError: layers: the model has no module 'nothing'
    """
    names = [layers] if isinstance(layers, str) else list(dict.fromkeys(layers))
    taken = [name for name in names if name in ("", "x", "logits")]
    if taken:
        raise ValueError(f"layers: {taken[0]!r} cannot be an output, since the file's own are called 'x' and 'logits'")
    _require_known_precision(model)
    least = getattr(model, "min_size", 0)
    least += least % 2  # added to an odd size it leaves it odd
    parameter = next(model.parameters(), torch.zeros(()))

    def pictures(batch: int, height: int, width: int) -> Tensor:
        return torch.rand(batch, channels, height + least, width + least).to(parameter)

    x = pictures(*_EXAMPLE)
    with left_alone(model), modules_at(model, names) as modules, torch.no_grad():
        with _Windows():
            capture(model, x, ["", *names])  # the whole pass; that each is there and is run, before anything is traced
        _require()
        opened = _Opened(model, modules).eval()
        with _quiet():
            program: Any = torch.onnx.export(
                opened,
                (x,),
                input_names=["x"],
                output_names=["logits", *names],
                dynamic_shapes=({0: "batch", 2: "height", 3: "width"},),
                dynamo=True,
                verbose=False,
            )
            exported = program.exported_program.module()
        for size in _AGAIN:
            _require_equal(opened, exported, pictures(*size))
    content = program.model_proto.SerializeToString()
    with replacing(path) as file:
        file.write(content)


class _Opened(nn.Module):
    """A network that gives its logits and what it holds at the named modules."""

    def __init__(self, model: nn.Module, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        self.model = model
        self.places = list(modules.values())

    def forward(self, x: Tensor) -> Any:
        kept: dict[int, Tensor] = {}

        def keep(module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = first_tensor(output)
            if id(module) not in kept and tensor is not None:
                kept[id(module)] = tensor.clone()  # before an in-place ReLU changes it

        handles = [module.register_forward_hook(keep) for module in self.places]
        try:
            logits = first_tensor(self.model(x))
        finally:
            for handle in handles:
                handle.remove()
        return logits, *(kept[id(module)] for module in self.places)


def _require_equal(model: nn.Module, exported: nn.Module, x: Tensor) -> None:
    """An export has taken each `if` and each number that Python worked out from the size as they were at one size."""
    try:
        expected = model(x)
    except Exception:  # the network takes no picture of this size itself
        return
    height, width = x.shape[-2:]
    reason = "the file would hold what Python made of one size"
    try:
        found = exported(x)
    except Exception as error:  # a shape that fits nowhere, an index out of range, a guard: whatever it met first
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    else:
        if _equal(found, expected):
            return
        shapes = [[tensor.shape for tensor in each] for each in (found, expected)]
        if shapes[0] == shapes[1] and not _equal(model(x), expected):  # it draws random numbers: only these can be told
            return
    raise ValueError(
        f"model: exported, it is another network at {height}×{width} pixels ({reason}): a kernel, a size or a branch "
        "is worked out from the size of the picture; write it with PyTorch's operations, or fix the size beforehand"
    )


def _equal(found: Iterable[Tensor], expected: Iterable[Tensor]) -> bool:
    return all(_close(a, b) for a, b in zip(found, expected, strict=True))


def _close(found: Tensor, expected: Tensor) -> bool:
    if found.shape != expected.shape:
        return False
    most = 1e-2 if expected.dtype == torch.float16 else 1e-4
    scale = expected.double().nan_to_num(posinf=0.0, neginf=0.0).abs().max() if expected.numel() else 0.0
    return torch.allclose(found.double(), expected.double(), rtol=0, atol=most * float(scale), equal_nan=True)


def _require_known_precision(model: nn.Module) -> None:
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.dtype not in (torch.float32, torch.float16):
            raise ValueError(
                f"model: {name!r} is {tensor.dtype}, in which ONNX Runtime convolves nothing; export model.float()"
            )


class _Windows(TorchDispatchMode):
    """Refuses adaptive pools other than to one position: an export keeps their windows, which the size decides."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        packet = operation.overloadpacket
        if packet in (torch.ops.aten._adaptive_avg_pool2d, torch.ops.aten.adaptive_max_pool2d):
            height, width = args[1]
            if (height, width) != (1, 1):
                raise ValueError(
                    f"model: an adaptive pool to {height}×{width} has its windows from the size of the map, and a file "
                    "for every size would keep those of one; pool with a fixed kernel and stride, or to 1×1"
                )
        return operation(*args, **(kwargs or {}))


def _require() -> None:
    if torch.__version__ < "2.7.dev0":  # compared as versions are. It knows no axes by name, and fixes the size
        raise ImportError(f"export with sizes left open needs PyTorch 2.7 or newer; this is {torch.__version__}")
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError("export needs onnx and onnxscript: pip install 'segviz[onnx]'") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks on its own steps, which tell the reader nothing to do."""
    loggers = [logging.getLogger(name) for name in _TALKERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
