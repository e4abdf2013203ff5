import pytest
import torch
from torch import nn

from segviz.data import FarCues
from segviz.training import Recipe, train
from segviz.training.evaluation import evaluate


def stack(*dilations, channels=8):
    """3×3 convolutions of these dilations: their offsets add up, and with them the support."""
    torch.manual_seed(0)
    layers = []
    for number, dilation in enumerate(dilations):
        inputs = channels if number else 1
        layers += [nn.Conv2d(inputs, channels, 3, padding=dilation, dilation=dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2d(channels, 2, 1))


def accuracy(model, distance):
    recipe = Recipe(steps=80, batch_size=8, optimizer="adamw", learning_rate=0.02, weight_decay=0)
    train(model, FarCues(2000, distance, (8, 24)), recipe=recipe, device="cpu", progress=False)
    return evaluate(model, FarCues(100, distance, (8, 24), seed=1), device="cpu")["pixel_accuracy"]


def test_the_label_is_the_color_of_the_pixel_at_the_distance():
    image, mask = FarCues(3, 5, (7, 20))[2]
    assert image.shape == (1, 7, 20) and set(image.unique().tolist()) == {0, 1}
    assert torch.equal(mask[:, :-5], image[0, :, 5:].long())


def test_pixels_without_a_cue_are_ignored():
    assert (FarCues(1, 5, (7, 20))[0][1][:, -5:] == 255).all()


def test_the_coins_are_fair_and_independent():
    images = torch.stack([FarCues(200, 1)[index][0] for index in range(200)])
    assert abs(images.mean() - 0.5) < 0.005
    assert all(abs((images[..., d:] == images[..., :-d]).float().mean() - 0.5) < 0.005 for d in range(1, 9))


def test_the_same_seed_and_index_give_the_same_coins():
    assert torch.equal(FarCues(3, 2)[1][0], FarCues(9, 7)[1][0])
    assert not torch.equal(FarCues(3, 2)[1][0], FarCues(3, 2, seed=1)[1][0])


@pytest.mark.parametrize(
    ("dilations", "distance"), [((1, 1, 1), 3), ((4,), 4), ((1, 2, 4), 7), ((2, 2, 2), 4), ((1, 2, 5), 6)]
)
def test_a_network_whose_support_holds_the_cue_solves_it(dilations, distance):
    assert accuracy(stack(*dilations), distance) > 0.95


@pytest.mark.parametrize(("dilations", "distance"), [((1, 1, 1), 4), ((1, 2, 4), 8)])
def test_a_network_that_does_not_reach_the_cue_is_right_half_of_the_time(dilations, distance):
    assert accuracy(stack(*dilations), distance) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("dilations", "distance"), [((4,), 3), ((2, 2, 2), 5)])
def test_a_cue_in_a_hole_of_the_support_is_as_good_as_none(dilations, distance):
    assert accuracy(stack(*dilations), distance) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((0, 1), "length"), ((1, 0), "distance"), ((1, 9, (8, 9)), r"size\[1\] must be at least 10, got 9")],
)
def test_bad_settings_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        FarCues(*arguments)


def test_indices_end_with_the_length():
    assert len(list(FarCues(3, 1, (2, 2)))) == 3
