"""What chapter 4 says without computing it: beliefs behind wrong options, hints, sentences on trained networks."""

import pytest
import torch
from notebooks import CHAPTERS, run, verdict_on
from torch.nn import functional as F

from segviz import decoding

(PATH,) = [path for path in CHAPTERS if path.stem == "unpooling-versus-deconvolution"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


def replies(chapter, cell):
    """An option's text → the reply to it."""
    return {option["text"]: option["reply"] for option in chapter.values[cell].options}


# --- Prose: switches and sizes -------------------------------------------------------------------------------


def test_unpooled_and_pooled_again_is_what_it_was_for_any_picture():
    torch.manual_seed(0)
    values, indices = F.max_pool2d(torch.rand(1, 2, 6, 8), 2, return_indices=True)
    assert torch.equal(F.max_pool2d(F.max_unpool2d(values, indices, 2), 2), values)


@pytest.mark.parametrize("seed", range(3))
def test_three_quarters_of_a_pools_matrix_move_by_chance(seed):
    torch.manual_seed(seed)
    one, another = torch.rand(2, 1, 1, 32, 32)
    assert decoding.moved(torch.nn.MaxPool2d(2), one, another) == pytest.approx(0.75, abs=0.1)


@pytest.mark.parametrize(("guess", "step"), [(4, 1), (6, -1)])
def test_a_row_is_shifted_by_its_number_in_a_map_one_narrower_or_wider(guess, step):
    for row in range(4):
        for column in range(5):
            place = row * 5 + column
            assert place == row * guess + (column + step * row)


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


def test_the_waist_is_5_by_5_and_fc6_3_by_3(chapter):
    net = chapter.names["net"]
    assert net.fc6[0].kernel_size == (3, 3)
    with torch.no_grad():
        assert net.fc6(net.backbone(chapter.names["images"][:1])[0]).shape[-2:] == (5, 5)


def test_after_the_relu_about_half_is_zero_and_the_class_tells_most_near_the_end(chapter):
    zeros, told = chapter.names["zeros"]["deconvolved"], chapter.names["told"]["deconvolved"]
    assert all(0.3 < share < 0.6 for share in zeros)
    assert told[-1] > 0.6
    assert told[0] < told[2] < told[-1]
    assert max(chapter.names["told"]["unpooled"]) < 0.2


def test_about_a_third_of_the_windows_are_empty(chapter):
    x, empty, count = chapter.names["images"], 0, 0
    with torch.no_grad():
        for stage in chapter.names["net"].backbone:
            x, _ = stage(x)
            empty, count = empty + (x == 0).sum().item(), count + x.numel()
    assert 0.15 < empty / count < 0.45


def test_b_decides_more_than_a_and_a_still_asks_for_its_bus(chapter):
    names = chapter.names
    assert names["with_b"][0] > names["with_a"][0] + 0.1
    assert names["with_b"][1] > 0.85
    assert names["with_a"][1] < names["with_b"][2] + 0.05  # no more than another street's painting
    a, b = names["a"], names["b"]
    bus, car = 10, 9
    painted = {n: names[n] for n in ("own", "mixed")}
    assert (painted["mixed"][a] == bus).sum() > 2 * (painted["own"][b] == bus).sum()
    assert (painted["own"][a] == car).sum() < 0.02 * (painted["mixed"][a] == car).sum()


def test_the_layers_around_the_waist_hold_nine_tenths_and_do_a_twentieth(chapter):
    names = chapter.names
    left = names["size"]["deconvnet"] - names["waist"]
    assert names["waist"] / names["size"]["deconvnet"] == pytest.approx(0.9, abs=0.03)
    assert left == pytest.approx(names["size"]["segnet"], rel=0.001)
    assert names["work"][1] / names["work"][0] == pytest.approx(0.95, abs=0.01)


# --- Each wrong option is what its reply says it is ----------------------------------------------------------------


def test_the_ways_to_a_maximum_multiply(chapter):
    reply = replies(chapter, "predict-how-many")
    assert "114,489,375" in reply["more than a hundred million"]
    assert 175 * 15 * 65 * 671 == 114_489_375
    assert 4**4 == 256 and 10**12 == 1_000_000_000_000


def test_the_replies_on_odd_sizes_give_the_share_that_raised(chapter):
    percent = f"{chapter.names['share']:.0%}"
    assert all(percent in reply for reply in replies(chapter, "predict-odd").values())


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given -----------------------------------

LIKELY = [
    ("1", [[4, 4, 6, 6], [4, 4, 6, 6]], "repeats"),
    ("2", [[0.25, 0.25, 0, 0] * 2, [0, 0, 0.25, 0.25] * 2], "takes the mean"),
    ("2", [[1, 1, 0, 0] * 2, [0, 0, 1, 1] * 2], "Only one"),
    ("4", [0.5, 0.5, 0], "place 4"),
    ("4", [0, 0.75, 0.25], "row 0"),
    ("5", [-2, 3], "largest"),
    ("6", [4 * 64 * 112 * 112, 16 * 112 * 112], "64 bits"),
    ("7", [224, 223], "round up"),
    ("7", [226, 223], "Which way"),
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
