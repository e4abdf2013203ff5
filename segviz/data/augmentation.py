"""Chance variations of a labeled picture, by torchvision's transforms v2: a mask stays a mask.

Geometry moves image and mask together; masks take the nearest label, never a mean of two; what a crop adds
beside the picture is ignored. Colors change in the image alone.

    >>> vary = augmentation((64, 64))
    >>> image, mask = vary(tv_tensors.Image(torch.zeros(3, 40, 80, dtype=torch.uint8)),
    ...                    tv_tensors.Mask(torch.zeros(40, 80, dtype=torch.uint8)))
    >>> image.shape, mask.shape, sorted(set(mask.flatten().tolist()) - {255})
    (torch.Size([3, 64, 64]), torch.Size([64, 64]), [0])
"""

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2


def augmentation(
    crop: tuple[int, int],
    *,
    scale: tuple[float, float] = (0.5, 2.0),
    flip: float = 0.5,
    color: float = 0.3,
    ignore_index: int = 255,
) -> v2.Transform:
    """Random scale, crop, mirroring and color, for an image and a mask together.

    The picture is resized by a factor drawn from `scale`, and a window of `crop` (height, width) is cut out;
    where the picture is smaller it is filled up with gray, and with `ignore_index` in the mask. `flip` is the
    chance of mirroring, `color` the strength of changes in brightness, contrast and saturation (0 for none).
    Raises ValueError for a range that is none.
    """
    low, high = scale
    if not 0 < low <= high:
        raise ValueError(f"scale must be (least, greatest) with 0 < least <= greatest, got {scale}")
    if not 0 <= color < 1:
        raise ValueError(f"color must be in [0, 1), got {color}")
    gray_or_ignored = {tv_tensors.Image: 127, tv_tensors.Mask: ignore_index}
    return v2.Compose(
        [
            v2.ToDtype({tv_tensors.Image: torch.uint8, "others": None}, scale=True),
            RandomScale(low, high),
            v2.RandomCrop(crop, pad_if_needed=True, fill=gray_or_ignored),
            v2.RandomHorizontalFlip(flip),
            v2.ColorJitter(brightness=color, contrast=color, saturation=color),
        ]
    )


class RandomScale:
    """A resize of image and mask by one random factor (v2's ScaleJitter wants a size, and reads it as (W, H))."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        factor = self.low + (self.high - self.low) * torch.rand(()).item()
        size = [max(1, round(factor * side)) for side in image.shape[-2:]]
        return v2.functional.resize(image, size, antialias=True), v2.functional.resize(mask, size)


def fitted(size: tuple[int, int]) -> v2.Transform:
    """Every picture at one size, for sets whose pictures have many; masks take the nearest label."""
    return v2.Resize(size, antialias=True)
