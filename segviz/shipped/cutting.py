"""The shipped networks with some of their skips cut: what a cut skip brings instead, and what a map then scores.

A skip that is cut brings its channels' means over a few training scenes: what the layers behind it are used to, with
everything taken out that tells one place, or one picture, from another. Zeros, which the other way would be, are
nothing that those layers ever met in all channels at once.

>>> labels = Scenes(1, (32, 32))[0][1]
>>> scene_scores(labels, labels)["areas"]
1.0
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from segviz.data import Scenes
from segviz.metrics import class_boundary_f1, class_iou, confusion_matrix
from segviz.models.skips import means
from segviz.shipped.recipes import SIZE

SCORES = ("areas", "outlines", "poles", "small")
SMALL = ("sign", "person", "bicycle")
TOLERANCE = 1.0  # pixels, for the boundary F1
SCENES_FOR_MEANS = 8


def training_means(model: nn.Module) -> dict[int, Tensor]:
    """What the model's skips bring on the mean over a few of the scenes it was trained on: stride → (channels,)."""
    scenes = Scenes(SCENES_FOR_MEANS, SIZE, 0)
    each = [means(model, scenes[index][0][None]) for index in range(SCENES_FOR_MEANS)]
    return {stride: torch.stack([one[stride] for one in each]).mean(0) for stride in each[0]}


def scene_scores(prediction: Tensor, mask: Tensor) -> dict[str, float | None]:
    """Four scores of one scene's map (H, W), 0 to 1; None where the scene has nothing to score.

    `areas`: IoU, averaged over the classes that are there or predicted. `outlines`: boundary F1 within a pixel.
    `poles`: their IoU. `small`: IoU, averaged over signs, persons and bicycles.
    """
    classes = len(Scenes.classes)
    iou = class_iou(confusion_matrix(prediction, mask, classes))
    found = {
        "areas": iou.nanmean(),
        "outlines": class_boundary_f1(prediction, mask, classes, TOLERANCE).nanmean(),
        "poles": iou[Scenes.classes.index("pole")],
        "small": iou[[Scenes.classes.index(name) for name in SMALL]].nanmean(),
    }
    return {name: round(value.item(), 4) if value.isfinite() else None for name, value in found.items()}
