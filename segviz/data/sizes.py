"""Pictures of several sizes in one training: each step takes its own from one size."""

from collections.abc import Iterable, Sequence

from torch.utils.data import ConcatDataset, Dataset, Subset

from segviz.data.kept import Kept


class Sizes(ConcatDataset):
    """The data sets in `datasets`, one after another; a step of `segviz.training.train` is filled from one of them.

    So each of them may have a size of its own. That holds within a `Subset`, a sum with further sets and `Kept`, too; a
    wrapper of your own hides it. A network with BN layers and zero padding is another one at another size: it serves
    those that it was trained on. A round through the whole leaves out what fills no step.

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
        self.groups = groups_of(self)


def groups_of(dataset: Dataset) -> list[Sequence[int]]:
    """The places in `dataset` of each size, as far as a `Sizes` within it tells; else all places together.

    >>> both = Sizes([range(2), range(4)])
    >>> groups_of(Subset(both, [5, 0, 2])), groups_of(range(3))
    ([[1], [0, 2]], [range(0, 3)])
    """
    found = _told(dataset)
    return [range(len(dataset))] if found is None else found  # type: ignore[arg-type]


def _told(dataset: Dataset) -> list[Sequence[int]] | None:
    """The groups that a `Sizes` within `dataset` makes; None where there is none."""
    if isinstance(dataset, Kept):
        return _told(dataset.dataset)
    if isinstance(dataset, Subset):
        return _within(dataset)
    if not isinstance(dataset, ConcatDataset):
        return None
    members = [_told(member) for member in dataset.datasets]
    if not isinstance(dataset, Sizes) and not any(members):
        return None
    ends, found = dataset.cumulative_sizes, list[Sequence[int]]()
    for groups, start, end in zip(members, [0, *ends], ends, strict=False):
        found += [[start + place for place in group] for group in groups] if groups else [range(start, end)]
    return found


def _within(subset: Subset) -> list[Sequence[int]] | None:
    groups = _told(subset.dataset)
    if groups is None:
        return None
    group_of = {place: number for number, group in enumerate(groups) for place in group}
    every = range(len(group_of))  # its indices may count from the end
    numbers = [group_of[every[index]] for index in subset.indices]
    return [[place for place, own in enumerate(numbers) if own == number] for number in sorted(set(numbers))]
