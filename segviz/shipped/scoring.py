"""One pass of a network over scenes, counted scene by scene: what it scores, how sure that is, and how it fails.

`mean_iou` is over the pixels of all scenes together, `boundary_f1` the mean over scenes and classes, as in
`segviz.training.evaluation`. How far a score may lie from what endless scenes would give is asked of the scenes
themselves, by leaving out one at a time (the jackknife: Quenouille 1956, Tukey 1958).

>>> from segviz.data import Scenes
>>> found = scores(nn.Conv2d(3, 11, 1), Scenes(3, (32, 32)))
>>> 0 <= found["mean_iou"] <= 1, found["standard_error"]["mean_iou"] > 0
(True, True)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from segviz.data import Scenes
from segviz.data.stage import BICYCLE, BUS, PERSON, POLE, SIGN
from segviz.metrics import class_boundary_f1, class_iou, confusion_matrix, mean_iou, pixel_accuracy
from segviz.training.modes import evaluating

TOLERANCE = 1.0  # pixels, of the boundary F1
SMALL = (SIGN, PERSON, BICYCLE)
BATCH = 2  # maps of deep networks then stay in the cache


@dataclass(frozen=True)
class Counts:
    """What one pass over N scenes of K classes counted.

    `matrices` int64 (N, K, K): each scene's confusion, rows what is there. `outlines` float64 (N, K): boundary F1,
    NaN where neither map has the outline. `mirrored`: what the bicycles mirrored in buses are taken for, pixels by
    class.
    """

    matrices: Tensor
    outlines: Tensor
    mirrored: list[int]


@torch.no_grad()
def counted(model: nn.Module, scenes: Scenes) -> Counts:
    """One pass of `model`, in evaluation mode and left in the mode it was in, on the device it is on."""
    device = next(model.parameters()).device
    classes = len(scenes.classes)
    matrices, outlines, mirrored = [], [], torch.zeros(classes, dtype=torch.int64)
    with evaluating(model):
        for start in range(0, len(scenes), BATCH):
            indices = range(start, min(start + BATCH, len(scenes)))
            drawn = [scenes.scene(index) for index in indices]  # once for picture, labels and mirrors
            images = torch.stack([torch.from_numpy(scene.image) for scene in drawn]).permute(0, 3, 1, 2)
            masks = torch.stack([torch.from_numpy(scene.labels).long() for scene in drawn])
            said = model((images.contiguous().float() / 255).to(device)).argmax(1).cpu()
            outlines.append(class_boundary_f1(said, masks, classes, TOLERANCE).T)
            for scene, labels, mask in zip(drawn, said, masks, strict=True):
                matrices.append(confusion_matrix(labels, mask, classes))
                mirrored += torch.bincount(labels[torch.from_numpy(scene.mirrored)], minlength=classes)
    return Counts(torch.stack(matrices), torch.cat(outlines), mirrored.tolist())


def scores(model: nn.Module, scenes: Scenes) -> dict[str, Any]:
    """Scores on the scenes, by class too, their standard errors, and how often the failures happen that papers report.

    `mirrored_as_bicycle` is the share of a bus's mirrored bicycles that is taken for a bicycle (by pixels),
    `mirrored_as_bus` the share that is taken for what it is; `poles_lost` is the share of pole and wire pixels that is
    taken for something else, `small_lost` that of signs, persons and bicycles. Shares are None where there is nothing
    to count. `standard_error` says how far chance in the choice of scenes moves `mean_iou` and `boundary_f1`.
    """
    return summary(counted(model, scenes))


def summary(counts: Counts) -> dict[str, Any]:
    """The scores of one pass, as `scores` gives them."""
    matrix = counts.matrices.sum(0)
    outlines = counts.outlines.nanmean(0)
    rows = matrix.tolist()
    whole = sum(counts.mirrored)
    return {
        "mean_iou": mean_iou(matrix),
        "pixel_accuracy": pixel_accuracy(matrix),
        "boundary_f1": _or_one(outlines.nanmean().item()),
        "class_iou": _listed(class_iou(matrix)),
        "class_boundary_f1": _listed(outlines),
        "confusion": rows,
        "standard_error": {name: standard_error(values) for name, values in without_each(counts).items()},
        "failures": {
            "mirrored_as_bicycle": counts.mirrored[BICYCLE] / whole if whole else None,
            "mirrored_as_bus": counts.mirrored[BUS] / whole if whole else None,
            "poles_lost": lost(rows, [POLE]),
            "small_lost": lost(rows, SMALL),
        },
    }


def lost(confusion: Sequence[Sequence[int]], classes: Sequence[int]) -> float | None:
    """Of the pixels of these classes, the share that is taken for something else than its class; None of none.

    >>> lost([[6, 2], [0, 4]], [0])
    0.25
    """
    there = sum(sum(confusion[label]) for label in classes)
    return 1 - sum(confusion[label][label] for label in classes) / there if there else None


def without_each(counts: Counts) -> dict[str, list[float]]:
    """`mean_iou` and `boundary_f1` again, each scene left out in turn."""
    matrix, outlines = counts.matrices.sum(0), counts.outlines
    sums, known = outlines.nansum(0), outlines.isfinite()
    fewer = (sums - outlines.nan_to_num()) / (known.sum(0) - known.long())
    return {
        "mean_iou": [mean_iou(matrix - one) for one in counts.matrices],
        "boundary_f1": [_or_one(value) for value in fewer.nanmean(1).tolist()],
    }


def standard_error(without: Sequence[float]) -> float:
    """The jackknife's standard error of a score, from its values with each of N scenes left out.

    Of two networks' values on the same scenes, the differences give the standard error of the difference: streets
    that are hard for both then do not count.

    >>> values = [1.0, 2.0, 6.0]                        # of a mean, it is the usual one
    >>> round(standard_error([(sum(values) - v) / 2 for v in values]) ** 2, 6)    # variance 7, over 3
    2.333333
    """
    count = len(without)
    middle = sum(without) / count
    return math.sqrt((count - 1) / count * sum((value - middle) ** 2 for value in without))


def _listed(values: Tensor) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _or_one(value: float) -> float:
    return 1.0 if math.isnan(value) else value  # no outline in any map: they agree
