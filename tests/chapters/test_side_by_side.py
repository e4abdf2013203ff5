"""What chapter 10 says without computing it: the alternative texts, the replies, the beliefs behind wrong answers."""

from inspect import signature

import numpy as np
import pytest
from notebooks import CHAPTERS, replies, run, verdict_on

from segviz import create_model, receptive_field
from segviz.backmatter.elsewhere import data
from segviz.checkpoints import load_scenes
from segviz.models.deconvnet import DeconvNet
from segviz.shipped.recipes import VALIDATION_SCENES
from segviz.train import TEST_SEED, VALIDATION_SEED
from segviz.training import Recipe, schedule

(PATH,) = [path for path in CHAPTERS if path.stem == "side-by-side"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose and pictures -----------------------------------------------------------------------------------------------


def test_the_figure_of_sizes_has_u_net_far_ahead(chapter):
    for values in chapter.names["by_size"].values():
        first, second = sorted(values, reverse=True)[:2]
        assert first > second + 0.03


def test_the_figure_of_classes_is_told_as_it_is(chapter):
    iou = {
        name: dict(zip(chapter.names["Scenes"].classes, row, strict=True))
        for name, row in chapter.names["per_class"].items()
    }
    assert all(min(own[label] for own in iou.values()) > 0.8 for label in ("sky", "road", "bus"))
    assert all(iou["FCN-8s"][label] > iou["SegNet"][label] for label in ("person", "sign"))


def test_the_figure_of_ends_is_told_as_it_is(chapter):
    ends, curves = chapter.names["ends"], chapter.names["curves"]
    clear = [name for name in chapter.names["trained"] if ends[name][1]]
    assert sorted(clear) == ["FCN-32s", "FCN-8s"]
    assert all(curves[name][-1] > max(curves[name][3:6]) for name in chapter.names["trained"])
    assert VALIDATION_SCENES == 48 and {len(curve) for curve in curves.values()} == {10}
    assert schedule(99, Recipe(steps=100)) < 0.02 and VALIDATION_SEED != TEST_SEED


def test_of_areas_by_outlines_segnet_lies_farthest_below_the_line_and_deeplab_v3_farthest_above(chapter):
    board = chapter.names["board"]
    outlines, areas = (np.array([row[key] for row in board.values()]) for key in ("boundary_f1", "mean_iou"))
    above = dict(zip(board, areas - np.polyval(np.polyfit(outlines, areas, 1), outlines), strict=True))
    assert min(above, key=above.get) == "SegNet" and max(above, key=above.get) == "DeepLab v3"
    assert np.corrcoef(outlines, areas)[0, 1] > 0.8


def test_fcn_32s_is_wrong_at_outlines_and_loses_small_things_and_u_net_much_less(chapter):
    coarse, fine = (chapter.names["board"][name] for name in ("FCN-32s", "U-Net"))
    assert coarse["boundary_f1"] < 0.2 and fine["boundary_f1"] > 0.7
    assert coarse["failures"]["small_lost"] > 0.6 and fine["failures"]["small_lost"] < 0.15


def test_poles_are_lost_as_the_text_says(chapter):
    lost, shares = chapter.names["lost"], chapter.names["shares"]
    assert chapter.names["fewest"] == "U-Net" and shares[0] > 0.9 and shares[-1] < 0.4 and lost["DeconvNet"] > 0.95
    assert load_scenes("deconvnet")[0]["fc_kernel"] == 3
    assert signature(DeconvNet).parameters["fc_kernel"].default == 7


def test_both_pictures_have_equally_many_classes_so_that_both_orders_of_averaging_agree(chapter):
    iou, truths, said = (chapter.names[name] for name in ("iou", "truths", "said"))
    for classes in ([set(t) for t in truths], [{*t, *s} for t, s in zip(truths, said, strict=True)]):
        assert len({len(each) for each in classes}) == 1
    five = chapter.names["five"]
    for key, false_too in (("by picture, classes there", False), ("by picture, classes there or said", True)):
        means = [np.mean([iou(k, (n,)) for k in {*truths[n], *(said[n] if false_too else ())}]) for n in (0, 1)]
        assert np.mean(means) == pytest.approx(five[key])


def test_deconvnet_s_bottleneck_is_as_coarse_as_fcn_32s_s():
    for name, layer in (("deconvnet", "fc7"), ("fcn32s", "score_fr")):
        assert receptive_field(create_model(name, width=0.05), layer=layer).stride == (32, 32)


def test_the_tools_are_those_of_the_page_on_other_libraries():
    assert data.load()["versions"]["thop"].startswith("0.1.1")


# --- Replies ----------------------------------------------------------------------------------------------------------


def test_the_replies_give_the_numbers(chapter):
    names = chapter.names
    for reply in replies(chapter, "predict-outlines").values():
        assert all(f"{value:.3f}" in reply for value in names["edges"].values())
    assert all(str(names["count"]) in reply for reply in replies(chapter, "predict-poles").values())
    assert all(f"{names['spread']:.2f}" in reply for reply in replies(chapter, "predict-conventions").values())


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given -----------------------------------

LIKELY = [
    ("1", 4 * 131072, "outputs times weights"),
    ("1", 2 * 131072, "one multiply-add"),
    ("2", [131072, 131072], "keeps its output"),
    ("2", [262144, 131072], "while it writes"),
    ("3", 0.495, "leaves the absent"),
    ("3", 0.047, "as 0"),
    ("3", 0.99, "Pixel accuracy"),
    ("4", 0.0143, "either direction"),
    ("4", 0.1, "three"),
    ("4", 0.0078, "four and four"),
    ("6", [0.608, 0.596], "come first"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words
