"""Which pictures a step gets."""

import pytest
import torch
from torchvision.transforms import v2

from segviz.data import Scenes
from segviz.training.batches import Batches, Seeded
from segviz.training.processes import Processes


def test_every_round_shows_every_picture_once_in_an_order_of_its_own():
    batches = Batches(10, steps=5, batch_size=4, seed=0, start=0, team=Processes("cpu"))
    items = [item for batch in batches for item in batch]
    laps = [[index for lap, index in items if lap == which] for which in (0, 1)]
    assert sorted(laps[0]) == sorted(laps[1]) == list(range(10)) and laps[0] != laps[1]


def test_augmentation_differs_by_round_and_not_by_order():
    data = Seeded(Scenes(10, (32, 32), transforms=v2.RandomHorizontalFlip()), seed=0)
    again = [data[(0, index)][0] for index in reversed(range(10))][::-1]
    assert all(torch.equal(data[(0, index)][0], again[index]) for index in range(10))
    assert any(not torch.equal(data[(0, index)][0], data[(1, index)][0]) for index in range(10))


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    team = Processes("cpu")
    team.count = 3
    with pytest.raises(ValueError, match="multiple of the number of processes, got 4 for 3"):
        Batches(10, steps=6, batch_size=4, seed=3, start=0, team=team)
