"""What chapter 9 says without computing it: beliefs behind wrong options, hints, sentences on trained networks."""

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on

from segviz import create_model, dense_crf
from segviz.data import Scenes
from segviz.shipped.recipes import held_out_scenes
from segviz.widgets.crf.predictions import prediction

(PATH,) = [path for path in CHAPTERS if path.stem == "dense-crf"]
POLE = Scenes.classes.index("pole")


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose ----------------------------------------------------------------------------------------------------------


def test_by_default_no_pole_is_left(chapter):
    assert chapter.names["score"](prediction(2)) < 0.01


@torch.no_grad()
def test_a_coarse_network_s_poles_are_mostly_something_else():
    model = create_model("deeplabv1", weights="scenes").eval()
    said, right = 0, 0
    for index in range(6):
        image, labels = held_out_scenes()[index]
        called = model(image[None]).argmax(1)[0] == POLE
        said += called.sum()
        right += (called & (labels == POLE)).sum()
    assert said > 500 and right / said < 0.3


def test_a_person_gets_legs_and_the_bus_its_outline(chapter):
    seen = prediction(0)
    after = dense_crf(seen.probabilities, seen.image).argmax(0)
    for name in ("person", "bus"):
        label = Scenes.classes.index(name)
        there = seen.labels == label
        iou = [
            ((m == label) & there).sum() / ((m == label) | there).sum() for m in (seen.probabilities.argmax(0), after)
        ]
        assert iou[1] > iou[0] + 0.1


def test_an_eighth_is_what_the_lattice_is_off_by(chapter):
    assert chapter.names["panels"]["difference"].max().item() == pytest.approx(1 / 8, abs=0.02)


# --- Replies ----------------------------------------------------------------------------------------------------------


def test_the_replies_give_the_numbers(chapter):
    names = chapter.names
    assert all(f"{names['color']:.2f}" in reply for reply in replies(chapter, "predict-kernel").values())
    assert (
        f"{names['pole'][10]:.2f}"
        in replies(chapter, "predict-iterations")["1: the first helps, the later ones do not"]
    )
    assert f"{names['unet']:.2f}" in replies(chapter, "predict-poles")["U-Net alone: its poles are thin lines already"]
    assert all(f"{names['agree']:.1%}" in reply for reply in replies(chapter, "predict-lattice").values())


def test_the_network_s_poles_are_wider_than_the_poles():
    seen = prediction(1)
    said = seen.probabilities.argmax(0) == POLE
    assert said.sum() > 1.5 * (seen.labels == POLE).sum()


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given ------------------------------------

LIKELY = [
    ("1", 1.82, "position alone"),
    ("1", 9.99, "color alone"),
    ("1", 7.88, "second"),
    ("2", 0.6, "own opinion"),
    ("2", 0.931, "unary"),
    ("2", 0.917, "kernel of position"),
    ("3", "torch.cat([p, 1 - p])", "Background"),
    ("3", "torch.cat([p, p])", "add up"),
    ("4", [187500**2, 6 * 187500], "once"),
    ("4", [2 * 17578031250, 6 * 187500], "twice"),
    ("4", [17578031250, 5 * 187500], "d + 1"),
    ("6", 0.997, "Three channels"),
    ("6", 1.0, "Nearly"),
    ("6", 0.0, "255"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


@pytest.mark.parametrize("settings", [{"gaussian_compat": 0}, {"bilateral_compat": 0}])
def test_settings_that_do_not_save_the_poles_are_told_what_to_look_for(settings):
    verdict = verdict_on(PATH, "exercise-5", f"answer = {settings}")
    assert verdict.state == "wrong"
    assert "fewer strangers" in verdict.words


def test_without_the_unary_one_pixel_is_0_931():
    assert round(torch.tensor([13 * 0.6, 13 * 0.4]).softmax(0)[0].item(), 3) == 0.931
