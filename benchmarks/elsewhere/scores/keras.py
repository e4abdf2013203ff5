"""Keras."""

import keras

from benchmarks.elsewhere.program import recipe, way
from segviz.backmatter.elsewhere.trials.scores import single


@way("metrics.MeanIoU(K)", "mean IoU")
def default(prediction, target, classes):
    return mean_iou(prediction, target, classes)


@recipe("mean IoU")
def mean_iou(prediction, target, classes):
    metric = keras.metrics.MeanIoU(classes)
    metric.update_state(target, prediction)
    return single(metric.result())
