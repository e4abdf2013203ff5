"""One form for every data set: image float (3, H, W) in [0, 1], mask int64 (H, W)."""

import operator
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors

Transforms = Callable[[tv_tensors.Image, tv_tensors.Mask], tuple[Tensor, Tensor]]


def sample(image: Tensor, mask: Tensor, transforms: Transforms | None = None) -> tuple[Tensor, Tensor]:
    """Image uint8 (3, H, W) and mask uint8 (H, W), transformed together, in the form above.

    Masks travel as bytes: a nearest-neighbor resize of uint8 is about four times faster than of int64.
    """
    if transforms is not None:
        image, mask = transforms(tv_tensors.Image(image), tv_tensors.Mask(mask))
        image, mask = image.as_subclass(Tensor), mask.as_subclass(Tensor)
    if image.dtype == torch.uint8:
        image = image.float().div_(255)
    return image, mask.to(torch.int64)


def class_shares(dataset: Dataset, num_classes: int, *, ignore_index: int = 255, limit: int = 500) -> Tensor:
    """Share of the labeled pixels that each class takes, over the first `limit` samples: (K,) adding up to 1.

    Raises ValueError where no pixel is labeled.

    >>> shares = class_shares([(None, torch.tensor([[0, 0], [1, 255]]))], 2)
    >>> [round(share, 3) for share in shares.tolist()]
    [0.667, 0.333]
    """
    counts = torch.zeros(num_classes, dtype=torch.float64)
    for index in range(min(limit, len(dataset))):  # type: ignore[arg-type]
        mask = dataset[index][1]
        counts += torch.bincount(mask[mask != ignore_index].flatten(), minlength=num_classes)
    if not counts.sum():
        raise ValueError(f"dataset has no labeled pixel: all are {ignore_index}, which is ignored")
    return counts / counts.sum()


def whole_number(name: str, value: int, least: int) -> int:
    """`value` as an int; TypeError where it is none, ValueError where it is below `least`."""
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number
