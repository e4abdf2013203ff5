"""Resizing: the sizes that are tried, and what PyTorch makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

KINDS: dict[str, dict[str, Any]] = {
    "align_corners=False": {"mode": "bilinear", "align_corners": False},
    "align_corners=True": {"mode": "bilinear", "align_corners": True},
    "antialias=True": {"mode": "bilinear", "align_corners": False, "antialias": True},
    "nearest": {"mode": "nearest"},
    "nearest-exact": {"mode": "nearest-exact"},
}
SIDES = range(1, 24)


def grid(kind: str) -> list[dict[str, Any]]:
    """Every pair of sizes up to 23 pixels."""
    return [{"size": size, "output_size": output} for size, output in itertools.product(SIDES, SIDES)]


def example(kind: str) -> dict[str, Any]:
    """Eight pixels to three."""
    return {"size": 8, "output_size": 3}


def inputs(settings: dict[str, Any], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """A picture (1, 1, n, n) in [0, 1]; labels are such numbers, too."""
    return {"x": draw.random((1, 1, settings["size"], settings["size"]), np.float32)}


def example_inputs(kind: str) -> dict[str, np.ndarray]:
    """The number of its column in every pixel: what an output says is where it reads."""
    return {"x": np.tile(np.arange(8, dtype=np.float32), (1, 1, 8, 1))}


def row(output: np.ndarray) -> list[float]:
    return np.round(output[0, 0, 0].astype(float), 4).tolist()


def in_torch(kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]) -> np.ndarray:
    return F.interpolate(torch.tensor(given["x"]), size=(settings["output_size"],) * 2, **KINDS[kind]).numpy()


def by_law(
    law: Callable[..., Any], kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]
) -> np.ndarray | None:
    """The picture read at a law's positions, between pixels in proportion."""
    size, output_size = settings["size"], settings["output_size"]
    positions = [law(q, size, output_size) for q in range(output_size)]
    weights = np.zeros((output_size, size))
    for q, position in enumerate(positions):
        left = min(int(position), size - 1)
        part = float(position - left)
        weights[q, left] += 1 - part
        if part:
            weights[q, left + 1] += part
    return (weights @ given["x"].astype(float) @ weights.T).astype(np.float32)
