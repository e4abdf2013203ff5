"""Mean IoU: the label maps that are tried, and the pooled mean over classes that have a union, `segviz.metrics`."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from segviz import metrics

KINDS = ("mean IoU",)


def grid(kind: str) -> list[dict[str, Any]]:
    """Two maps each, of 3 to 7 classes, drawn by `seed`: the last class is nowhere, the one before only predicted."""
    return [{"classes": classes, "seed": seed} for classes, seed in itertools.product(range(3, 8), range(48))]


def example(kind: str) -> dict[str, Any]:
    return {"classes": 5, "seed": 0}


def inputs(settings: dict[str, Any], draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Prediction and target (2, 12, 12)."""
    classes, draw = settings["classes"], np.random.default_rng([settings["classes"], settings["seed"]])
    target = draw.integers(0, classes - 2, (2, 12, 12))
    wrong = draw.random(target.shape) < 0.15
    return {"prediction": np.where(wrong, draw.integers(0, classes - 1, target.shape), target), "target": target}


def example_inputs(kind: str) -> dict[str, np.ndarray]:
    return inputs(example(kind), np.random.default_rng(0))


def row(output: np.ndarray) -> list[float]:
    return np.round(output.astype(float).ravel(), 4).tolist()


def in_torch(kind: str, settings: dict[str, Any], given: dict[str, np.ndarray]) -> np.ndarray:
    matrix = metrics.confusion_matrix(
        torch.tensor(given["prediction"]), torch.tensor(given["target"]), settings["classes"]
    )
    return single(metrics.mean_iou(matrix))


def single(value: Any) -> np.ndarray:
    """A score as the comparison takes it."""
    return np.array(float(value), np.float32).reshape(1, 1, 1, 1)
