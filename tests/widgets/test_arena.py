"""The arena in Python: its settings, what it holds against the stored scores, and its maps against the networks."""

import math

import pytest
import torch

from segviz.models import list_models
from segviz.shipped import leaderboard, seeds
from segviz.shipped.recipes import VALIDATION_SIZES, held_out_scenes
from segviz.widgets import NetworkArena
from segviz.widgets.arena import COSTS, NETWORKS, SCORES, STREETS, measures, still, streets
from segviz.widgets.titles import TITLES


def test_its_names_are_those_of_the_measures_the_networks_and_the_streets():
    assert tuple(measures.SCORES) == SCORES and tuple(measures.COSTS) == COSTS
    assert list(TITLES) == list_models() and len(TITLES) == NETWORKS
    assert len(streets.STREETS) == STREETS == len(streets.stored()["streets"])


def test_it_holds_the_leaderboards_numbers():
    for held, row in zip(NetworkArena().held["networks"], leaderboard.load()["models"], strict=True):
        assert held["name"] == row["name"]
        for size in VALIDATION_SIZES:
            own = leaderboard.at_size(row, size)
            assert held["scores"][str(size)]["mean_iou"] == pytest.approx(own["mean_iou"], rel=1e-4)
            poles = held["scores"][str(size)]["poles_lost"]
            assert poles == pytest.approx(100 * own["failures"]["poles_lost"], rel=1e-4)
            error = held["streets"][str(size)]["boundary_f1"]
            assert error == pytest.approx(own["standard_error"]["boundary_f1"], rel=1e-4)
        assert held["costs"]["multiply_adds"] == pytest.approx(row["operations"] / 2e9, rel=1e-4)
        assert held["costs"]["receptive_field"] == row["receptive_field"]


def test_the_spread_over_seeds_is_the_deviation_of_their_runs(monkeypatch, tmp_path):
    run = {"mean_iou": 0.5, "boundary_f1": 0.3, "failures": {"poles_lost": 0.5, "mirrored_as_bicycle": None}}
    runs = [{"name": "unet", "seed": seed, "sizes": {"224": run | {"mean_iou": 0.5 + 0.1 * seed}}} for seed in range(3)]
    monkeypatch.setattr(seeds, "SEEDS", tmp_path / "seeds.json")
    assert measures.seed_spread(measures.seed_runs(), "unet", 224) == {}
    seeds.SEEDS.write_text("{}")
    monkeypatch.setattr(seeds, "load", lambda: {"runs": runs})
    spread = measures.seed_spread(measures.seed_runs(), "unet", 224)
    assert spread["mean_iou"] == pytest.approx(0.1) and spread["boundary_f1"] == spread["poles_lost"] == 0
    assert "small_lost" not in spread and measures.seed_spread(measures.seed_runs(), "fcn8s", 224) == {}


@pytest.mark.parametrize("street", range(STREETS))
def test_a_street_s_true_classes_are_the_scene_s(street):
    index = list(streets.STREETS.values())[street]
    assert torch.equal(streets.label_maps(street)[0], held_out_scenes()[index][1])


def same_as_the_network(street, name):
    index = list(streets.STREETS.values())[street]
    stored = streets.label_maps(street)[1 + list_models().index(name)]
    assert (stored == streets.said(name, index)).double().mean() > 0.999  # another processor rounds otherwise


def test_a_stored_map_is_what_the_shipped_network_says():
    same_as_the_network(1, "fcn8s")


@pytest.mark.long
@pytest.mark.parametrize("name", list_models())
@pytest.mark.parametrize("street", range(STREETS))
def test_every_stored_map_is_what_its_network_says(street, name):
    same_as_the_network(street, name)


def test_what_it_holds_is_light():
    assert streets.STORED.stat().st_size < 200_000


@pytest.mark.parametrize("x", ["receptive_field", "mirrored_as_bicycle"])
def test_a_picture_is_drawn_where_values_are_infinite_or_zero(x):
    assert NetworkArena(x=x, y="parameters", spread="seeds").still().startswith("data:image/webp")


@pytest.mark.parametrize(
    "settings", [{"x": "speed"}, {"size": 96}, {"spread": "weights"}, {"at": 16}, {"street": 3}, {"shown": "scores"}]
)
def test_a_setting_outside_its_rule_is_refused(settings):
    with pytest.raises(ValueError, match="NetworkArena"):
        NetworkArena(**settings)


@pytest.mark.parametrize(("x", "y"), [("mean_iou", "poles_lost"), ("boundary_f1", "receptive_field")])
def test_the_still_picture_draws_each_point_where_its_values_are(monkeypatch, x, y):
    monkeypatch.setattr(still, "data_uri", lambda figure, **_: figure)
    state = NetworkArena(x=x, y=y).state()
    drawn = [bars.lines[0].get_xydata()[0] for bars in still.still_picture(state).axes[0].containers]
    values = [[still.value(network, name, 224) for name in (x, y)] for network in state["held"]["networks"]]
    known = [pair for pair in zip(drawn, values, strict=True) if math.isfinite(pair[1][1])]
    assert len(known) > 10 and all(tuple(at) == pytest.approx(value) for at, value in known)
