"""segmentation_models_pytorch."""

import torch
from segmentation_models_pytorch.metrics import get_stats, iou_score

from benchmarks.elsewhere.program import recipe, way
from segviz.backmatter.elsewhere.trials.scores import single

native = torch.tensor


def counts(prediction, target, classes):
    return get_stats(prediction, target, mode="multiclass", num_classes=classes)


@way('iou_score(…, reduction="macro")', "mean IoU")
def macro(prediction, target, classes):
    return single(iou_score(*counts(prediction, target, classes), reduction="macro"))


@way('iou_score(…, reduction="macro", zero_division=0)', "mean IoU")
def absent_is_zero(prediction, target, classes):
    return single(iou_score(*counts(prediction, target, classes), reduction="macro", zero_division=0))


@way('iou_score(…, reduction="macro-imagewise")', "mean IoU")
def imagewise(prediction, target, classes):
    return single(iou_score(*counts(prediction, target, classes), reduction="macro-imagewise"))


@recipe("mean IoU")
def mean_iou(prediction, target, classes):
    """Leave out the classes that are nowhere: "macro" counts them as 1."""
    tp, fp, fn, _ = (each.sum(0) for each in get_stats(prediction, target, mode="multiclass", num_classes=classes))
    union = tp + fp + fn
    return single((tp / union)[union > 0].mean())
