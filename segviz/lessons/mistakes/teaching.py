"""What a network is told: optimizers, losses, labels and scores that say something else than was meant."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def parameters_by_walking(module: nn.Module) -> Iterator[nn.Parameter]:
    """The parameters of a part, module by module: each comes once for every module that it lies in.

    >>> len(list(parameters_by_walking(nn.Sequential(nn.Linear(2, 2)))))
    4
    """
    for part in module.modules():
        yield from part.parameters()


def parameters_by_name(model: nn.Module, *words: str) -> list[list[nn.Parameter]]:
    """A group for each word: the parameters with that word in their names. What no word is in, is in no group.

    >>> [len(group) for group in parameters_by_name(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "0.", "2.")]
    [2, 0]
    """
    named = list(model.named_parameters())
    return [[parameter for name, parameter in named if word in name] for word in words]


def focal_loss_of_the_mean(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Focal loss (Lin et al., 2017) with the weight taken of the mean: one weight for all pixels.

    `logits` (N, K, H, W), `target` (N, H, W) of classes.
    """
    log_p = -F.cross_entropy(logits, target)
    return -((1 - log_p.exp()) ** gamma) * log_p


def focal_loss(logits: Tensor, target: Tensor, gamma: float = 2.0) -> Tensor:
    """Focal loss (Lin et al., 2017), with a weight for each pixel. Arguments as above."""
    log_p = -F.cross_entropy(logits, target, reduction="none")
    return (-((1 - log_p.exp()) ** gamma) * log_p).mean()


def padded_crop(image: Tensor, mask: Tensor, side: int, fill: int = 0) -> tuple[Tensor, Tensor]:
    """A picture (3, H, W) and its labels (H, W) filled up to side × side at the bottom and on the right.

    `fill` is the label of what was added. 0 is background, a class; 255 is none.
    """
    down, right = (max(0, side - length) for length in mask.shape)
    return F.pad(image, (0, right, 0, down)), F.pad(mask, (0, right, 0, down), value=fill)


def sensitivity_by_sum(prediction: Tensor, truth: Tensor) -> float:
    """The share of a mask that was found, counted as `(a + b) == 2` on Booleans, whose sum is never 2.

    >>> a = torch.tensor([1, 1, 0, 0])
    >>> sensitivity_by_sum(a, a)
    0.0
    """
    found = ((prediction == 1) + (truth == 1)) == 2
    return float(found.sum()) / float((truth == 1).sum())


def sensitivity(prediction: Tensor, truth: Tensor) -> float:
    """The share of a mask that was found.

    >>> a = torch.tensor([1, 1, 0, 0])
    >>> sensitivity(a, a), sensitivity(1 - a, a)
    (1.0, 0.0)
    """
    found = (prediction == 1) & (truth == 1)
    return float(found.sum()) / float((truth == 1).sum())


def mean_iou_by_picture(predictions: Tensor, truths: Tensor, num_classes: int) -> float:
    """The IoU of all classes, picture by picture, averaged over pictures and classes; a class that is in neither: 0."""
    scores = []
    for prediction, truth in zip(predictions, truths, strict=True):
        for k in range(num_classes):
            a, b = prediction == k, truth == k
            scores.append(float((a & b).sum()) / max(1.0, float((a | b).sum())))
    return sum(scores) / len(scores)


def momentum_after(batches: int, momentum: float) -> float:
    """The share of a running mean that the last of so many batches makes up; the first mean was 0.

    >>> round(momentum_after(5, 0.997), 3)
    0.997
    """
    norm = nn.BatchNorm1d(1, momentum=momentum)
    for batch in range(batches):
        norm(torch.full((2, 1), float(batch == batches - 1)))
    return norm.get_buffer("running_mean").item()
