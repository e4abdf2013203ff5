"""Windows: pooling and strided convolution, the settings that are tried, and what PyTorch makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from segviz.widgets.elsewhere import laws

# What a kind of layer leaves open, and the values that are tried.
POOL = {"size": (2, 3, 5, 6, 9, 10, 11), "kernel_size": range(1, 6), "stride": range(1, 5)}
KINDS: dict[str, dict[str, Any]] = {
    "max": {**POOL, "padding": range(3), "ceil_mode": (False, True)},
    "average": {**POOL, "padding": range(3), "ceil_mode": (False, True)},
    "max, same": {"size": range(1, 22), "kernel_size": (1, 2, 3, 5, 7), "stride": range(1, 6)},
    "undilated convolution, same": {"size": range(1, 33), "kernel_size": (1, 3, 5, 7), "stride": range(1, 5)},
    "convolution, same": {"size": range(1, 24), "kernel_size": (1, 3, 5), "stride": range(1, 5), "dilation": (1, 2)},
}
FAR = float(np.finfo(np.float32).min)  # what a window that touches nothing holds: where a maximum begins


def grid(kind: str) -> list[dict[str, Any]]:
    """Every setting of a kind that PyTorch takes: a pool pads by half its kernel at most."""
    every = itertools.product(*KINDS[kind].values())
    settings = [dict(zip(KINDS[kind], values, strict=True)) for values in every]
    return [
        each
        for each in settings
        if each.get("padding", 0) <= each["kernel_size"] // 2 and laws.torch_windows(**in_full(kind, each))
    ]


def in_full(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The PyTorch layer that a kind stands for: where none is named, half the kernel as padding."""
    if not kind.endswith("same"):
        return settings
    reach = laws.extent(settings["kernel_size"], settings.get("dilation", 1))
    return {**settings, "padding": (reach - 1) // 2 if convolves(kind) else settings["kernel_size"] // 2}


def convolves(kind: str) -> bool:
    return "convolution" in kind


def example(kind: str) -> dict[str, Any]:
    """Kernel 2, stride 2 and padding 1 on five inputs, rounded up; "same" with kernel 3 and stride 2 on six."""
    if kind.endswith("same"):
        return {"size": 6, "kernel_size": 3, "stride": 2, "dilation": 1}
    return {"size": 5, "kernel_size": 2, "stride": 2, "padding": 1, "ceil_mode": True}


def inputs(settings: dict[str, Any], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Whole numbers from 1 on, no two alike, and the kernel (1, 1, k, k) of a convolution."""
    size, kernel_size = settings["size"], settings["kernel_size"]
    given = {"x": draw.permutation(size * size).reshape(1, 1, size, size).astype(np.float32) + 1}
    return {**given, "w": draw.integers(1, 6, (1, 1, kernel_size, kernel_size)).astype(np.float32)}


def example_inputs(kind: str) -> dict[str, np.ndarray]:
    """1, 2, 3, … in every row; a convolution that copies the middle of its window."""
    size = example(kind)["size"]
    given = {"x": np.tile(np.arange(1, size + 1, dtype=np.float32), (1, 1, size, 1))}
    if convolves(kind):
        given["w"] = np.zeros((1, 1, 3, 3), np.float32)
        given["w"][0, 0, 1, 1] = 1
    return given


def row(output: np.ndarray) -> list[float]:
    return np.round(output[0, 0, 0].astype(float), 4).tolist()


def in_torch(kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]) -> np.ndarray:
    full, x = in_full(kind, settings), torch.tensor(given["x"])
    geometry = {"stride": full["stride"], "padding": full["padding"]}
    if convolves(kind):
        return F.conv2d(x, torch.tensor(given["w"]), dilation=full.get("dilation", 1), **geometry).numpy()
    pool = F.avg_pool2d if kind == "average" else F.max_pool2d
    return pool(x, full["kernel_size"], ceil_mode=full.get("ceil_mode", False), **geometry).numpy()


def by_law(
    law: Callable[..., laws.Span], kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]
) -> np.ndarray | None:
    """What windows at a law's places hold: the largest input, or the weighted sum."""
    span = law(**settings)
    if span is None:
        return None
    (start, count), stride, x = span, settings["stride"], given["x"][0, 0].astype(float)
    weighs = convolves(kind)
    taps = settings.get("dilation", 1) * np.arange(settings["kernel_size"])
    margin = abs(start) + count * stride + int(taps[-1]) + 1
    wide = np.pad(x, margin, constant_values=0 if weighs else FAR)
    places = [margin + start + q * stride + taps for q in range(count)]
    weights = given["w"][0, 0].astype(float) if weighs else None
    windows = [[wide[np.ix_(rows, columns)] for columns in places] for rows in places]
    values = [[(part * weights).sum() if weighs else part.max() for part in line] for line in windows]
    return np.array(values, np.float32)[None, None]
