"""MONAI."""

import torch
from monai.metrics import compute_iou

from benchmarks.elsewhere.program import recipe, way
from segviz.backmatter.elsewhere.trials.scores import single

native = torch.tensor


def one_hot(labels, classes):
    return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1)


@way("compute_iou(…), the mean of what is no NaN", "mean IoU")
def default(prediction, target, classes):
    return single(compute_iou(one_hot(prediction, classes), one_hot(target, classes)).nanmean())


@way("compute_iou(…, ignore_empty=False)", "mean IoU")
def empty_is_one(prediction, target, classes):
    return single(compute_iou(one_hot(prediction, classes), one_hot(target, classes), ignore_empty=False).mean())


@recipe("mean IoU")
def mean_iou(prediction, target, classes):
    """Lay the pictures side by side as one, and count a class that is only predicted as 0."""
    maps = [one_hot(labels.flatten()[None, None], classes) for labels in (prediction, target)]
    each, seen = compute_iou(*maps)[0], maps[0].sum((0, 2, 3)) > 0
    return single(torch.where(seen & each.isnan(), 0, each).nanmean())
