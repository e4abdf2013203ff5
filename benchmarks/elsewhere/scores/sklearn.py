"""scikit-learn."""

from sklearn.metrics import jaccard_score

from benchmarks.elsewhere.program import recipe, way
from segviz.backmatter.elsewhere.trials.scores import single


@way("jaccard_score(…, labels=range(K))", "mean IoU")
def every_label(prediction, target, classes):
    return single(jaccard_score(target.ravel(), prediction.ravel(), labels=range(classes), average="macro"))


@way("jaccard_score(…, labels=range(K), zero_division=1)", "mean IoU")
def absent_is_one(prediction, target, classes):
    settings = {"labels": range(classes), "average": "macro", "zero_division": 1}
    return single(jaccard_score(target.ravel(), prediction.ravel(), **settings))


@recipe("mean IoU")
def mean_iou(prediction, target):
    """Name no labels: those that are nowhere then have no part in the mean."""
    return single(jaccard_score(target.ravel(), prediction.ravel(), average="macro"))
