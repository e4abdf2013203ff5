"""torchmetrics."""

import torch
from torchmetrics.functional import jaccard_index
from torchmetrics.functional.segmentation import mean_iou as per_picture
from torchmetrics.segmentation import MeanIoU

from benchmarks.elsewhere.program import recipe, way
from segviz.backmatter.elsewhere.trials.scores import single

native = torch.tensor


@way('jaccard_index(…, average="macro")', "mean IoU")
def macro(prediction, target, classes):
    return single(jaccard_index(prediction, target, "multiclass", num_classes=classes))


@way('jaccard_index(…, average="micro")', "mean IoU")
def micro(prediction, target, classes):
    return single(jaccard_index(prediction, target, "multiclass", num_classes=classes, average="micro"))


@way("segmentation.MeanIoU(…)", "mean IoU")
def segmentation(prediction, target, classes):
    return single(per_picture(prediction, target, classes, input_format="index").mean())


@way("segmentation.MeanIoU(…) of batches of one", "mean IoU")
def segmentation_by_one(prediction, target, classes):
    metric = MeanIoU(classes, input_format="index")
    for one in zip(prediction, target, strict=True):
        metric.update(*(labels[None] for labels in one))
    return single(metric.compute())


@recipe("mean IoU")
def mean_iou(prediction, target, classes):
    return single(jaccard_index(prediction, target, "multiclass", num_classes=classes, average="macro"))
