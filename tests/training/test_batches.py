"""Which pictures a step gets."""

import pytest
import torch
from torch.utils.data import Subset
from torchvision.transforms import v2

from segviz.data import Kept, Scenes, Sizes
from segviz.data.sizes import groups_of
from segviz.training.batches import Batches, Seeded, loader
from segviz.training.loop import Recipe, train
from segviz.training.processes import Processes


def test_every_round_shows_every_picture_once_in_an_order_of_its_own():
    batches = Batches([range(10)], steps=5, batch_size=4, seed=0, start=0, team=Processes("cpu"))
    items = [item for batch in batches for item in batch]
    laps = [[index for lap, index in items if lap == which] for which in (0, 1)]
    assert sorted(laps[0]) == sorted(laps[1]) == list(range(10)) and laps[0] != laps[1]


def test_each_step_stays_within_one_of_several_sizes_and_every_round_shows_each_picture_once():
    groups = [range(4), range(4, 12), range(12, 14)]
    batches = list(Batches(groups, steps=14, batch_size=2, seed=0, start=0, team=Processes("cpu")))
    assert all(sum(index in group for group in groups for _, index in batch) == 2 for batch in batches)
    assert all(any({index for _, index in batch} <= set(group) for group in groups) for batch in batches)
    items = [item for batch in batches for item in batch]
    rounds = [[index for lap, index in items if lap == which] for which in (0, 1)]
    assert sorted(rounds[0]) == sorted(rounds[1]) == list(range(14)) and rounds[0] != rounds[1]


def test_what_fills_no_step_waits_for_another_round():
    groups = [range(5), range(5, 9)]
    batches = Batches(groups, steps=40, batch_size=2, seed=0, start=0, team=Processes("cpu"))
    items = [item for batch in batches for item in batch]
    seen = [[index for lap, index in items if lap == which] for which in range(10)]
    assert all(len(set(one)) == 8 for one in seen) and set().union(*seen) == set(range(9))


def test_processes_share_a_step_of_one_size():
    shares = []
    for rank in (0, 1):
        team = Processes("cpu")
        team.rank, team.count = rank, 2
        shares.append(list(Batches([range(4), range(4, 8)], steps=4, batch_size=4, seed=1, start=0, team=team)))
    for ours, theirs in zip(*shares, strict=True):
        assert len({index // 4 for _, index in ours + theirs}) == 1
        assert len({index for _, index in ours + theirs}) == 4


def test_a_size_with_too_few_pictures_for_a_step_is_refused():
    with pytest.raises(
        ValueError, match="each of several sizes must have 4 pictures for a step, got 3 of the size of picture 8"
    ):
        Batches([range(8), range(8, 11)], steps=1, batch_size=4, seed=0, start=0, team=Processes("cpu"))


def test_sizes_of_which_no_picture_is_left_do_not_count_and_no_picture_at_all_is_refused():
    kept, whole = (
        list(Batches(groups, steps=3, batch_size=2, seed=0, start=0, team=Processes("cpu")))
        for groups in ([range(0), range(4)], [range(4)])
    )
    assert kept == whole
    with pytest.raises(ValueError, match="the data set has no pictures"):
        Batches([range(0)], steps=1, batch_size=2, seed=0, start=0, team=Processes("cpu"))


def test_pictures_of_several_sizes_train_together():
    both = [Scenes(2, (32, 32)), Scenes(2, (32, 48))]
    recipe = Recipe(steps=4, batch_size=2)
    history = train(torch.nn.Conv2d(3, 11, 1), Sizes(both), Sizes(both), recipe=recipe, progress=False)
    assert history[-1]["step"] == 4 and 0 <= history[-1]["mean_iou"] <= 1
    with pytest.raises(ValueError, match="must be of one size, got 32×32, 32×48"):
        train(
            torch.nn.Conv2d(3, 11, 1),
            torch.utils.data.ConcatDataset(both),
            recipe=Recipe(steps=2, batch_size=4),
            progress=False,
        )


def test_sizes_within_sizes_are_sizes_and_none_are_refused():
    parts = [Scenes(2, (32, 32)), Scenes(3, (32, 48)), Scenes(4, (48, 48))]
    assert Sizes([Sizes(parts[:2]), parts[2]]).groups == Sizes(parts).groups
    with pytest.raises(ValueError, match="must have one at least"):
        Sizes([])


def sides(dataset):
    """The sides of each step's pictures, in a round through `dataset`."""
    batches = loader(dataset, steps=6, batch_size=2, seed=0, start=0, team=Processes("cpu"), workers=0)
    return [tuple(images.shape[-2:]) for images, _ in batches]


def test_sizes_are_told_apart_within_subsets_sums_and_kept_sets():
    parts = [Scenes(4, (32, 32)), Scenes(6, (32, 48)), Scenes(4, (48, 48))]
    both = Sizes(parts[:2])
    wholes = [Subset(both, [9, 0, -2, 1, 5, 4]), both + parts[2], parts[2] + both, Kept(both), both + both]
    wholes += [Subset(both + parts[2], range(2, 12)), Sizes([Subset(both, range(2, 10)), parts[2]])]
    for whole in wholes:
        assert sorted(place for group in groups_of(whole) for place in group) == list(range(len(whole)))
        assert all(len({whole[place][0].shape for place in group}) == 1 for group in groups_of(whole))
        assert {(32, 32), (32, 48)} <= set(sides(whole))
    assert groups_of(parts[0] + parts[1]) == [range(10)]  # their sizes may be one: nobody said otherwise


def test_augmentation_differs_by_round_and_not_by_order():
    data = Seeded(Scenes(10, (32, 32), transforms=v2.RandomHorizontalFlip()), seed=0)
    again = [data[(0, index)][0] for index in reversed(range(10))][::-1]
    assert all(torch.equal(data[(0, index)][0], again[index]) for index in range(10))
    assert any(not torch.equal(data[(0, index)][0], data[(1, index)][0]) for index in range(10))


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    team = Processes("cpu")
    team.count = 3
    with pytest.raises(ValueError, match="multiple of the number of processes, got 4 for 3"):
        Batches([range(10)], steps=6, batch_size=4, seed=3, start=0, team=team)
