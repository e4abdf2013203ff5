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

from segviz.activations import first_tensor
from segviz.metrics import check_labels, class_boundary_f1, class_iou, confusion_matrix, mean_iou, pixel_accuracy
from segviz.training.labels import require_two
from segviz.training.modes import evaluating
from segviz.training.processes import Processes


@torch.no_grad()
def evaluate(
    model: nn.Module,
    dataset: Dataset,
    *,
    batch_size: int = 8,
    tolerance: float = 1.0,
    ignore_index: int | None = 255,
    device: torch.device | str | None = None,
    team: Processes | None = None,
) -> dict[str, Any]:
    """Scores of `model` on a data set: mean IoU, pixel accuracy, boundary F1, by class too, and the confusion.

    `mean_iou`, `pixel_accuracy` and `boundary_f1` (within `tolerance` pixels) are floats, `class_iou` and
    `class_boundary_f1` lists with None for a class that never occurs, `confusion` the rows of the matrix. The
    model is evaluated in evaluation mode, and each of its modules left in the mode it was in; several processes share
    the pictures.

    `model` gives logits (N, K, H, W) of the images' size, or a dict with them as `out` (of other dicts, tuples and
    lists the first tensor counts).

    Raises ValueError where there is nothing to score: every pixel is ignored, or all that are not are of one class, as
    with two classes saved as 0 and 255. A single picture like that has its scores from `segviz.metrics`.
    """
    team = team or Processes.found(device)
    if len(dataset) < team.count:  # type: ignore[arg-type]
        raise ValueError(f"dataset must give every process a picture, got {len(dataset)} for {team.count}")  # type: ignore[arg-type]
    model.to(team.device)
    shared = range(team.rank, len(dataset), team.count)  # type: ignore[arg-type]
    matrix: Tensor | None = None
    ignored = torch.zeros((), dtype=torch.int64, device=team.device)
    with evaluating(model):
        for start in range(0, len(shared), batch_size):
            pairs = [dataset[index] for index in shared[start : start + batch_size]]
            for group in _by_size(pairs):
                images, masks = (torch.stack(parts).to(team.device) for parts in zip(*group, strict=True))
                logits = logits_of(model(images), images)
                check_batch(images, masks, logits.shape[1], ignore_index)
                prediction, classes = logits.argmax(1), logits.shape[1]
                outlines = class_boundary_f1(prediction, masks, classes, tolerance, ignore_index)
                if matrix is None:
                    matrix = torch.zeros(classes, classes, dtype=torch.int64, device=team.device)
                    sums = torch.zeros(2, classes, dtype=torch.float64, device=team.device)
                matrix += confusion_matrix(prediction, masks, classes, ignore_index)
                if ignore_index is not None:
                    ignored += (masks == ignore_index).sum()
                sums += torch.stack([outlines.nansum(1), outlines.isfinite().sum(1)])
    assert matrix is not None
    matrix, sums, ignored = team.total(matrix), team.total(sums), team.total(ignored)
    classes_there = set(matrix.sum(1).nonzero().flatten().tolist())
    require_two("dataset", classes_there, ignore_index if ignored else None, len(dataset))  # type: ignore[arg-type]
    by_class = sums[0] / sums[1]
    mean_f1 = by_class.nanmean().item()
    return {
        "mean_iou": mean_iou(matrix),
        "pixel_accuracy": pixel_accuracy(matrix),
        "boundary_f1": 1.0 if math.isnan(mean_f1) else mean_f1,  # no outline in any map: they agree
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


def logits_of(output: Any, images: Tensor) -> Tensor:
    """The logits (N, K, H, W) in what a network gave for `images`; TypeError or ValueError where it has none."""
    logits = first_tensor(output)
    if logits is None:
        raise TypeError(
            f"model must give logits (N, K, H, W), or a dict with them as 'out', got {type(output).__name__}"
        )
    if logits.ndim != 4 or logits.shape[0] != images.shape[0] or logits.shape[2:] != images.shape[2:]:
        smaller = "; resize them with F.interpolate(…, size=x.shape[-2:])" if logits.ndim == 4 else ""
        raise ValueError(
            f"model must give logits (N, K, H, W) of the images' size, got {tuple(logits.shape)} for images "
            f"{tuple(images.shape)}{smaller}"
        )
    return logits


def check_batch(images: Tensor, masks: Tensor, num_classes: int | None, ignore_index: int | None) -> None:
    """Raises ValueError or TypeError for images outside [0, 1] and for masks with unknown labels."""
    if not torch.is_floating_point(images):
        raise TypeError(f"images must be floating point in [0, 1], got {images.dtype}; divide by 255")
    low, high = images.min().item(), images.max().item()
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        mend = "; divide by 255" if low >= 0 and high <= 255 else ""
        if low < 0 and high > 1:
            mend = "; if they were normalized, undo that: x · std + mean"
        raise ValueError(f"images must be in [0, 1], got values from {low:g} to {high:g}{mend}")
    if masks.shape != images.shape[:1] + images.shape[2:]:
        raise ValueError(
            f"masks must be (N, H, W) of the images' size, got {tuple(masks.shape)} for {tuple(images.shape)}"
        )
    if num_classes is not None:
        check_labels("mask", masks, num_classes, ignore_index)
