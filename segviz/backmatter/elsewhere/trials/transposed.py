"""Transposed convolution: the settings that are tried, and what PyTorch makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from segviz.widgets.elsewhere import laws

# What a kind of layer leaves open, and the values that are tried.
GEOMETRY = {"size": range(2, 8), "kernel_size": range(1, 7), "stride": range(1, 5), "dilation": range(1, 5)}
KINDS: dict[str, dict[str, Any]] = {
    "same": GEOMETRY,
    "valid": GEOMETRY,
    "undilated same": {"size": range(2, 12), "kernel_size": range(1, 11), "stride": range(1, 7)},
    "padded same": {**GEOMETRY, "size": range(2, 7), "output_padding": range(3), "dilation": (1, 2)},
    "cropped": {**GEOMETRY, "size": range(2, 6), "padding": range(3), "dilation": (1, 2)},
    "padded": {
        **GEOMETRY, "size": (2, 4), "kernel_size": range(1, 5), "padding": range(3), "output_padding": range(3),
        "dilation": (1, 3),
    },
}  # fmt: skip


def grid(kind: str) -> list[dict[str, Any]]:
    """Every setting of a kind that PyTorch takes."""
    every = itertools.product(*KINDS[kind].values())
    settings = [dict(zip(KINDS[kind], values, strict=True)) for values in every]
    return [each for each in settings if laws.torch_transposed(**in_full(kind, each))]


def in_full(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The PyTorch layer that a kind stands for: where none is named, the padding that makes `stride` outputs of every
    input; for "padded same" half the kernel, which is what Keras subtracts."""
    geometry = {name: settings.get(name, 1) for name in ("kernel_size", "stride", "dilation")}
    padding, output_padding = 0, 0
    if kind == "padded same":
        padding = laws.extent(geometry["kernel_size"], geometry["dilation"]) // 2
    elif kind.endswith("same"):
        padding, output_padding = laws.usual_padding(**geometry)
    return {**geometry, "padding": padding, "output_padding": output_padding, **settings}


def inputs(settings: dict[str, Any], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Whole numbers, so that equal means equal to the bit: x (2, 2, n, n) and w (2, 3, k, k)."""
    size, kernel_size = settings["size"], settings["kernel_size"]
    x = draw.integers(-4, 5, (2, 2, size, size)).astype(np.float32)
    return {"x": x, "w": draw.integers(1, 6, (2, 3, kernel_size, kernel_size)).astype(np.float32)}


def example(kind: str) -> dict[str, Any]:
    """Kernel 3 and stride 2 on three inputs, with padding 1 and output padding 1 where a kind names them."""
    settings = {"size": 3, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "dilation": 1}
    return {name: settings[name] for name in KINDS[kind]}


def example_inputs(kind: str) -> dict[str, np.ndarray]:
    """One row of 1, 10, 100, and a kernel whose middle row is 1, 2, 3: the row of the output tells all."""
    x, w = np.zeros((1, 1, 3, 3), np.float32), np.zeros((1, 1, 3, 3), np.float32)
    x[0, 0, 1], w[0, 0, 1] = (1, 10, 100), (1, 2, 3)
    return {"x": x, "w": w}


def row(output: np.ndarray) -> list[float]:
    """The row of an output (1, 1, h, w) that is not zero."""
    plane = output[0, 0]
    return plane[np.abs(plane).sum(1).argmax()].tolist()


def in_torch(kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]) -> np.ndarray:
    full = in_full(kind, settings)
    numbers = {name: full[name] for name in ("stride", "padding", "output_padding", "dilation")}
    return F.conv_transpose2d(torch.tensor(given["x"]), torch.tensor(given["w"]), **numbers).numpy()


def by_law(
    law: Callable[..., laws.Span], kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]
) -> np.ndarray | None:
    """What a law's span of the uncropped output holds, with zeros beyond it; None where the law says refused."""
    span = law(**settings)
    if span is None:
        return None
    whole = in_torch("valid", {**settings, "padding": 0, "output_padding": 0}, given)
    start, size = span
    margin = abs(start) + size
    wide = np.pad(whole, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    return wide[:, :, margin + start : margin + start + size, margin + start : margin + start + size]
