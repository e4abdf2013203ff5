"""What chapter 8 says without computing it: the beliefs behind wrong options, the exercises' hints, its asides."""

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on

from segviz import create_model
from segviz.shipped.recipes import SHIPPED, held_out_scenes
from segviz.training.evaluation import evaluate

(PATH,) = [path for path in CHAPTERS if path.stem == "deeplab-v3-plus"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose -----------------------------------------------------------------------------------------------------


def test_the_network_was_trained_on_the_crops_that_are_told():
    shipped = SHIPPED["deeplabv3plus"]
    assert (shipped.crop, shipped.width, shipped.options) == (192, 0.13, {})


def test_even_sizes_leave_no_zeros_on_the_right_to_a_strided_3x3_and_209_does_everywhere():
    """A 3 × 3 of stride 2 and padding 1 reads 2u − 1 to 2u + 1: of n even, the last is n − 1."""

    def beyond(n):
        found = []
        while n > 14:
            last = -(-n // 2) - 1
            found.append(2 * last + 1 - (n - 1))
            n = last + 1
        return found

    assert beyond(208) == [0, 0, 0, 0] and beyond(224) == [0, 0, 0, 0]
    assert beyond(209) == [1, 1, 1, 1]


def test_chapter_7s_count_makes_the_two_branches_pointwise(chapter):
    assert chapter.names["arithmetic"].valid_weights(12, 18) == {1: 1.0}
    assert -(-192 // 16) == 12


def test_the_mean_is_the_branch_that_keeps_no_law(chapter):
    whole, finer = chapter.names["model"], chapter.names["at_stride"](8)
    x = chapter.names["streets"][0][0][None]
    with torch.no_grad():
        coarse, fine = (net.backbone(x).high for net in (whole, finer))
        for branch in range(4):
            a, b = whole.aspp.convs[branch](coarse), finer.aspp.convs[branch](fine)[..., ::2, ::2]
            assert (a - b).abs().max() < 1e-5 * a.abs().max()
        a, b = whole.aspp.convs[4](coarse)[..., 0, 0], finer.aspp.convs[4](fine)[..., 0, 0]
    assert (a - b).abs().max() > 1e-4 * a.abs().max()


def test_most_blocks_of_xception_have_nothing_but_normalization_between_the_two_steps():
    from torch import nn

    from segviz.backbones.xception import SeparableConv, Xception65

    between = [type(m[2]) for m in Xception65(width=0.05).modules() if isinstance(m, SeparableConv)]
    assert between.count(nn.Identity) == len(between) - 3


@pytest.mark.long
def test_the_scores_of_twelve_streets_are_in_the_order_of_all_two_hundred(chapter):
    """python -m pytest -m long tests/chapters/test_deeplab_v3_plus.py: some minutes."""
    streets = [held_out_scenes()[i] for i in range(200)]

    def scored(network, side=224):
        found = evaluate(network, [(x[:, :side, :side], y[:side, :side]) for x, y in streets])
        return found["mean_iou"], found["boundary_f1"]

    model, at_stride = create_model("deeplabv3plus", weights="scenes").eval(), chapter.names["at_stride"]
    whole, finer = scored(model), at_stride(8)
    as_it_is = scored(finer)
    finer.aspp.register_forward_hook(lambda _, __, y: y[..., :-1, :-1])
    laid = scored(finer)
    wrong = scored(at_stride(8, aspp_rates=(6, 12, 18)))
    assert wrong[0] < as_it_is[0] < laid[0] and wrong[1] < as_it_is[1] < laid[1] < whole[1]
    assert abs(laid[0] - whole[0]) < 0.005
    assert scored(model, 208)[0] - scored(model, 209)[0] > 0.05


# --- Each wrong option is what its reply says it is ------------------------------------------------------------


def test_the_right_options_are_those_of_the_text(chapter):
    right = {cell: chapter.values[cell].options[chapter.values[cell].right]["text"] for cell in ASKED}
    assert right["predict-one-pixel"].startswith("it falls by more than 5")
    assert right["predict-low"].startswith("about 0.4")
    assert right["predict-drn-asked"].startswith("no: by a tenth")
    assert chapter.names["gaps"]["drn_d_54"] > 0.1
    assert right["predict-stride"].startswith("less")


ASKED = ("predict-one-pixel", "predict-low", "predict-drn-asked", "predict-stride")


def test_every_option_has_a_reply(chapter):
    assert all(reply for cell in ASKED for reply in replies(chapter, cell).values())


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given ------------------------------

LIKELY = [
    ("1", 704, "looks at 688"),
    ("1", 721, "nearer"),
    ("2", [4718592, 9 * 256 + 2048 * 256], "channels come first"),
    ("2", [4718592, 2048 * 256], "depthwise part"),
    ("3", [2, 2, 4, 4], "has not moved yet"),
    ("3", [1, 2, 4, 8], "stride of 1"),
    ("4", 33, "padding 2"),
    ("4", 30, "both sides"),
    ("5", 10, "asked for"),
    ("5", 10 / 3, "three times"),
    ("6", [0.5, 5.5, 3], "A tenth"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words
