"""Pictures of several sizes in one training: each step takes its own from one size."""

from collections.abc import Iterable

from torch.utils.data import ConcatDataset, Dataset


class Sizes(ConcatDataset):
    """The data sets in `datasets`, one after another; a step of `segviz.training.train` is filled from one of them.

    So each of them may have a size of its own. A network with BN layers and zero padding is another one at another
    size: it serves those that it was trained on. A round through the whole leaves out what fills no step.

    >>> from segviz.data import Scenes
    >>> both = Sizes([Scenes(2, (32, 32)), Scenes(4, (48, 64))])
    >>> len(both), both[5][0].shape, both.groups
    (6, torch.Size([3, 48, 64]), [range(0, 2), range(2, 6)])
    """

    def __init__(self, datasets: Iterable[Dataset]) -> None:
        members = [part for each in datasets for part in (each.datasets if isinstance(each, Sizes) else [each])]
        if not members:
            raise ValueError("datasets must have one at least, got none")
        super().__init__(members)
        ends = self.cumulative_sizes
        self.groups = [range(start, end) for start, end in zip([0, *ends], ends, strict=False)]
