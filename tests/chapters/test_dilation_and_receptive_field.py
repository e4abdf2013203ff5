"""What chapter 6 says without computing it: other seeds, the beliefs behind wrong options, the exercises' hints."""

from itertools import permutations

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on

import segviz
from segviz.lessons.chains import chain, field_of, seen_by, weights_of
from segviz.plots.fields import central_square

(PATH,) = [path for path in CHAPTERS if path.stem == "dilation-and-receptive-field"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose ---------------------------------------------------------------------------------------------


def test_the_three_networks_differ_in_their_rates_alone(chapter):
    shapes = {
        tuple(tuple(weights.shape) for weights in chain(*rates).parameters())
        for rates in chapter.names["rates"].values()
    }
    assert len(shapes) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_other_starts_end_alike(chapter, seed):
    for rates, solves in (((1, 2, 2), True), ((2, 2, 2), False)):
        torch.manual_seed(seed)
        network = chapter.names["train"](torch.nn.Sequential(*chain(*rates), torch.nn.Conv2d(8, 2, 1)))
        matrix = segviz.metrics.confusion_matrix(network(chapter.names["x"]).argmax(1), chapter.names["y"], 2)
        assert (segviz.metrics.pixel_accuracy(matrix) > 0.99) == solves


def test_from_11_pixels_on_networks_without_holes_solve_the_task_and_those_with_even_rates_do_not(chapter):
    whole, even = chapter.names["families"].values()
    for field, solved in whole.values():
        assert solved < 0.52 if field < 11 else solved > (0.9 if field == 27 else 0.99)
    assert all(solved < 0.52 for _, solved in even.values())


def test_the_neighbor_of_a_unit_with_even_rates_sees_the_other_columns():
    layers = chain(2, 2, 2)
    here, beside = (segviz.support(layers, (1, 33), at=(0, column))[0] for column in (16, 17))
    assert not (here & beside).any()
    grids = [segviz.support(layers, (33, 33), at=at) for at in ((16, 16), (16, 17), (17, 16), (17, 17))]
    assert torch.stack(grids).sum(0).max() == 1


def test_the_front_end_leaves_a_grid_on_the_map_of_conv5_which_the_modules_rate_1_closes():
    rows = [(3, 2)] * 3 + [(7, 4)]
    front = [torch.nn.Conv2d(1, 1, k, padding=(k - 1) * d // 2, dilation=d) for k, d in rows]
    module = [torch.nn.Conv2d(1, 1, 3, padding=d, dilation=d) for d in (1, 1, 2, 4, 8, 16, 1)]
    alone = segviz.support(torch.nn.Sequential(*front), (65, 65), at=(32, 32))
    assert alone[::2, ::2].sum() == alone.sum() == 19**2
    assert segviz.support(torch.nn.Sequential(*front, *module), (165, 165), at=(82, 82)).sum() == 103**2


def test_the_order_of_the_layers_does_not_matter_to_the_support():
    for rates in ((1, 2, 5), (2, 3, 3), (1, 4, 6)):
        first, *others = (seen_by(*order) for order in permutations(rates))
        assert all(torch.equal(first, other) for other in others)


def test_one_path_leads_to_each_column_of_1_3_9_27():
    shares = weights_of(1, 3, 9, 27).sum(0)
    torch.testing.assert_close(shares, torch.full((81,), 1 / 81, dtype=shares.dtype))


def test_the_last_form_has_less_than_a_sixth_of_the_parameters(chapter):
    millions = chapter.names["millions"]
    assert millions == [134.3, 65.1, 65.1, 20.5]
    assert millions[-1] < millions[0] / 6


def test_the_strides_replaced_make_four_and_sixteen_times_the_places():
    stages = [segviz.receptive_field(network, layer=layer).stride[0] for network, layer in dilated_stages()]
    assert stages == [16, 8, 32, 8]


def dilated_stages():
    names = run(PATH).names
    return [(names[network], layer) for layer in ("layer3", "layer4") for network in ("strided", "dilated")]


def test_what_the_context_module_adds_is_felt():
    rates = (1, 1, 2, 4, 8, 16, 1)
    assert central_square(weights_of(*rates)) == 55 > 0.8 * field_of(*rates)
    assert central_square(weights_of(*[1] * 33)) == 19 and field_of(*[1] * 33) == field_of(*rates)


# --- Each wrong option is what its reply says it is --------------------------------------------------------


def test_the_farthest_network_sees_every_second_column(chapter):
    seen = seen_by(2, 4, 8)[field_of(2, 4, 8) // 2]
    assert seen.tolist() == [column % 2 == 0 for column in range(29)]
    assert "every second one" in replies(chapter, "predict-coins")["C alone: it sees by far the most"]


def test_seven_belongs_to_two_layers():
    assert field_of(1, 2) == 7 and bool(seen_by(1, 2).all())


def test_the_effective_square_fills_about_a_seventh(chapter):
    assert 1 / 8 < (chapter.names["side"] / 427) ** 2 < 1 / 6


def test_without_rates_the_field_would_shrink_to_235(chapter):
    with torch.device("meta"):
        network = segviz.create_model("fcn_resnet", output_stride=8).backbone
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            module.dilation, module.padding = (1, 1), (1, 1)
    assert segviz.receptive_field(network, layer="layer4").size == (235, 235)
    assert "235" in replies(chapter, "predict-dilated")["107: a quarter, as the output stride is a quarter"]


def test_the_other_views_are_what_their_options_say(chapter):
    cell = chapter.names["cell"]
    assert 1 + (7 - 1) * 4 * cell.stride == 193 and cell.size // 2 == 106
    assert 7 * 32 == 224 and 7 * cell.size == 1484
    assert "106" in replies(chapter, "predict-view")["193"]


def test_vgg16_sees_404_with_strides_and_without_holes():
    conv, pool = (3, 1, 1, 1), (2, 2, 0, 1)
    trunk = [conv, conv, pool] * 2 + [conv, conv, conv, pool] * 3
    assert segviz.arithmetic.receptive_field([*trunk, (7, 1, 0, 1)]).size == 404
    cells = segviz.arithmetic.receptive_field(trunk)
    assert (cells.size, cells.stride) == (212, 32)


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given --------------------------------

LIKELY = [
    ("1", 1 + 6 + 2 * 2 + 2 * 1 * 4, "rate 3"),
    ("1", 1 + 6 + 2 * 2 + 2 * 3 * 2, "steps"),
    ("2", [1, 2, 4], "doubling"),
    ("2", [1, 2, 7], "second"),
    ("3", [16, 32, 64], "what is new"),
    ("4", [2, 4, 4], "comes after"),
    ("5", 40, "box is twice as wide"),
    ("6", [5, 5], "Not all outputs"),
    ("7", [427, True], "still reads the map"),
    ("8", 0, "path need not be"),
]


@pytest.mark.parametrize("number, answer, reason", LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words
