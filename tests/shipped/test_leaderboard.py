import json

import pytest
import torch
from torch import nn

from segviz import checkpoints
from segviz.checkpoints import load_checkpoint
from segviz.data import Scenes
from segviz.data.stage import BICYCLE, BUS, POLE
from segviz.models import create_model, list_models
from segviz.shipped import leaderboard, recipes
from segviz.shipped.recipes import SHIPPED, Shipped, class_weights, train_shipped


class Says(nn.Module):
    """A network that gives every pixel one class."""

    def __init__(self, label):
        super().__init__()
        self.label, self.zero = label, nn.Parameter(torch.zeros(()))

    def forward(self, x):
        logits = torch.zeros(len(x), 11, *x.shape[2:]) + self.zero
        logits[:, self.label] += 1
        return logits


@pytest.fixture(scope="module")
def with_reflection():
    scenes = Scenes(40, (64, 64), seed=3)
    assert any(scenes.scene(index).mirrored.any() for index in range(40))
    return scenes


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder with one tiny network, trained for two steps."""
    folder = tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recipes.SHIPPED, "segnet_basic", Shipped(0.06, 2, 2, batch_size=1, crop=32))
        patch.setattr(recipes, "TEST_SCENES", 2)
        patch.setattr(recipes, "VALIDATION_SCENES", 3)
        patch.setattr(checkpoints, "WEIGHTS", folder)
        patch.setattr(leaderboard, "WEIGHTS", folder)
        train_shipped("segnet_basic", folder=folder, runs=folder / "runs", device="cpu", progress=False)
        yield folder


def test_a_network_that_says_bicycle_takes_every_reflection_for_one(with_reflection):
    failures = leaderboard.scores(Says(BICYCLE), with_reflection)["failures"]
    assert 0 < failures.pop("small_lost") < 1  # bicycles are right, signs and persons are not
    assert failures == {"mirrored_as_bicycle": 1, "mirrored_as_bus": 0, "poles_lost": 1}


@pytest.mark.parametrize(("label", "name", "share"), [(BUS, "mirrored_as_bus", 1), (POLE, "poles_lost", 0)])
def test_a_network_that_says_what_is_there_does_not_fail(with_reflection, label, name, share):
    assert leaderboard.scores(Says(label), with_reflection)["failures"][name] == share


def test_where_nothing_is_mirrored_nothing_is_shared_out():
    empty = next(s for s in (Scenes(1, (64, 64), seed=n) for n in range(99)) if not s.scene(0).mirrored.any())
    assert leaderboard.scores(Says(BUS), empty)["failures"]["mirrored_as_bicycle"] is None


def test_operations_of_a_dilated_and_a_transposed_convolution_by_hand():
    x = torch.rand(1, 3, 8, 8)
    assert leaderboard.operations(nn.Conv2d(3, 4, 3, padding=2, dilation=2), x) == 2 * 64 * 27 * 4
    assert leaderboard.operations(nn.ConvTranspose2d(3, 4, 2, stride=2), x) == 2 * 64 * 3 * 4 * 4


def test_memory_counts_a_tensor_that_two_operations_keep_once():
    class Twice(nn.Module):
        def forward(self, x):
            y = x.relu()
            return y.sigmoid() * y

    x = torch.rand(1, 1, 5, 5, requires_grad=True)
    assert leaderboard.training_memory(Twice(), x) == 2 * 100


def test_memory_in_use_is_what_is_held_at_one_time():
    class Skips(nn.Module):
        def forward(self, x):
            early = x.relu()
            late = early.sigmoid().tanh()  # early waits while the two run
            return early + late

    x = torch.rand(1, 1, 5, 5)
    assert leaderboard.memory(nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU()), x) == 200
    assert leaderboard.memory(Skips(), x) == 300
    assert leaderboard.memory(nn.Sequential(nn.ReLU(inplace=True)), x) == 0
    assert leaderboard.memory(nn.Conv2d(1, 4, 3), x) == 4 * 9 * 4


def test_a_size_that_was_not_measured_is_refused():
    row = {"mean_iou": 0.5, "sizes": {"128": {"mean_iou": 0.4}}}
    assert leaderboard.at_size(row, 224) is row and leaderboard.at_size(row, 128)["mean_iou"] == 0.4
    with pytest.raises(ValueError, match="size=96 was not measured; 128, 224 were"):
        leaderboard.at_size(row, 96)


def test_a_recipe_for_every_network_within_thirty_megabytes():
    assert list(SHIPPED) == list_models()
    total = 0
    for name, shipped in SHIPPED.items():
        with torch.device("meta"):
            model = create_model(name, 11, width=shipped.width, **shipped.options)
        total += sum(t.numel() * (2 if t.ndim > 1 else 4) for t in model.state_dict().values())
    assert total < 29e6


def test_small_classes_weigh_more():
    weights = dict(zip(Scenes.classes, class_weights(), strict=True))
    assert weights["sign"] > weights["pole"] > weights["building"] > weights["road"] > 0


def test_what_is_shipped_loads_by_name_with_its_options_and_scores(shipped):
    model = create_model("segnet_basic", weights="scenes")
    checkpoint = load_checkpoint(shipped / "segnet_basic.safetensors")
    assert model.num_classes == 11 and checkpoint.options["width"] == 0.06
    again = leaderboard.scores(model.eval(), recipes.held_out_scenes())
    assert again["mean_iou"] == pytest.approx(checkpoint.scores["mean_iou"])
    assert again["boundary_f1"] == pytest.approx(checkpoint.scores["boundary_f1"])


def test_the_table_is_stored_as_data_and_keeps_earlier_entries(shipped, tmp_path, capsys):
    out = tmp_path / "scores.json"
    leaderboard.main(["--out", str(out)])
    result = leaderboard.load(out)
    (row,) = result["models"]
    assert result["scenes"]["classes"] == list(Scenes.classes) and result["scenes"]["size"] == [224, 224]
    assert row["name"] == "segnet_basic" and 0 <= row["mean_iou"] <= 1 and row["operations"] > 1e6
    assert row["receptive_field"] > 50 and sum(map(sum, row["confusion"])) == 2 * 224 * 224
    assert row["memory"] < row["training_memory"] and len(row["without"]["mean_iou"]) == 2
    assert sum(map(sum, leaderboard.at_size(row, 128)["confusion"])) == 2 * 128 * 128
    assert "segnet_basic" in capsys.readouterr().out
    other = row | {"name": "unet"}
    out.write_text(json.dumps(result | {"models": [other]}))
    leaderboard.main(["segnet_basic", "--out", str(out)])
    assert [entry["name"] for entry in leaderboard.load(out)["models"]] == ["segnet_basic", "unet"]


def test_times_alone_are_measured_again_and_only_of_what_was_scored(shipped, tmp_path, capsys):
    out = tmp_path / "scores.json"
    with pytest.raises(SystemExit):
        leaderboard.main(["--times", "--out", str(out)])
    assert "lacks ['segnet_basic']" in capsys.readouterr().err
    leaderboard.main(["--out", str(out)])
    (before,) = leaderboard.load(out)["models"]
    leaderboard.main(["--times", "--out", str(out)])
    (after,) = leaderboard.load(out)["models"]
    assert after["seconds"] > 0 and after | {"seconds": 0} == before | {"seconds": 0}


def test_without_scores_it_says_how_to_make_them(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m segviz\.shipped\.leaderboard"):
        leaderboard.load(tmp_path / "scores.json")


@pytest.mark.parametrize("command", [leaderboard.main, recipes.main])
def test_unknown_names_are_answered_with_the_known(command, capsys):
    with pytest.raises(SystemExit):
        command(["unett"])
    assert "known are fcn32s" in capsys.readouterr().err
