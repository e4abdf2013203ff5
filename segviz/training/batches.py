"""Which pictures a step of a training gets, and how they vary: a matter of the seed and the step alone.

So neither where a training was stopped, nor how many processes share a step, changes what it sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from segviz.data.sizes import groups_of
from segviz.training.processes import Processes


def seed_of(*numbers: int) -> int:
    """One seed from several numbers, as unlike its neighbors as any.

    >>> seed_of(0, 1) == seed_of(0, 1), seed_of(0, 1) == seed_of(1, 0)
    (True, False)
    """
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Seeded(Dataset):
    """A data set whose augmentation depends on the seed, the round and the picture, and on nothing else."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, item: tuple[int, int]) -> tuple[Tensor, Tensor]:
        lap, index = item
        with torch.random.fork_rng(devices=[]):
            # `torch.manual_seed` would also format the stack for the GPUs, at a third of what a picture costs.
            torch.default_generator.manual_seed(seed_of(self.seed, lap, index))
            return self.dataset[index]


class Batches(Sampler[list[tuple[int, int]]]):
    """For the steps from `start` on, this process's share of each step's pictures as (round, index).

    A step has `batch_size` pictures over all processes, of one of the `groups` where there are several; every round
    through the pictures is shuffled anew.
    """

    def __init__(
        self, groups: Sequence[Sequence[int]], *, steps: int, batch_size: int, seed: int, start: int, team: Processes
    ) -> None:
        if batch_size % team.count:
            raise ValueError(
                f"batch_size must be a multiple of the number of processes, got {batch_size} for {team.count}"
            )
        groups = [group for group in groups if len(group)]
        if not groups:
            raise ValueError("the data set has no pictures")
        self.groups, self.steps, self.batch_size = groups, steps, batch_size
        self.seed, self.start, self.team = seed, start, team
        if len(groups) == 1:
            self.length = len(groups[0])
        else:
            least = min(groups, key=len)
            if len(least) < batch_size:
                raise ValueError(
                    f"each of several sizes must have {batch_size} pictures for a step, got {len(least)} of the "
                    f"size of picture {least[0]}"
                )
            self.length = sum(len(group) // batch_size * batch_size for group in groups)

    def __len__(self) -> int:
        return self.steps - self.start

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        share = self.batch_size // self.team.count
        orders: dict[int, list[int]] = {}
        for step in range(self.start, self.steps):
            first = step * self.batch_size + self.team.rank * share
            places = [divmod(place, self.length) for place in range(first, first + share)]
            orders = {lap: orders.get(lap) or self._order(lap) for lap, _ in places}
            yield [(lap, orders[lap][place]) for lap, place in places]

    def _order(self, lap: int) -> list[int]:
        generator = torch.Generator().manual_seed(seed_of(self.seed, lap))

        def shuffled(values: Sequence[Any]) -> list[Any]:
            return [values[place] for place in torch.randperm(len(values), generator=generator).tolist()]

        if len(self.groups) == 1:
            return shuffled(self.groups[0])
        steps = []
        for group in self.groups:
            order, whole = shuffled(group), len(group) // self.batch_size * self.batch_size
            steps += [order[k : k + self.batch_size] for k in range(0, whole, self.batch_size)]
        return [index for step in shuffled(steps) for index in step]


def loader(
    dataset: Dataset, *, steps: int, batch_size: int, seed: int, start: int, team: Processes, workers: int
) -> DataLoader:
    """This process's batches for the steps from `start` on; `workers` processes make them, and change nothing else."""
    return DataLoader(
        Seeded(dataset, seed),
        batch_sampler=Batches(
            groups_of(dataset),
            steps=steps,
            batch_size=batch_size,
            seed=seed,
            start=start,
            team=team,
        ),
        num_workers=workers,
        collate_fn=_stacked,
        pin_memory=team.device.type == "cuda",
        generator=torch.Generator().manual_seed(seed),
    )


def _stacked(pairs: list[tuple[Tensor, Tensor]]) -> Any:
    """Images (N, 3, H, W) and masks (N, H, W); ValueError for pictures of several sizes."""
    sizes = sorted({tuple(image.shape[-2:]) for image, _ in pairs if isinstance(image, Tensor)})
    if len(sizes) > 1:
        told = ", ".join("×".join(map(str, size)) for size in sizes[:4])
        raise ValueError(
            f"the pictures of a step must be of one size, got {told}; give the data set "
            "transforms=segviz.data.augmentation((H, W)), or segviz.data.fitted((H, W)), join sets of one size each "
            "by segviz.data.Sizes (a wrapper of your own around it hides them), or train with batch_size=1"
        )
    return default_collate(pairs)
