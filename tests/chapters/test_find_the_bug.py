"""What chapter 11 says without computing it: the beliefs behind wrong options, the exercises' hints, its asides."""

from collections import Counter

import pytest
import torch
import torchvision
from notebooks import CHAPTERS, replies, run, verdict_on

import segviz
from segviz import arithmetic
from segviz.lessons.mistakes import PAIRS, teaching
from segviz.lessons.mistakes.parts import resize

(PATH,) = [path for path in CHAPTERS if path.stem == "find-the-bug"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose ---------------------------------------------------------------------------------------------


def test_the_rule_is_right_where_the_stride_is_in_the_1x1():
    """As DeepLab v2's ResNet has it: dilating the first block's 3 × 3, too, keeps the field."""

    def field(output_stride):
        dilate = [False, output_stride < 16, output_stride < 32]
        with torch.device("meta"):
            net = torchvision.models.resnet50(replace_stride_with_dilation=dilate)
        for stage in (net.layer2, net.layer3, net.layer4):
            first = stage[0]
            first.conv1.stride, first.conv2.stride = first.conv2.stride, (1, 1)
            first.conv2.dilation = first.conv2.padding = stage[1].conv2.dilation
        return segviz.receptive_field(net, layer="layer4").size[0]

    assert [field(stride) for stride in (32, 16, 8)] == [483, 483, 483]


def test_most_tensors_of_a_resnet_are_listed_three_times_some_four_and_those_outside_blocks_once():
    with torch.device("meta"):
        net = torchvision.models.resnet101()
    parts = [net.conv1, net.bn1, net.layer1, net.layer2, net.layer3, net.layer4]
    listed = [id(p) for part in parts for p in teaching.parameters_by_walking(part)]
    often = Counter(Counter(listed).values())
    assert set(often) == {1, 3, 4}
    assert often[3] > often[4] > often[1] == 3


def test_a_padded_mean_is_a_tent_strong_in_the_middle():
    pooled = PAIRS["padded pointwise"][0]().head.pooled[0]
    torch.nn.init.ones_(pooled.weight)
    with torch.no_grad():
        tent = resize(pooled(torch.ones(1, 8, 1, 1)), torch.zeros(1, 1, 33, 33))[0, 0]
    assert tent[16, 16] == tent.max() > 2 * tent[8, 8]
    assert tent[0, 0] == 0


def test_at_512_the_largest_of_the_mended_rates_has_more_than_one_weight_nearly_everywhere():
    assert arithmetic.valid_weights(512 // 16, 18)[1] < 0.05


def test_an_fcn_with_the_margin_is_harmless_where_it_has_one_map(chapter):
    first, last = chapter.names["first"][1], chapter.names["last"][1]
    assert first - 15.5 == -3 and last - (499 - 15.5) == 9  # a cell of 32 pixels has its middle at 15.5
    scale = (last - first) / (15 * 500 / 16)
    assert scale == pytest.approx(1.02, abs=0.005)


def test_half_pixels_behind_a_skip_escape_the_audit():
    class Skipped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fine, self.deep = torch.nn.Conv2d(3, 2, 3, padding=1), torch.nn.Conv2d(2, 2, 3, padding=1)
            self.up = torch.nn.ConvTranspose2d(2, 2, 3, 2, 1, 1)

        def forward(self, x):
            fine = self.fine(x)
            return fine + self.up(self.deep(torch.max_pool2d(fine, 2).relu()))

    assert segviz.audit(Skipped(), (32, 32), sizes=[]).kinds == {"uneven-overlap"}


def test_both_states_load_strictly_into_either_network():
    wrong, mended = (network(2) for network in PAIRS["strided block dilated"])
    assert mended.load_state_dict(wrong.state_dict(), strict=True)


# --- Each wrong option is what its reply says it is ----------------------------------------------------------


def test_16_more_each_time_is_not_what_is_measured(chapter):
    reply = replies(chapter, "predict-fields")
    assert "427, 459, 475" in reply
    assert 427 + 2 * 16 == 459 and 427 + 2 * 8 + 2 * 2 * 8 == 475


def test_the_replies_to_ten_times_give_what_moved(chapter):
    reply = replies(chapter, "predict-ten-times-asked")
    assert sum("3.33" in words for words in reply.values()) == 3


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given ------------------------------

LIKELY = [
    ("1", 1.5, "which map"),
    ("1", 7, "Half a pixel each"),
    ("2", 4, "behind pools"),
    ("3", 971, "mended one"),
    ("3", 1003, "output stride 16"),
    ("5", [231, 1], "other way around"),
    ("6", 661_269, "the three have"),
    ("6", 48_384, "biases"),
    ("7", [0.5, 0.5], "no probability"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


def test_1003_is_the_ports_field_at_output_stride_16(chapter):
    with torch.device("meta"):
        assert chapter.names["field"](16, name="resnet101") == 1003
