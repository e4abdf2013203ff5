"""Samples that are made once: drawing a scene takes longer than a small network's step on it."""

import torch
from torch import Tensor
from torch.utils.data import Dataset

from segviz.data.samples import Transforms, sample


class Kept(Dataset[tuple[Tensor, Tensor]]):
    """The samples of `dataset`, each made at its first use and kept in memory as bytes; `transforms` vary them.

    Takes four bytes a pixel. Pictures come back rounded to 8 bits, which is what `Scenes` gives. Raises ValueError for
    labels outside 0 to 255.

    >>> from segviz.data import Scenes
    >>> scenes = Scenes(2, (32, 32))
    >>> torch.equal(Kept(scenes)[1][0], scenes[1][0])
    True
    """

    def __init__(self, dataset: Dataset[tuple[Tensor, Tensor]], *, transforms: Transforms | None = None) -> None:
        self.dataset, self.transforms = dataset, transforms
        self.made: dict[int, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index not in self.made:
            image, mask = self.dataset[index]
            least, most = int(mask.min()), int(mask.max())
            if least < 0 or most > 255:
                raise ValueError(
                    f"mask of picture {index} must fit into bytes to be kept, got labels {least} to {most}"
                )
            self.made[index] = (image * 255).round().to(torch.uint8), mask.to(torch.uint8)
        return sample(*self.made[index], self.transforms)
