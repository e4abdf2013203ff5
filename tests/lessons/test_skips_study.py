"""The stored losses of cut skips: complete, made again where that is quick, and all of them in the long run."""

import math

import pytest
import torch

from segviz import create_model
from segviz.lessons.studies import skips as study
from segviz.models.skips import skips
from segviz.shipped.cutting import SCORES, scene_scores
from segviz.shipped.leaderboard import load


def stored(network):
    return [row for row in study.results() if row["network"] == network]


@pytest.mark.parametrize("network", study.NETWORKS)
def test_every_cut_is_stored_for_every_scene(network):
    model = create_model(network, weights="scenes")
    ways = {((), "none")} | {(tuple(cut), fill) for cut in study.cuts_of(model) for fill in study.FILLS}
    assert {(tuple(row["cut"]), row["fill"]) for row in stored(network)} == ways
    assert len(stored(network)) == len(ways)
    assert all(len(row[score]) == study.SCENES for row in stored(network) for score in SCORES)
    assert len(study.cuts_of(model)) == len(skips(model)) + 1


def same(found, expected, indices):
    """Where rounding decides a pixel differently on another machine, a score may move in its third digit."""
    pairs = [(a, expected[i]) for a, i in zip(found, indices, strict=True)]
    return all((a is None) == (b is None) and (a is None or math.isclose(a, b, abs_tol=0.01)) for a, b in pairs)


def problems(network, indices):
    made = study.rows_of(network, indices)
    assert [(row["cut"], row["fill"]) for row in made] == [(row["cut"], row["fill"]) for row in stored(network)]
    pairs = zip(made, stored(network), strict=True)
    return [(b["cut"], b["fill"], s) for a, b in pairs for s in SCORES if not same(a[s], b[s], indices)]


@pytest.mark.parametrize("network", ["unet", "fcn8s", "fcn32s"])
def test_cutting_again_gives_the_stored_scores(network):
    assert problems(network, [33]) == []


@pytest.mark.long
@pytest.mark.parametrize("network", [*study.NETWORKS, "fcn32s"])
def test_cutting_all_again_gives_the_stored_scores(network):
    assert problems(network, range(study.SCENES)) == []


def test_a_loss_is_told_with_its_spread():
    low, middle, high = study.lost("unet", "poles", 1)
    change = (study.scored("unet", "poles") - study.scored("unet", "poles", 1)).tolist()
    change = sorted(value for value in change if not math.isnan(value))
    assert low < middle < high
    assert sum(value < low for value in change) == pytest.approx(len(change) / 4, abs=1)
    assert sum(value > high for value in change) == pytest.approx(len(change) / 4, abs=1)


def test_without_a_cut_nothing_is_lost():
    assert study.lost("unet", "areas") == (0, 0, 0)


def test_the_scenes_are_like_those_of_the_leaderboard():
    # Averaged over scenes and over 40 of 200, not the same number; but of the same network.
    (unet,) = [row for row in load()["models"] if row["name"] == "unet"]
    assert study.scored("unet", "outlines").mean().item() == pytest.approx(unet["boundary_f1"], abs=0.03)


def test_what_a_scene_lacks_is_not_scored():
    road = torch.full((16, 16), 2)
    assert scene_scores(road, road) == {"areas": 1.0, "outlines": None, "poles": None, "small": None}
    half = road.clone()
    half[:8] = 5  # a pole that is none
    assert scene_scores(half, road)["poles"] == 0.0
