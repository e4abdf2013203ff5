"""Chapter 1's classifiers: slid and convolved alike, trained as on windows cut out, and what the shipped mistake."""

import pytest
import torch
import torch.nn.functional as F

from segviz import receptive_field
from segviz.checkpoints import load_checkpoint
from segviz.data import Scenes
from segviz.data.stage import BICYCLE, BUS
from segviz.shipped import windows
from segviz.shipped.windows import FORMS, WindowClassifier, as_network

each_side = pytest.mark.parametrize("side", FORMS)


@each_side
@pytest.mark.parametrize("size", [(0, 0), (5, 11), (24, 9)])
def test_the_network_says_of_each_window_what_the_classifier_says(side, size):
    torch.manual_seed(side)
    classifier = WindowClassifier(side).requires_grad_(False)
    image = torch.rand(3, side + size[0], side + size[1])
    at_once = as_network(classifier)(image[None])[0]
    cut = image.unfold(1, side, classifier.stride).unfold(2, side, classifier.stride)
    slid = classifier(cut.permute(1, 2, 0, 3, 4).flatten(0, 1)).T.view_as(at_once)
    torch.testing.assert_close(at_once, slid, rtol=1e-5, atol=1e-6)


@each_side
def test_a_window_is_the_field_and_nothing_is_padded(side):
    classifier = WindowClassifier(side)
    field = receptive_field(as_network(classifier))
    assert (field.size, field.stride, field.padding) == ((side,) * 2, (classifier.stride,) * 2, (0, 0))


def test_many_windows_at_once_teach_what_they_teach_one_by_one():
    """The gradient of a crop of 3 × 2 windows, and that of its windows cut out, each asked for its middle's pixels."""
    torch.manual_seed(0)
    classifier = WindowClassifier().double()
    image, mask = torch.rand(1, 3, 58, 50, dtype=torch.double), torch.randint(0, 11, (1, 58, 50))
    model = windows.Asked(classifier)
    asked = torch.full_like(mask, 255)
    asked[:, 17:-17, 17:-17] = mask[:, 17:-17, 17:-17]
    F.cross_entropy(model(image), asked, ignore_index=255).backward()
    together = [parameter.grad.flatten() for parameter in model.parameters()]

    loss = 0
    for row in (0, 8, 16):
        for column in (0, 8):
            scores = classifier(image[..., row : row + 42, column : column + 42])
            middle = mask[0, row + 17 : row + 25, column + 17 : column + 25].flatten()
            loss += F.cross_entropy(scores.expand(64, -1), middle) / 6
    one_by_one = torch.autograd.grad(loss, list(classifier.parameters()))
    for a, b in zip(together, one_by_one, strict=True):
        torch.testing.assert_close(a, b.flatten(), rtol=1e-8, atol=1e-12)


@each_side
def test_training_stores_what_it_trained(side, tmp_path):
    before = load_checkpoint(windows.train_windows(side, folder=tmp_path, steps=1, scenes=4)).state
    windows.main([str(side), "--steps", "2", "--folder", str(tmp_path / "more")])
    after = load_checkpoint(windows.file_of(side, tmp_path / "more"), "windows").state
    assert before.keys() == WindowClassifier(side).state_dict().keys()
    assert any((before[key] != after[key]).any() for key in before)


def test_unknown_sides_are_answered_with_the_known(capsys):
    with pytest.raises(ValueError, match="side must be one of 42, 18, got 30"):
        windows.load(30)
    with pytest.raises(SystemExit):
        windows.main(["30"])
    assert "known are 42, 18" in capsys.readouterr().err


@each_side
def test_a_prediction_has_the_pictures_size_and_says_nothing_of_the_rim(side):
    classifier = windows.load(side)
    found = windows.prediction(classifier, torch.rand(3, side + 9, side + 20))
    assert found.shape == (side + 9, side + 20)
    assert (found[: classifier.margin] == 255).all() and found[classifier.margin, classifier.margin] < 11


def test_the_shipped_files_are_small():
    assert all(windows.file_of(side).stat().st_size < 200_000 for side in FORMS)


def test_the_near_sighted_takes_mirrored_bicycles_for_bicycles_and_the_other_does_not():
    scenes = Scenes(30, (224, 224), seed=77)  # a seed that no training has seen, and no score
    says = {side: windows.scores(windows.load(side), scenes)["mirrored"].double() for side in FORMS}
    share = {side: (counts / counts.sum()).tolist() for side, counts in says.items()}
    assert share[18][BICYCLE] > 0.3
    assert share[42][BUS] > 0.9 and share[42][BICYCLE] < 0.05


def test_scores_count_the_middle_of_every_scene():
    scenes = Scenes(2, (96, 80), seed=5)
    counted = windows.scores(WindowClassifier(18).eval(), scenes, margin=24)
    assert counted["confusion"].sum() == 2 * (96 - 48) * (80 - 48)
    mirrored = sum(scenes.scene(index).mirrored[24:-24, 24:-24].sum() for index in range(2))
    assert counted["mirrored"].sum() == mirrored
