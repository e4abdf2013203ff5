"""Scores of a segmentation: from one confusion matrix, and for outlines from the maps themselves.

>>> target = torch.tensor([[0, 0, 1, 1]])
>>> prediction = torch.tensor([[0, 1, 1, 1]])
>>> matrix = confusion_matrix(prediction, target, 2)
>>> matrix.tolist()                                  # rows are what is there, columns what is said
[[1, 1], [0, 2]]
>>> pixel_accuracy(matrix), round(mean_iou(matrix), 4)       # 3/4; (1/2 + 2/3) / 2
(0.75, 0.5833)
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# What the masks of VOC and of most data sets after it mark pixels with that belong to no class.
USUALLY_IGNORED = 255


def check_labels(name: str, labels: Tensor, num_classes: int, ignore_index: int | None = None) -> None:
    """Raises TypeError or ValueError where `labels` is no map of labels from 0 to `num_classes` - 1.

    `ignore_index` is allowed too, unless it is None. The usual 255 is refused where it is a class as well.
    """
    if not isinstance(labels, Tensor) or labels.is_floating_point() or labels.is_complex():
        kind = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(f"{name} must be a tensor of whole-number labels, got {kind}; logits need .argmax(1)")
    if ignore_index == USUALLY_IGNORED < num_classes:
        raise ValueError(
            f"ignore_index is {ignore_index}, the usual one, and with {num_classes} classes that is a class too: its "
            f"pixels would count nowhere; name another, such as -1, and set the pixels to be ignored to it"
        )
    # As 64 bits: bytes compare as if -1 were 255, and PyTorch does not compare its wider unsigned types at all.
    labels = labels.long()
    wrong = (labels < 0) | (labels >= num_classes)
    if ignore_index is not None:
        wrong &= labels != ignore_index
    if wrong.any():
        unknown = labels[wrong].unique()[:8].tolist()
        ignored = "" if ignore_index is None else f" or {ignore_index} to be ignored"
        raise ValueError(f"{name} holds unknown labels {unknown}; a label is in [0, {num_classes}){ignored}")


def confusion_matrix(prediction: Tensor, target: Tensor, num_classes: int, ignore_index: int | None = 255) -> Tensor:
    """Pixel counts, int64 (K, K): entry (i, j) is how many pixels of class i were predicted as class j.

    `prediction` and `target` are label maps of one shape, whichever it is. Pixels whose target is
    `ignore_index` count nowhere, whatever is predicted there. Matrices of several pictures add up.

    Raises ValueError for shapes that differ, for labels outside [0, K), and for more than 255 classes of which one
    would be ignored by default; TypeError for labels that are not whole numbers.
    """
    prediction, target = _checked_pair(prediction, target, num_classes, ignore_index)
    pairs = num_classes * target + prediction
    if ignore_index is not None:
        pairs = torch.where(target == ignore_index, num_classes**2, pairs)  # counted as one more, which is left out
    counts = torch.bincount(pairs.flatten(), minlength=num_classes**2)[: num_classes**2]
    return counts.reshape(num_classes, num_classes)


def class_iou(matrix: Tensor) -> Tensor:
    """Intersection over union of each class, float64 (K,); NaN where a class is neither there nor predicted.

    >>> class_iou(torch.tensor([[2, 1, 0], [0, 3, 0], [0, 0, 0]])).tolist()
    [0.6666666666666666, 0.75, nan]
    """
    hits = matrix.diagonal().double()
    return hits / (matrix.sum(0) + matrix.sum(1) - hits)


def mean_iou(matrix: Tensor) -> float:
    """Intersection over union, averaged over the classes that are there or predicted; NaN if none is.

    >>> mean_iou(torch.tensor([[2, 0], [2, 0]]))                 # (2/4 + 0/2) / 2
    0.25
    """
    return class_iou(matrix).nanmean().item()


def pixel_accuracy(matrix: Tensor) -> float:
    """Share of the pixels that are right; NaN if there are none.

    >>> pixel_accuracy(torch.tensor([[3, 1], [0, 4]]))
    0.875
    """
    return (matrix.diagonal().sum() / matrix.sum()).item()


def outlines(labels: Tensor, num_classes: int, ignore_index: int | None = 255) -> Tensor:
    """Where each class ends, bool (K, N, H, W) for labels (N, H, W).

    A pixel is on its class's outline if a neighbor left, right, above or below has another label. The
    picture's own border is no outline, and nothing is said about pixels to be ignored or next to one.

    >>> outlines(torch.tensor([[[0, 0, 1, 1]]]), 2)[:, 0, 0].int().tolist()
    [[0, 1, 0, 0], [0, 0, 1, 0]]
    """
    changes = torch.zeros_like(labels, dtype=torch.bool)
    for axis in (1, 2):
        size = labels.shape[axis]
        before, after = labels.narrow(axis, 0, size - 1), labels.narrow(axis, 1, size - 1)
        differs = before != after
        if ignore_index is not None:
            differs &= (before != ignore_index) & (after != ignore_index)
        changes.narrow(axis, 0, size - 1).logical_or_(differs)
        changes.narrow(axis, 1, size - 1).logical_or_(differs)
    return torch.stack([changes & (labels == label) for label in range(num_classes)])


def class_boundary_f1(
    prediction: Tensor, target: Tensor, num_classes: int, tolerance: float, ignore_index: int | None = 255
) -> Tensor:
    """The boundary F1 of every class in every picture, float64 (K, N); NaN where neither map has the outline.

    Precision is the share of the predicted outline that lies within `tolerance` pixels (Euclidean) of the
    true one, recall the share of the true outline within `tolerance` of the predicted one, and F1 is their
    harmonic mean. Source: Csurka, Larlus and Perronnin, "What is a good evaluation measure for semantic
    segmentation?", BMVC 2013.
    """
    prediction, target = _checked_pair(prediction, target, num_classes, ignore_index)
    if prediction.ndim not in (2, 3):
        raise ValueError(f"prediction must be (H, W) or (N, H, W), got {tuple(prediction.shape)}")
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance must be 0 or more pixels, got {tolerance}")
    prediction, target = (m if m.ndim == 3 else m[None] for m in (prediction, target))
    if ignore_index is not None:
        prediction = torch.where(target == ignore_index, target, prediction)
    predicted, true = (outlines(m, num_classes, ignore_index) for m in (prediction, target))
    hits, found = _counts(predicted & _within(true, tolerance)), _counts(true & _within(predicted, tolerance))
    lengths = _counts(predicted), _counts(true)
    # An outline that only one of the maps has scores 0, so an empty one divides by 1 instead of by 0.
    precision, recall = hits / lengths[0].clamp(min=1), found / lengths[1].clamp(min=1)
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return score.masked_fill((lengths[0] == 0) & (lengths[1] == 0), math.nan)


def boundary_f1(
    prediction: Tensor, target: Tensor, num_classes: int, tolerance: float, ignore_index: int | None = 255
) -> float:
    """How well outlines agree, from 0 to 1: `class_boundary_f1` averaged over pictures and classes.

    `prediction` and `target` are label maps (H, W) or (N, H, W), `tolerance` is in pixels. Two maps without
    any outline agree: 1. Raises as `confusion_matrix` does, and ValueError for a negative tolerance.

    >>> target = torch.tensor([[0, 0, 0, 1, 1, 1]])
    >>> moved = torch.tensor([[0, 0, 1, 1, 1, 1]])               # the same outline, one pixel aside
    >>> boundary_f1(moved, target, 2, tolerance=1), boundary_f1(moved, target, 2, tolerance=0)
    (1.0, 0.0)
    """
    scores = class_boundary_f1(prediction, target, num_classes, tolerance, ignore_index)
    mean = scores.nanmean().item()
    return 1.0 if math.isnan(mean) else mean


def _within(outline: Tensor, tolerance: float) -> Tensor:
    """True up to `tolerance` pixels from where `outline` (K, N, H, W) is True."""
    reach, (height, width) = int(tolerance), outline.shape[-2:]
    steps = torch.arange(-reach, reach + 1)
    disc = steps[:, None] ** 2 + steps**2 <= tolerance**2
    wide, near = F.pad(outline, [reach] * 4), torch.zeros_like(outline)
    for row, column in disc.nonzero().tolist():
        near |= wide[..., row : row + height, column : column + width]
    return near


def _counts(outline: Tensor) -> Tensor:
    """The pixels of each class and picture, float64. As truths, they would be summed five times as slowly."""
    return outline.float().sum(3).double().sum(2)


def _checked_pair(
    prediction: Tensor, target: Tensor, num_classes: int, ignore_index: int | None
) -> tuple[Tensor, Tensor]:
    """Both as int64, where they are label maps of one shape; else an error that says what is wrong."""
    if isinstance(num_classes, bool) or not isinstance(num_classes, int):
        raise TypeError(f"num_classes must be a whole number, got {num_classes!r}")
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")
    check_labels("target", target, num_classes, ignore_index)
    ignorable = None if ignore_index is None or ignore_index < num_classes else ignore_index
    check_labels("prediction", prediction, num_classes, ignorable)
    if prediction.shape != target.shape:
        shapes = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ValueError(f"prediction and target must have one shape, got {shapes}")
    prediction, target = prediction.long(), target.long()
    if ignorable is not None and ((prediction == ignorable) & (target != ignorable)).any():
        raise ValueError(f"prediction says {ignorable}, the label to be ignored, where the target does not")
    return prediction, target
