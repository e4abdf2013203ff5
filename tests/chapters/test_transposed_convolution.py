"""What chapter 2 says without computing it: other seeds, the beliefs behind wrong options, the exercises' hints."""

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on
from torch import nn

from segviz import arithmetic, connectivity
from segviz.widgets import ConvolutionExplorer

(PATH,) = [path for path in CHAPTERS if path.stem == "transposed-convolution"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_other_weights_weave_another_tartan_that_repeats_every_8_pixels(chapter, seed):
    torch.manual_seed(seed)
    inside = decoded(chapter, 3, 2, 1, 1)
    torch.testing.assert_close(inside[8:, 8:], inside[:-8, :-8])
    assert inside.max() > 4 * inside.min()


def test_most_of_the_tartans_contrast_is_that_of_the_counts(chapter):
    torch.manual_seed(0)
    of_weights = torch.stack([log_contrast(decoded(chapter, 4, 2, 1)) for _ in range(20)])
    of_both = torch.stack([log_contrast(decoded(chapter, 3, 2, 1, 1)) for _ in range(20)])
    assert of_both.mean() > 2 * of_weights.mean()


def decoded(chapter, *settings):
    """What three random positive layers make of a constant, away from the border."""
    up = nn.Sequential(*[chapter.names["positive"](*settings) for _ in range(3)])
    return up(torch.ones(1, 1, 8, 8))[0, 0, 16:48, 16:48].detach()


def log_contrast(values):
    return (values.max() / values.min()).log()


def test_the_first_figure_shows_every_value(chapter):
    shown = chapter.names["decoder"](chapter.names["gray"])
    assert shown.min() >= 0 and shown.max() <= 1


def test_padding_cuts_five_of_the_corners_nine_in_the_figure_as_it_opens():
    figure = ConvolutionExplorer()
    up = nn.ConvTranspose2d(1, 1, figure.kernel_size, figure.stride, figure.padding, figure.output_padding)
    painted = connectivity(up, (figure.size, figure.size)).connected.sum(0).view(figure.size, figure.size)
    assert (painted[0, 0], painted[1, 1], painted[-1, -1]) == (4, 9, 9)


def test_at_stride_2_every_other_weight_feeds_an_output_only_at_an_odd_dilation():
    fed = {d: {sum((q - d * t) % 2 == 0 for t in range(4)) for q in range(2)} for d in (1, 2)}
    assert fed == {1: {2}, 2: {0, 4}}


def test_of_the_three_decoded_eyes_the_left_alone_is_clipped(chapter):
    left, *others = chapter.names["decoded"].values()
    assert left.max() > 1
    assert all(eye.min() >= 0 and eye.max() <= 1 for eye in others)


def test_positive_layers_keep_brightness_on_average(chapter):
    torch.manual_seed(0)
    output = chapter.names["positive"](3, 2, 1, 1)(torch.ones(1, 1, 16, 16)).detach()
    assert output[..., 8:-8, 8:-8].mean() == pytest.approx(1)


def test_three_of_four_multiplications_are_by_zero_after_stretching():
    stretched = torch.zeros(16, 16)
    stretched[::2, ::2] = 1
    assert (stretched == 0).float().mean() == 3 / 4


def test_align_corners_true_differs_more_far_from_the_middle(chapter):
    inside = chapter.names["on"].detach()[0, 0, 1:-1, 1:-1]
    near, half = inside[23:-23, 23:-23], inside[15:-15, 15:-15]
    assert near.mean() < half.mean() < inside.mean()
    assert near.mean() < inside.mean() / 2


# --- Each wrong option is what its reply says it is --------------------------------------------------------


SETTINGS = [(2, 1, 0), (2, 1, 1), (3, 1, 0), (3, 1, 1), (2, 2, 0)]


def listed(sizes):
    return ", ".join(map(str, sizes))


def test_the_wrong_sizes_come_of_the_beliefs_that_are_answered(chapter):
    reply = replies(chapter, "predict-five-sizes")
    convolved = [arithmetic.conv_size(3, k, stride=s, padding=p) for k, s, p in SETTINGS]
    padding_added = [s * 2 + k + 2 * p for k, s, p in SETTINGS]
    assert "sizes after a convolution" in reply[listed(convolved)]
    assert "wrong side of the account" in reply[listed(padding_added)]
    assert "stride alone" in reply[listed(3 * s for _, s, _ in SETTINGS)]


def test_the_fourth_layer_alone_keeps_3_both_ways(chapter):
    convolved = [arithmetic.conv_size(3, k, stride=s, padding=p) for k, s, p in SETTINGS]
    both = [there == back == 3 for there, back in zip(convolved, chapter.names["formula"], strict=True)]
    assert both == [False, False, False, True, False]


def test_20_is_the_size_before_the_padding_is_cut(chapter):
    assert arithmetic.conv_transpose_size(6, 5, stride=3) == 20
    assert "do cover 20 pixels" in replies(chapter, "predict-round-trip")["20"]


def test_the_place_before_the_added_one_holds_200(chapter):
    assert chapter.names["uncut"].tolist()[-2:] == [200, 300]


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given --------------------------------

LIKELY = [
    ("1", arithmetic.conv_transpose_size(7, 5, stride=3, padding=1, output_padding=2), "holes"),
    ("1", arithmetic.conv_transpose_size(7, 5, stride=3, padding=1, dilation=2), "Output padding"),
    ("2", [1, 1, 1], "6 → 12 → 24 → 48"),
    ("3", 5 // 2, "cuts too much"),
    ("4", [[2, 3, 0], [1, 2, 3], [0, 1, 2]], "That is C"),
    ("6", 1, "outputs of their own"),
    ("7", [1, 6, 2, 4], "3 × 3 alone"),
    ("8", [112, 16], "16 is what the product is"),
]


@pytest.mark.parametrize("number, answer, reason", LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


def test_scaling_the_whole_kernel_is_told_its_reason():
    verdict = verdict_on(PATH, "exercise-5", "mended = weights / weights.sum()")
    assert verdict.state == "wrong"
    assert "all four phases alike" in verdict.words


# --- What is said in passing ------------------------------------------------------------------------------


def test_a_chain_takes_no_output_size():
    with pytest.raises(TypeError, match="output_size"):
        nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2, 1))(torch.ones(1, 1, 3, 3), output_size=(6, 6))


def test_gradients_of_a_strided_convolution_are_woven_too():
    x = torch.ones(1, 1, 1, 13, requires_grad=True)
    nn.functional.conv2d(x, torch.ones(1, 1, 1, 3), stride=(1, 2)).sum().backward()
    assert x.grad[0, 0, 0, 2:-2].tolist() == [2, 1, 2, 1, 2, 1, 2, 1, 2]
