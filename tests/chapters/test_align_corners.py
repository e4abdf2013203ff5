"""What chapter 3 says without computing it: the replies to wrong options, the exercises' hints, the stored study."""

import tomllib

import pytest
import torch
from notebooks import CHAPTERS, ROOT, run, verdict_on
from torch.nn import functional as F

from segviz.arithmetic import conv_size, resize_positions
from segviz.layers import resize
from segviz.lessons.studies import align_corners as study
from segviz.metrics import mean_iou
from segviz.models import create_model
from segviz.shipped.recipes import held_out_scenes

(PATH,) = [path for path in CHAPTERS if path.stem == "align-corners"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("align_corners", [True, False])
def test_the_positions_are_those_of_the_real_matrix_for_every_pair_of_sizes_up_to_64(align_corners):
    for size in range(1, 65):
        identity = torch.eye(size, dtype=torch.float64)[None]
        for output_size in range(1, 65):
            matrix = F.interpolate(identity, output_size, mode="linear", align_corners=align_corners)[0].T
            read = matrix @ torch.arange(size, dtype=torch.float64)
            positions = torch.tensor(resize_positions(size, output_size, align_corners=align_corners)).double()
            assert (read - positions).abs().max() < 1e-5, (size, output_size)
            assert (matrix.sum(1) - 1).abs().max() < 1e-12


def test_the_distance_of_the_grids_stays_below_half_a_pixel():
    for i, o in [(4, 8), (64, 512), (65, 513), (8, 1024)]:
        first = 0 - (0.5 * i / o - 0.5)
        assert 0 < first < 0.5
        assert first * o / i == pytest.approx((o / i - 1) / 2)


def test_three_pools_that_round_up_make_41_cells_of_321():
    size = 321
    for _ in range(3):
        size = -(-size // 2)
    assert size == 41


def test_399_and_400_become_50_cells_and_401_becomes_51():
    for crop, cells in [(399, 50), (400, 50), (401, 51)]:
        size = crop
        for _ in range(3):
            size = conv_size(size, 3, stride=2, padding=1)
        assert size == cells


def test_nearest_reads_as_asymmetric_and_nearest_exact_as_half_pixel():
    ramp = torch.arange(4.0).view(1, 1, 4)
    for mode, half in [("nearest", 0), ("nearest-exact", 0.5)]:
        read = F.interpolate(ramp, 7, mode=mode).flatten().tolist()
        assert read == [int((q + half) * 4 / 7) for q in range(7)]


def test_nearest_refuses_align_corners():
    with pytest.raises(ValueError, match="align_corners option can only be set with the interpolating modes"):
        F.interpolate(torch.ones(1, 1, 4), 8, mode="nearest", align_corners=True)


# --- The options, and the hints --------------------------------------------------------------------------


def test_the_right_options_are_the_computed_ones(chapter):
    texts = tomllib.loads((ROOT / "segviz" / "lessons" / "questions" / f"{PATH.stem}.toml").read_text(encoding="utf-8"))
    for name, question in texts.items():
        asked = chapter.values[f"predict-{name}"]
        assert len(asked.options) == len(question["options"])
    assert (
        chapter.values["predict-far-apart"]
        .options[chapter.values["predict-far-apart"].right]["text"]
        .startswith("nearly")
    )


LIKELY = [
    ("1", [0.6, 0.4], "between edges"),
    ("2", [[1, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3], [0, 1]], "weights of True"),
    ("2", [[1.25, -0.25], [0.75, 0.25], [0.25, 0.75], [-0.25, 1.25]], "held at its ends"),
    ("3", 800, "looks at 768"),
    ("3", 768, "One more pixel"),
    ("4", 1, "That is True"),
    ("4", 6, "half are held"),
    ("5", 0, "an edge"),
    ("5", 1, "two ends share"),
    ("6", 0.3721, "fine map"),
    ("7", [40, 320], "Windows lie at 0, 2"),
    ("8", [16, 8, 4], "makes 328"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


# --- The stored study ----------------------------------------------------------------------------------


def test_every_network_is_scored_under_both_conventions():
    rows = study.results()
    found = {(row["seed"], row["trained_with"], row["used_with"]) for row in rows}
    assert found == {(seed, a, b) for seed in study.SEEDS for a in (True, False) for b in (True, False)}
    for row in rows:
        assert (row["changed"] == 0) == (row["trained_with"] == row["used_with"])
        assert 0.2 < row["mean_iou"] < 0.9


@pytest.mark.parametrize("trained_with", [True, False])
def test_the_stored_logits_give_about_the_stored_scores(trained_with):
    images, masks, logits = study.shown_logits(trained_with=trained_with)
    assert images.shape == (12, 3, 97, 97) and logits.shape == (12, 11, 13, 13)
    rows = study.scores(logits, masks, trained_with=trained_with)
    stored = [row for row in study.results() if row["seed"] == 0 and row["trained_with"] == trained_with]
    for row, kept in zip(rows, stored, strict=True):
        assert row["used_with"] == kept["used_with"]
        assert row["pixel_accuracy"] == pytest.approx(kept["pixel_accuracy"], abs=0.08)
        assert row["changed"] == pytest.approx(kept["changed"], abs=0.02)


def test_the_seeds_differ_more_than_the_conventions_of_the_training():
    own = {
        flag: [r["mean_iou"] for r in study.results() if r["trained_with"] == r["used_with"] == flag]
        for flag in (True, False)
    }
    apart = abs(sum(own[True]) / 3 - sum(own[False]) / 3)
    assert apart < max(own[False]) - min(own[False])


@pytest.mark.parametrize("trained_with", [True, False])
def test_nearly_as_many_pixels_turn_right_as_turn_wrong(trained_with):
    _, masks, logits = study.shown_logits(trained_with=trained_with)
    own, other = (resize(logits, (97, 97), align_corners=flag).argmax(1) for flag in (trained_with, not trained_with))
    turned_wrong = ((own == masks) & (other != masks)).sum()
    turned_right = ((own != masks) & (other == masks)).sum()
    assert 0.8 * turned_wrong < turned_right < turned_wrong


def test_scores_are_right_where_the_prediction_is():
    masks = torch.tensor([[[0, 0, 1], [0, 0, 1], [2, 2, 2]]])
    logits = F.one_hot(masks, 3).permute(0, 3, 1, 2).float()
    for row in study.scores(logits, masks, trained_with=True):  # already of the masks' size
        assert row["mean_iou"] == row["boundary_f1"] == row["pixel_accuracy"] == 1
        assert row["changed"] == 0
    assert mean_iou(torch.eye(3)) == 1


def test_the_command_writes_scores_and_logits(monkeypatch, tmp_path):
    monkeypatch.setattr(study, "TEST_SCENES", 2)
    monkeypatch.setattr(
        study, "trained", lambda flag, seed: create_model("fcn_resnet", 11, width=1 / 16, align_corners=flag).eval()
    )
    study.main(["--seeds", "0", "--to", str(tmp_path / "scores.json")])
    assert (tmp_path / "scores.json").read_text().count("mean_iou") == 4
    assert (tmp_path / "scores.safetensors").stat().st_size > 1000


# --- What the chapter says of others, of training, and of good networks ------------------------------------


def test_antialias_reads_all_pixels_as_pillow_does_and_without_it_two():
    import numpy as np
    from PIL import Image

    row = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    how = {"size": (4, 4), "mode": "bilinear", "align_corners": False}
    smooth = F.interpolate(row, **how, antialias=True)
    pillow = Image.fromarray(row[0, 0].numpy()).resize((4, 4), Image.Resampling.BILINEAR)
    torch.testing.assert_close(smooth[0, 0], torch.from_numpy(np.array(pillow)), atol=1e-5, rtol=0)
    row.requires_grad_()
    for antialias, most in [(False, 2), (True, 8)]:
        (read,) = torch.autograd.grad(F.interpolate(row, **how, antialias=antialias)[0, 0, 1, 1], row)
        assert (read[0, 0].abs().sum(0) > 0).sum() == most


def smooth_noise(places, batch=64):
    """Random curves (batch, 1, places), the same kind at every place: sums of waves of random length and phase."""
    lengths, phases = 0.5 * torch.randn(batch, 24, 1), 6.3 * torch.rand(batch, 24, 1)
    return (lengths * places + phases).cos().sum(1, keepdim=True) / 12**0.5


@pytest.mark.long
@pytest.mark.parametrize(("margin", "undone"), [(0, True), (18, False)])
def test_a_shift_that_changes_along_the_map_is_undone_by_zeros_from_the_padding_and_not_without(margin, undone):
    """What lies at x + 3 at one end and at x − 3 at the other is to come back to x, with padding or in a wider map."""
    torch.manual_seed(0)
    places = torch.arange(33.0)
    shifted = torch.arange(-margin, 33.0 + margin)
    shifted = shifted + 3 - 6 * shifted / 32
    padding = 0 if margin else 3
    layers = [torch.nn.Conv1d(1 if n == 0 else 24, 24, 7, padding=padding) for n in range(6)]
    network = torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.ReLU())])
    network.append(torch.nn.Conv1d(24, 1, 1))
    adam = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(300):
        both = smooth_noise(torch.cat([shifted, places]))
        x, y = both[..., : len(shifted)], both[..., len(shifted) :]
        loss = F.mse_loss(network(x), y)
        adam.zero_grad()
        loss.backward()
        adam.step()
    error = (loss / y.var()).item()
    assert error < 0.15 if undone else error > 0.3, error


def test_what_a_wrong_flag_costs_an_ideal_map_is_nothing_where_the_map_is_the_pictures_size():
    masks = torch.randint(0, 3, (1, 8, 8), generator=torch.Generator().manual_seed(0))
    assert torch.equal(study.ideal(masks, 1).argmax(1), masks)
    assert study.both(study.ideal(masks, 1), masks, True) == (1, 1)
    own, other = study.both(study.ideal(masks, 4), masks, False)
    assert 0 < other < 1 and 0 < own < 1


@pytest.mark.long
def test_of_networks_with_a_cell_for_8_pixels_the_better_one_loses_the_larger_share():
    scenes = [held_out_scenes()[n] for n in range(24)]
    streets, truth = (torch.stack(parts) for parts in zip(*scenes, strict=True))
    found = []
    for name in ("fcn_resnet", "deeplabv3", "deeplabv2", "deeplabv1"):
        model = create_model(name, weights="scenes").eval()
        with torch.no_grad():
            logits = model.logits(streets)
        assert logits.shape[-1] in (28, 29)  # of 224 pixels
        own, other = study.both(logits, truth, model.align_corners)
        found.append((own, 1 - other / own))
    shares = [share for _, share in sorted(found)]
    assert shares == sorted(shares) and 0.005 < shares[0] < 0.02 and 0.04 < shares[-1] < 0.06
