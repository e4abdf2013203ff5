"""Scores of a network on a data set.

>>> from segviz.data import Scenes
>>> scores = evaluate(nn.Conv2d(3, 11, 1), Scenes(2, (32, 32)))
>>> len(scores["class_iou"]), 0 <= scores["mean_iou"] <= 1
(11, True)
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from segviz.metrics import check_labels, class_boundary_f1, class_iou, confusion_matrix, mean_iou, pixel_accuracy
from segviz.training.processes import Processes


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: Dataset,
    *,
    batch_size: int = 8,
    tolerance: float = 1.0,
    ignore_index: int = 255,
    device: torch.device | str | None = None,
    team: Processes | None = None,
) -> dict[str, Any]:
    """Scores of `model` on a data set: mean IoU, pixel accuracy, boundary F1, by class too, and the confusion.

    `mean_iou`, `pixel_accuracy` and `boundary_f1` (within `tolerance` pixels) are floats, `class_iou` and
    `class_boundary_f1` lists with None for a class that never occurs, `confusion` the rows of the matrix. The
    model is evaluated in evaluation mode and left in the mode it was in; several processes share the pictures.
    """
    team = team or Processes.found(device)
    if len(dataset) < team.count:  # type: ignore[arg-type]
        raise ValueError(f"dataset must give every process a picture, got {len(dataset)} for {team.count}")  # type: ignore[arg-type]
    model.to(team.device)
    mode = model.training
    model.eval()
    shared = range(team.rank, len(dataset), team.count)  # type: ignore[arg-type]
    matrix: Tensor | None = None
    try:
        for start in range(0, len(shared), batch_size):
            pairs = [dataset[index] for index in shared[start : start + batch_size]]
            for group in _by_size(pairs):
                images, masks = (torch.stack(parts).to(team.device) for parts in zip(*group, strict=True))
                logits = model(images)
                check_batch(images, masks, logits.shape[1], ignore_index)
                prediction, classes = logits.argmax(1), logits.shape[1]
                outlines = class_boundary_f1(prediction, masks, classes, tolerance, ignore_index)
                if matrix is None:
                    matrix = torch.zeros(classes, classes, dtype=torch.int64, device=team.device)
                    sums = torch.zeros(2, classes, dtype=torch.float64, device=team.device)
                matrix += confusion_matrix(prediction, masks, classes, ignore_index)
                sums += torch.stack([outlines.nansum(1), outlines.isfinite().sum(1)])
    finally:
        model.train(mode)
    assert matrix is not None
    matrix, sums = team.total(matrix), team.total(sums)
    by_class = sums[0] / sums[1]
    return {
        "mean_iou": mean_iou(matrix),
        "pixel_accuracy": pixel_accuracy(matrix),
        "boundary_f1": by_class.nanmean().item(),
        "class_iou": _listed(class_iou(matrix)),
        "class_boundary_f1": _listed(by_class),
        "confusion": matrix.tolist(),
    }


def _listed(values: Tensor) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _by_size(pairs: list[tuple[Tensor, Tensor]]) -> list[list[tuple[Tensor, Tensor]]]:
    """Pictures of one size together: public data sets have many sizes."""
    groups: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
    for image, mask in pairs:
        groups.setdefault(image.shape, []).append((image, mask))
    return list(groups.values())


def check_batch(images: Tensor, masks: Tensor, num_classes: int | None, ignore_index: int) -> None:
    """Raises ValueError or TypeError for images outside [0, 1] and for masks with unknown labels."""
    if not torch.is_floating_point(images):
        raise TypeError(f"images must be floating point in [0, 1], got {images.dtype}; divide by 255")
    low, high = images.min().item(), images.max().item()
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        mend = "; divide by 255" if low >= 0 and high <= 255 else ""
        raise ValueError(f"images must be in [0, 1], got values from {low:g} to {high:g}{mend}")
    if masks.shape != images.shape[:1] + images.shape[2:]:
        raise ValueError(
            f"masks must be (N, H, W) of the images' size, got {tuple(masks.shape)} for {tuple(images.shape)}"
        )
    if num_classes is not None:
        check_labels("mask", masks, num_classes, ignore_index)
