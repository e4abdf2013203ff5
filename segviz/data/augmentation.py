"""Chance variations of a labeled picture, by torchvision's transforms v2: a mask stays a mask.

Geometry moves image and mask together; masks take the nearest label, never a mean of two; what a crop adds
beside the picture is ignored. Colors change in the image alone.

A resize lays both on the same centers: output pixel q of O lies at (q + 1/2)·I/O - 1/2 of I input pixels, in rows and
in columns. There the image is interpolated, and the mask takes the pixel nearest to it: at most half an input pixel
away, to either side alike, so that on the whole the mask lies on its image.

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
    """A resize of image and mask by one random factor (v2's ScaleJitter wants a size, and reads it as (W, H)).

    On the same centers; the mask's labels come from at most half an input pixel beside them.
    """

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def __call__(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        factor = self.low + (self.high - self.low) * torch.rand(()).item()
        height, width = v2.functional.get_size(image)
        return _resized(image, mask, (max(1, round(factor * height)), max(1, round(factor * width))))


class _Fitted:
    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def __call__(self, image: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor] | Tensor:
        if mask is None:
            return v2.functional.resize(image, list(self.size), antialias=True)
        return _resized(image, mask, self.size)


def fitted(size: tuple[int, int]) -> v2.Transform:
    """Every picture at one size (height, width), for sets whose pictures have many; masks take the nearest label.

    Image and mask are resized on the same centers; the mask's labels come from at most half an input pixel beside them.

    >>> fit = fitted((1, 2))
    >>> image, mask = torch.tensor([[[0.0, 8.0, 16.0, 24.0]]]), torch.tensor([[0, 1, 2, 3]])
    >>> fit(tv_tensors.Image(image), tv_tensors.Mask(mask))[1].tolist()     # centers at 0.5 and 2.5
    [[0, 3]]
    """
    return v2.Compose([_Fitted(size)])


def _resized(image: Tensor, mask: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    before = tuple(v2.functional.get_size(image))
    if before != tuple(mask.shape[-2:]):
        raise ValueError(
            f"image and mask must be of one size, got {before[0]}×{before[1]} and {mask.shape[-2]}×{mask.shape[-1]}"
        )
    rows, columns = (_nearest(old, new) for old, new in zip(before, size, strict=True))
    # Indexing gives a plain tensor; a mask must stay one for the transforms that follow.
    labels = mask.as_subclass(Tensor)[..., rows[:, None], columns]
    resized = v2.functional.resize(image, list(size), antialias=True)
    return resized, tv_tensors.wrap(labels, like=mask) if isinstance(mask, tv_tensors.Mask) else labels


def _nearest(size: int, output_size: int) -> Tensor:
    """The pixel nearest to each output's center; of two as near, the left one and the right one in turns.

    PyTorch's "nearest" reads at q·I/O, the corner, up to half an output pixel beside the center; its "nearest-exact"
    always takes the right of two, which moves a halved mask by half a pixel. Whole numbers, so that no tie is missed.

    >>> _nearest(6, 3).tolist(), _nearest(2, 3).tolist()
    ([0, 3, 4], [0, 1, 1])
    """
    outputs = torch.arange(output_size)
    ahead = (2 * outputs + 1) * size  # (q + 1/2)·I/O in units of 1/(2·O)
    tie = ahead % (2 * output_size) == 0
    return ahead // (2 * output_size) - (tie & (outputs % 2 == 0)).long()
