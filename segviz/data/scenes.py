"""Street scenes made by rule: the pictures of this book, at hand everywhere and labeled to the pixel.

Each scene holds difficulties that segmentation papers report: a bus wider than a small receptive field
with a bicycle mirrored in its glass, poles and wires one or two pixels wide, people far away, things in
front of things, texture, noise, and light from morning to dusk.
"""

import operator

import torch
from torch import Tensor
from torch.utils.data import Dataset

from segviz.data.layout import Scene, draw_scene
from segviz.data.samples import Transforms, sample, whole_number
from segviz.data.stage import CLASSES

# Okabe and Ito's colors where a class has an obvious one, grays for what does not move.
PALETTE = (
    "#56B4E9", "#A6A6A6", "#4D4D4D", "#CFC4B0", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7",
    "#0072B2", "#7B2D43",
)  # fmt: skip
LEAST_SIZE = 32


class Scenes(Dataset[tuple[Tensor, Tensor]]):
    """Procedural street scenes: the same seed and index give the same pixels on every machine.

    Item `index` is a float image (3, H, W) in [0, 1] and an int64 mask (H, W) of labels that index
    `.classes`. `transforms`, if given, is a joint torchvision v2 transform of image and mask.

    `length` is how many scenes there are (1 or more), `size` is (H, W) in pixels (32 or more), and
    `seed` is 0 or more: two seeds share no scene. A bad value raises `ValueError`, a wrong type
    `TypeError`.

    >>> image, mask = Scenes(10, size=(64, 96))[3]
    >>> image.shape, mask.shape
    (torch.Size([3, 64, 96]), torch.Size([64, 96]))
    >>> Scenes(10).classes[0]
    'sky'
    """

    classes: tuple[str, ...] = CLASSES
    palette: tuple[str, ...] = PALETTE
    ignore_index = 255

    def __init__(
        self,
        length: int,
        size: tuple[int, int] = (128, 128),
        seed: int = 0,
        *,
        transforms: Transforms | None = None,
    ) -> None:
        self.length = whole_number("length", length, 1)
        try:
            height, width = size
        except (TypeError, ValueError):
            raise TypeError(f"size must be (height, width), got {size!r}") from None
        self.size = whole_number("size[0]", height, LEAST_SIZE), whole_number("size[1]", width, LEAST_SIZE)
        self.seed = whole_number("seed", seed, 0)
        self.transforms = transforms

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        scene = self.scene(index)
        image = torch.from_numpy(scene.image).permute(2, 0, 1).contiguous()
        return sample(image, torch.from_numpy(scene.labels), self.transforms)

    def scene(self, index: int) -> Scene:
        """The scene in bytes, with what is known of it beside the labels (see `Scene`)."""
        place = operator.index(index)
        if not -self.length <= place < self.length:
            raise IndexError(f"index must be in [{-self.length}, {self.length}), got {place}")
        return draw_scene(self.seed, place % self.length, self.size)

    def __repr__(self) -> str:
        return f"Scenes({self.length}, size={self.size}, seed={self.seed})"
