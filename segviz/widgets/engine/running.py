"""The steps of a program done by PyTorch, which shows whether they are what the module does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.activations import first_tensor
from segviz.layers import mirrored
from segviz.measurement.running import left_alone
from segviz.widgets.engine.recording import Program
from segviz.widgets.engine.sizes import evaluated

Settings = dict[str, Any]


def _padded(s: Settings, x: Tensor) -> Tensor:
    (top, left), (bottom, right) = s["before"], s["after"]
    if s["mode"] == "reflect":
        return mirrored(x, before=(top, left), after=(bottom, right))
    return F.pad(x, (left, right, top, bottom), value=s["value"])


def _max_pooled(s: Settings, x: Tensor) -> tuple[Tensor, Tensor]:
    return F.max_pool2d(x, s["kernel"], s["stride"], s["padding"], s["dilation"], s["ceil_mode"], True)


RUN: dict[str, Callable[..., Any]] = {
    "conv2d": lambda s, x: F.conv2d(x, s["weight"], s["bias"], s["stride"], s["padding"], s["dilation"], s["groups"]),
    "conv_transpose2d": lambda s, x: F.conv_transpose2d(
        x, s["weight"], s["bias"], s["stride"], s["padding"], s["output_padding"], s["groups"], s["dilation"]
    ),
    "batch_norm": lambda s, x: F.batch_norm(x, s["mean"], s["variance"], s["weight"], s["bias"], eps=s["eps"]),
    "relu": lambda s, x: F.relu(x),
    "hardtanh": lambda s, x: F.hardtanh(x, s["least"], s["most"]),
    "sigmoid": lambda s, x: torch.sigmoid(x),
    "silu": lambda s, x: F.silu(x),
    "hardsigmoid": lambda s, x: F.hardsigmoid(x),
    "hardswish": lambda s, x: F.hardswish(x),
    "add": lambda s, x, y: x + y,
    "mul": lambda s, x, y: x * y,
    "scale": lambda s, x: s["by"] * x,
    "local_response_norm": lambda s, x: F.local_response_norm(x, s["size"], s["alpha"], s["beta"], s["k"]),
    "max_pool2d": _max_pooled,
    "avg_pool2d": lambda s, x: F.avg_pool2d(
        x, s["kernel"], s["stride"], s["padding"], s["ceil_mode"], s["count_include_pad"]
    ),
    "mean": lambda s, x: x.mean((2, 3), keepdim=True),
    "max_unpool2d": lambda s, x, switches: torch._C._nn.max_unpool2d(x, switches, s["size"]),
    "interpolate": lambda s, x: F.interpolate(x, tuple(s["size"]), mode="bilinear", align_corners=s["align_corners"]),
    "cat": lambda s, *maps: torch.cat(maps, 1),
    "pad": _padded,
    "slice": lambda s, x: x[..., s["start"][0] : s["stop"][0], s["start"][1] : s["stop"][1]],
}


@torch.no_grad()
def run(program: Program, picture: Tensor) -> list[Tensor]:
    """Every value of a program for a picture (1, C, H, W), by PyTorch."""
    values: dict[int, Tensor] = {0: picture}
    for step in program.steps:
        read = [values[number] for number in step["from"]]
        output = RUN[step["op"]](_settings(step, program.tensors, values), *read)
        for number, one in zip(_numbers(step["to"]), output if isinstance(output, tuple) else [output], strict=False):
            values[number] = one
    return [values[number] for number in range(len(values))]


_WEIGHTS = ("weight", "bias", "mean", "variance")


def _settings(step: dict[str, Any], tensors: Sequence[Tensor], values: dict[int, Tensor]) -> dict[str, Any]:
    sizes = {number: (value.shape[2], value.shape[3]) for number, value in values.items()}
    settings = evaluated({key: step[key] for key in step.keys() - {"op", "from", "to", "module"}}, sizes)
    weights = {key: tensors[settings[key]] for key in _WEIGHTS if settings.get(key) is not None}
    return settings | weights


def _numbers(to: int | list[int]) -> list[int]:
    return to if isinstance(to, list) else [to]


def difference(program: Program, model: nn.Module, sizes: Sequence[tuple[int, int]], *, enough: int) -> str:
    """In words, where the program does not give what the model gives; nothing where it does at `enough` of the sizes.

    Sizes that are too small for the model say nothing.
    """
    tried = 0
    for number, (height, width) in enumerate(sizes):
        picture = torch.rand(1, program.channels, height, width, generator=torch.Generator().manual_seed(number))
        try:
            with torch.no_grad(), left_alone(model):
                wanted = first_tensor(model(picture.clone()))
        except (RuntimeError, ValueError):  # too small for it
            continue
        assert wanted is not None
        try:
            given = run(program, picture)[program.out]
        except (RuntimeError, ValueError) as error:
            return f"at {height}×{width} its steps raise {error}"
        if given.shape != wanted.shape:
            return f"at {height}×{width} its steps give {tuple(given.shape)}, and it gives {tuple(wanted.shape)}"
        if not torch.allclose(given, wanted, rtol=1e-4, atol=1e-5 * float(wanted.abs().max())):
            return f"at {height}×{width} its steps give other values than it gives"
        tried += 1
        if tried == enough:
            return ""
    return "it takes too few sizes to be tried at"
