"""Max-unpooling by switches: the sizes that are tried, and what PyTorch makes of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

SIDES = range(4, 20)
KINDS = ("unpooling",)


def grid(kind: str) -> list[dict[str, Any]]:
    """Maps of every height and width from 4 to 19, pooled by 2; `height` and `width` are what is to be restored."""
    return [{"height": height, "width": width} for height, width in itertools.product(SIDES, SIDES)]


def example(kind: str) -> dict[str, Any]:
    return {"height": 5, "width": 4}


def inputs(settings: dict[str, Any], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Two channels, pooled, and PyTorch's indices of where each value stood in its channel."""
    shape = (1, 2, settings["height"], settings["width"])
    return _pooled(draw.permutation(np.prod(shape)).reshape(shape).astype(np.float32) + 1)


def example_inputs(kind: str) -> dict[str, np.ndarray]:
    x = np.zeros((1, 2, 5, 4), np.float32)
    x[0, 0, 0, 1], x[0, 1, 0, 0], x[0, 1, 0, 3] = 5, 7, 9
    return _pooled(x)


def _pooled(x: np.ndarray) -> dict[str, np.ndarray]:
    values, indices = F.max_pool2d(torch.tensor(x), 2, return_indices=True)
    return {"x": values.numpy(), "indices": indices.numpy()}


def row(output: np.ndarray) -> list[Any]:
    """The second channel's first two rows."""
    return output[0, 1, :2].tolist()


def in_torch(kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]) -> np.ndarray:
    size = (settings["height"], settings["width"])
    return F.max_unpool2d(torch.tensor(given["x"]), torch.tensor(given["indices"]), [2, 2], output_size=size).numpy()
