"""Scores of a network on a data set."""

import math

import pytest
import torch
from torch import nn
from torchmetrics.functional.classification import multiclass_jaccard_index

from segviz.data import Scenes
from segviz.metrics import boundary_f1
from segviz.training.evaluation import check_batch, evaluate


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 11, 1))


def test_scores_agree_with_torchmetrics_on_the_whole_set():
    model, scenes = small_model().eval(), Scenes(5, (32, 32), seed=2)
    scores = evaluate(model, scenes, batch_size=2, device="cpu")
    images, masks = (torch.stack(parts) for parts in zip(*scenes, strict=True))
    with torch.no_grad():
        prediction = model(images).argmax(1)
    expected = multiclass_jaccard_index(prediction, masks, num_classes=11, average="none")
    ours = [0.0 if value is None else value for value in scores["class_iou"]]
    assert ours == pytest.approx(expected.tolist(), abs=1e-6)
    assert scores["pixel_accuracy"] == pytest.approx((prediction == masks).float().mean().item())


def test_a_part_that_was_held_still_by_hand_stays_so():
    model = nn.Sequential(nn.Conv2d(3, 11, 1), nn.BatchNorm2d(11)).train()
    model[1].eval()
    evaluate(model, Scenes(2, (32, 32)), device="cpu")
    assert [module.training for module in model.modules()] == [True, True, False]


def test_evaluation_leaves_the_mode_and_the_statistics_alone():
    model = small_model()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    evaluate(model, Scenes(2, (32, 32)), device="cpu")
    assert model.training and all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_pictures_of_several_sizes_can_be_evaluated_together():
    pairs = [(torch.rand(3, 8, size), torch.randint(11, (8, size))) for size in (8, 9, 8)]
    assert 0 <= evaluate(small_model(), pairs, device="cpu")["mean_iou"] <= 1


def test_maps_without_any_outline_agree_as_in_the_metrics():
    flat = [(torch.rand(3, 4, 4), torch.zeros(4, 4, dtype=torch.int64))]
    blind = nn.Conv2d(3, 2, 1)
    nn.init.zeros_(blind.weight), blind.bias.data.copy_(torch.tensor([1.0, 0.0]))
    scores = evaluate(blind, flat, device="cpu")
    assert scores["boundary_f1"] == boundary_f1(flat[0][1], flat[0][1], 2, tolerance=1) == 1
    assert scores["class_boundary_f1"] == [None, None]


def test_normalized_pictures_are_told_apart_from_bytes():
    images = torch.rand(1, 3, 2, 2) * 4.7 - 2.1
    images[0, 0, 0, :] = torch.tensor([-2.1, 2.6])
    with pytest.raises(ValueError, match=r"x · std \+ mean"):
        check_batch(images, torch.zeros(1, 2, 2, dtype=torch.int64), 11, 255)


def test_an_empty_set_has_no_scores():
    with pytest.raises(ValueError, match="a picture"):
        evaluate(small_model(), [], device="cpu")


@pytest.mark.parametrize(
    ("images", "masks", "error", "words"),
    [
        (torch.full((1, 3, 2, 2), 200.0), torch.zeros(1, 2, 2, dtype=torch.int64), ValueError, "divide by 255"),
        (torch.full((1, 3, 2, 2), -2.0), torch.zeros(1, 2, 2, dtype=torch.int64), ValueError, r"in \[0, 1\]"),
        (torch.full((1, 3, 2, 2), math.nan), torch.zeros(1, 2, 2, dtype=torch.int64), ValueError, "nan"),
        (torch.zeros(1, 3, 2, 2, dtype=torch.uint8), torch.zeros(1, 2, 2), TypeError, "divide by 255"),
        (torch.zeros(1, 3, 2, 2), torch.full((1, 2, 2), 11), ValueError, r"unknown labels \[11\]"),
        (torch.zeros(1, 3, 2, 2), torch.full((1, 2, 2), -1), ValueError, r"unknown labels \[-1\]"),
        (torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 3, dtype=torch.int64), ValueError, "images' size"),
    ],
)
def test_bad_pictures_and_masks_are_refused(images, masks, error, words):
    with pytest.raises(error, match=words):
        check_batch(images, masks, 11, 255)
