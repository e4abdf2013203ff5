"""What chapter 4 says without computing it: beliefs behind wrong options, hints, sentences on trained networks."""

import math

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on
from torch.nn import functional as F

from segviz.data import Scenes
from segviz.lessons import decoding
from segviz.plots.decoders import painted

(PATH,) = [path for path in CHAPTERS if path.stem == "unpooling-versus-deconvolution"]
PAIRS = ((0, 1), (2, 3))  # rows or columns of the windows of a 5 × 5 map


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose: switches and sizes -------------------------------------------------------------------------------


def test_unpooled_and_pooled_again_is_what_it_was_for_any_picture():
    torch.manual_seed(0)
    values, indices = F.max_pool2d(torch.rand(1, 2, 6, 8), 2, return_indices=True)
    assert torch.equal(F.max_pool2d(F.max_unpool2d(values, indices, 2), 2), values)


def test_where_windows_overlap_the_transpose_would_add_and_the_unpooling_writes_one():
    nine = torch.tensor([[[0.0, 0, 9, 0, 0]]])
    twice, places = F.max_pool1d(nine, 3, 2, return_indices=True)
    assert twice.flatten().tolist() == [9, 9] and places.flatten().tolist() == [2, 2]
    assert F.max_unpool1d(twice, places, 3, 2).flatten().tolist() == [0, 0, 9, 0, 0]


def test_three_in_eight_maps_of_5_by_5_hold_no_place_beyond_the_smaller_map():
    last = [max(row * 5 + column for row in rows for column in columns) for rows in PAIRS for columns in PAIRS]
    assert last == [6, 8, 16, 18]  # 4 × 4 has the places 0 to 15, so two windows may hold one beyond
    inside = [sum(row * 5 + column < 16 for row in (2, 3) for column in columns) / 4 for columns in PAIRS]
    assert math.prod(inside) == 3 / 8


@pytest.mark.parametrize(("guess", "step"), [(4, 1), (6, -1)])
def test_a_row_is_shifted_by_its_number_in_a_map_one_narrower_or_wider(guess, step):
    for row in range(4):
        for column in range(5):
            place = row * 5 + column
            assert place == row * guess + (column + step * row)


def test_a_deconvolution_at_stride_1_is_a_convolution_with_its_kernel_turned_and_its_channels_exchanged():
    torch.manual_seed(0)
    layer, z = torch.nn.ConvTranspose2d(3, 5, 3, padding=1), torch.rand(1, 3, 14, 14)
    turned = layer.weight.flip(2, 3).transpose(0, 1)
    torch.testing.assert_close(layer(z), F.conv2d(z, turned, layer.bias, padding=1), atol=1e-6, rtol=0)


def test_the_output_size_must_be_within_one_stride_of_the_guess():
    values, places = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2, dtype=torch.long)
    for size in (3, 5):
        assert F.max_unpool2d(values, places, 2, output_size=(size, size)).shape[-1] == size
    for size in (2, 6):
        with pytest.raises(ValueError, match="must be between 2 and 6"):
            F.max_unpool2d(values, places, 2, output_size=(size, size))


def test_a_later_unpooling_refuses_switches_of_another_size():
    deep = torch.rand(1, 1, 46, 60)
    _, indices = F.max_pool2d(torch.rand(1, 1, 90, 120), 2, return_indices=True)
    with pytest.raises(RuntimeError, match="shape"):
        F.max_unpool2d(deep, indices, 2)


# --- Prose: trained networks -----------------------------------------------------------------------------------


def test_the_bottleneck_is_5_by_5_and_fc6_3_by_3(chapter):
    net = chapter.names["net"]
    assert net.fc6[0].kernel_size == (3, 3)
    with torch.no_grad():
        assert net.fc6(net.backbone(chapter.names["images"][:1])[0]).shape[-2:] == (5, 5)


def test_after_the_relu_about_half_is_zero(chapter):
    assert all(0.4 < share < 0.55 for share in chapter.names["zeros"]["deconvolved"])


@pytest.mark.parametrize("seed", [1, 2])
def test_switches_of_empty_windows_are_worth_more_than_all_others_however_they_are_drawn(chapter, seed):
    torch.manual_seed(seed)
    net, images, own = (chapter.names[name] for name in ("net", "images", "own"))
    empty, full = (decoding.scrambled(net, images, empty=which).argmax(1) for which in (True, False))
    assert (empty == own).sum() < (full == own).sum()


def test_some_sixty_switches_for_each_number_of_the_deepest_map_and_a_quarter_of_the_windows_are_empty(chapter):
    net, x, empty = chapter.names["net"], chapter.names["images"], []
    deep, switches = net.backbone(x[:1])
    some_sixty = sum(places.numel() for places, _ in switches) / deep.numel()
    assert deep.shape[-2:] == (7, 7) and some_sixty == pytest.approx(60, abs=8)
    assert 3.5 < 2 * some_sixty / 32 < 4  # times the bits of the map's own numbers
    for stage in net.backbone.children():
        x, _ = stage(x)
        empty.append((x == 0).flatten())
    assert torch.cat(empty).double().mean() == pytest.approx(0.25, abs=0.05)


def test_segnet_finds_more_of_the_poles_of_street_b_than_the_others_together(chapter):
    said, pole = chapter.names["said"], painted(torch.tensor([[Scenes.classes.index("pole")]]))
    poles = {name: (said[name] == pole).all(0) for name in ("the truth", *chapter.names["four"])}
    found = {name: (poles[name] & poles["the truth"]).sum().item() for name in chapter.names["four"]}
    assert found["segnet"] > found["fcn32s"] + found["fcn8s"] + found["deconvnet"] > 0


def test_b_decides_more_than_a_and_a_still_asks_for_its_bus(chapter):
    names = chapter.names
    assert names["with_b"][0] > names["with_a"][0] + 0.1
    assert names["with_b"][1] > 0.85
    assert names["with_a"][1] < names["with_b"][2] + 0.05  # no more than another street's painting
    a, b = names["a"], names["b"]
    bus, car = 10, 9
    painted = {n: names[n] for n in ("own", "mixed")}
    assert 4.5 < (painted["mixed"][a] == bus).sum() / (painted["own"][b] == bus).sum() < 5.5
    assert (painted["own"][a] == car).sum() < 0.02 * (painted["mixed"][a] == car).sum()


def test_the_layers_of_the_bottleneck_hold_nine_tenths_and_do_a_twentieth(chapter):
    names = chapter.names
    left = names["size"]["deconvnet"] - names["bottleneck"]
    assert names["bottleneck"] / names["size"]["deconvnet"] == pytest.approx(0.9, abs=0.03)
    assert left == pytest.approx(names["size"]["segnet"], rel=0.001)
    assert names["work"][1] / names["work"][0] == pytest.approx(0.95, abs=0.01)


# --- Each wrong option is what its reply says it is ----------------------------------------------------------------


def test_the_ways_to_a_maximum_multiply(chapter):
    reply = replies(chapter, "predict-how-many")
    assert "114,489,375" in reply["more than a hundred million"]
    assert 175 * 15 * 65 * 671 == 114_489_375
    assert 4**4 == 256 and 10**12 == 1_000_000_000_000


def test_the_places_of_the_maxima_are_at_most_8_of_the_27_bits_that_are_lost(chapter):
    windows, bits = chapter.names["windows"], 0.0
    for largest in (3, 1, 2, 5):
        counts = windows[windows.amax(1) == largest].argmax(1).bincount().double()
        bits -= (counts / counts.sum() * (counts / counts.sum()).log2()).sum().item()
    assert 7 < bits < 8 < 26.5 < math.log2(114_489_375) < 27


def test_the_spread_values_follow_the_class_nearly_as_the_deconvolved_ones(chapter):
    told = chapter.names["told"]
    assert [round(told[name][3], 1) for name in ("unpooled", "spread", "deconvolved")] == [0.1, 0.6, 0.7]


def test_the_replies_on_odd_sizes_give_the_share_that_raised(chapter):
    assert chapter.names["share"] == 5
    assert all("in 5 of 8 maps" in reply for reply in replies(chapter, "predict-odd").values())


def test_the_replies_on_swapped_switches_say_how_much_two_streets_agree_anyway(chapter):
    anyway = f"{chapter.names['with_b'][2]:.0%}"
    assert all(f"any two streets agree in {anyway}" in reply for reply in replies(chapter, "predict-swap").values())


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given -----------------------------------

LIKELY = [
    ("1", [[4, 4, 6, 6], [4, 4, 6, 6]], "repeats"),
    ("2", [[0.25, 0.25, 0, 0] * 2, [0, 0, 0.25, 0.25] * 2], "takes the mean"),
    ("2", [[1, 1, 0, 0] * 2, [0, 0, 1, 1] * 2], "Only one"),
    ("4", [0.5, 0.5, 0], "place 4"),
    ("4", [0, 0.75, 0.25], "row 0"),
    ("5", [-2, 3], "largest"),
    ("6", [256 * 224 * 224, 4 * 64 * 112 * 112, 16 * 112 * 112], "64 bits"),
    ("7", [224, 223], "round up"),
    ("7", [226, 223], "Which way"),
    ("9", '"others"', "all true places"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


def test_kernels_the_other_way_around_are_told_so():
    verdict = verdict_on(PATH, "exercise-8", "corner, repeated = [[1, 1], [1, 1]], [[1, 0], [0, 0]]")
    assert verdict.state == "wrong"
    assert "other way around" in verdict.words
