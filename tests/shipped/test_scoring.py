"""One pass over scenes: the same scores as `evaluate`, standard errors by brute force, failures by hand."""

import math

import pytest
import torch
from torch import nn

from segviz.data import Scenes
from segviz.metrics import class_boundary_f1, confusion_matrix, mean_iou
from segviz.shipped.scoring import Counts, counted, lost, scores, standard_error, summary, without_each
from segviz.training.evaluation import evaluate


@pytest.fixture(scope="module")
def guessing():
    torch.manual_seed(0)
    return nn.Conv2d(3, 11, 3, padding=1)


@pytest.fixture(scope="module")
def few():
    return Scenes(10, (32, 48), seed=5)


def test_scores_are_those_of_evaluate(guessing, few):
    found, known = scores(guessing, few), evaluate(guessing, few)
    assert found["confusion"] == known["confusion"]
    for name in ("mean_iou", "pixel_accuracy", "boundary_f1"):
        assert found[name] == pytest.approx(known[name], abs=1e-12)
    assert found["class_iou"] == pytest.approx(known["class_iou"], nan_ok=True)
    assert found["class_boundary_f1"] == pytest.approx(known["class_boundary_f1"], nan_ok=True)


def test_leaving_a_scene_out_is_scoring_the_others(guessing, few):
    without = without_each(counted(guessing, few))
    rest = [index for index in range(len(few)) if index != 3]
    pairs = [(guessing(few[index][0][None]).argmax(1), few[index][1][None]) for index in rest]
    matrix = sum(confusion_matrix(said, mask, 11) for said, mask in pairs)
    assert without["mean_iou"][3] == pytest.approx(mean_iou(matrix))
    said, masks = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    by_class = class_boundary_f1(said, masks, 11, 1.0).nanmean(1).nanmean().item()
    assert without["boundary_f1"][3] == pytest.approx(by_class)


def test_a_mean_s_standard_error_is_the_usual_one():
    torch.manual_seed(0)
    values = torch.rand(30, dtype=torch.float64)
    without = [(values.sum() - value).item() / 29 for value in values]
    assert standard_error(without) == pytest.approx((values.std() / math.sqrt(30)).item())


def test_the_standard_error_is_about_the_spread_over_other_scenes(guessing):
    """Of a score over eight scenes, drawn ten times: what the jackknife tells is about the spread of the ten."""
    every = counted(guessing, Scenes(80, (32, 32), seed=9))
    parts = [Counts(every.matrices[k : k + 8], every.outlines[k : k + 8], [0] * 11) for k in range(0, 80, 8)]
    found = torch.tensor([summary(part)["mean_iou"] for part in parts])
    told = torch.tensor([summary(part)["standard_error"]["mean_iou"] for part in parts])
    assert 0.5 < told.mean() / found.std() < 2


def test_shares_of_what_is_lost():
    matrix = [[8, 2, 0], [1, 3, 0], [0, 0, 0]]
    assert lost(matrix, [0, 1]) == pytest.approx(3 / 14)
    assert lost(matrix, [2]) is None


def test_it_leaves_the_mode(guessing, few):
    guessing.train()
    counted(guessing, few)
    assert guessing.training
