"""A task that only a network which sees far enough can solve."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from segviz.data.dice import Dice
from segviz.data.samples import whole_number


class FarCues(Dataset[tuple[Tensor, Tensor]]):
    """Black and white noise in which each pixel's label is the color of the pixel `distance` to its right.

    Item `index` is a float image (1, H, W) of zeros and ones and an int64 mask (H, W) with 0 where the cue is
    dark, 1 where it is light, and 255 where it would lie outside the picture.

    Why nothing but seeing the cue helps: all pixels are fair coins, thrown independently. A network whose
    support (the input pixels that feed one output) does not hold the offset (0, distance) decides from
    coins that say nothing about the one that matters, so whatever it has learned, it is right half of the
    time on new pictures. One whose support holds it can be right always: copying that pixel is enough, and a
    chain of convolutions can copy. It is the support that counts and not the box around it: dilations
    (2, 2, 2) see 13 pixels wide and solve no odd distance.

    `length`, `distance` and both sides of `size` are 1 or more, the width more than `distance`, `seed` 0 or
    more; else ValueError.

    >>> image, mask = FarCues(1, distance=2, size=(1, 5))[0]
    >>> image[0, 0, 2:].long().tolist() == mask[0, :3].tolist(), mask[0, 3:].tolist()
    (True, [255, 255])
    """

    classes = ("dark", "light")
    ignore_index = 255

    def __init__(self, length: int, distance: int, size: tuple[int, int] = (32, 32), seed: int = 0) -> None:
        self.length, self.distance = whole_number("length", length, 1), whole_number("distance", distance, 1)
        self.seed = whole_number("seed", seed, 0)
        height, width = size
        self.size = whole_number("size[0]", height, 1), whole_number("size[1]", width, distance + 1)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not 0 <= index < self.length:
            raise IndexError(f"index must be in [0, {self.length}), got {index}")
        coins = torch.from_numpy((Dice(self.seed, index).grain(*self.size) >= 0).astype(np.int64))
        mask = torch.full(self.size, self.ignore_index)
        mask[:, : -self.distance] = coins[:, self.distance :]
        return coins[None].float(), mask
