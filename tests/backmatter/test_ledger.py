"""The ledger: verdicts are computed, differences explained, and values come out the same in another way."""

import itertools
import re
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from segviz import arithmetic
from segviz.backmatter import ledger

ROOT = Path(__file__).parents[2]
ROWS = ledger.rows()
PAGE = (ROOT / "book" / "ledger.md").read_text()
KEYS = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book" / "references.bib").read_text(), flags=re.M))


def row(**fields):
    return ledger.Row(
        **{"id": "x", "section": "aspp", "claim": "", "source": "", "printed": "", "computed": "", **fields}
    )


def computed(identity):
    return next(ledger.computed(each) for each in ROWS if each.id == identity)


def test_a_row_agrees_where_the_two_are_the_same_text():
    assert ledger.agrees(row(printed="4", computed="2 + 2"))
    assert not ledger.agrees(row(printed="5", computed="2 + 2"))


def test_the_numbers_of_an_explanation_are_computed_and_formulas_left_alone():
    explained = row(why="{four} is $2^{2}$, an {term}`area`.", values={"four": "2 + 2"})
    assert ledger.explanation(explained) == "4 is $2^{2}$, an {term}`area`."


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.id)
def test_every_row_is_computed_and_a_difference_explained(each):
    assert ledger.computed(each)
    assert each.claim and each.source and each.printed
    assert ledger.agrees(each) or each.why
    assert set(each.values) == {name for name in each.values if f"{{{name}}}" in each.why}
    assert set(re.findall(r"\{cite:\w+\}`(\w+)`", each.source)) <= KEYS


def test_ids_are_distinct_and_every_section_is_on_the_page():
    assert len({each.id for each in ROWS}) == len(ROWS)
    assert (
        re.findall(r"```\{ledger\} (\w+)", PAGE)
        == list(ledger.sections())
        == list(dict.fromkeys(each.section for each in ROWS))
    )
    assert all(f"## {heading}" in PAGE for heading in ledger.sections().values())


def test_the_disagreements_are_these():
    assert [each.id for each in ROWS if not ledger.agrees(each)] == [
        "round-trip",
        "output-padding",
        "even-overlap-is-enough",
        "onnx-single-pixel",
        "unet-multiples",
        "unpooling-learns",
        "deconvnet-size",
        "fcdensenet56",
        "fcdensenet103",
        "torchvision-operations",
        "distill-resnets",
        "deeplabv1-fields",
        "doubling-rates",
        "rate-two",
        "half-the-map",
        "three-curves",
        "torchvision-rates",
    ]


# --- The same values, computed in another way -----------------------------------------------------

VGG16 = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]


def vgg16_weights():
    """Weights and biases of VGG16's thirteen convolutions, by hand."""
    total, before = 0, 3
    for channels, depth in VGG16:
        for _ in range(depth):
            total, before = total + 9 * before * channels + channels, channels
    return total


def vgg16_chain(*behind, strides=(2, 2, 2, 2, 2), pool=(2, 0, 1)):
    kernel, padding, rate = pool
    chain = []
    for (_, depth), stride in zip(VGG16, strides, strict=True):
        chain += [(3, 1, 1, 1)] * depth + [(kernel, stride, padding, rate)]
    return arithmetic.receptive_field([*chain, *behind]).size


def test_parameters_of_fcn_by_hand():
    fc6, fc7, score = 49 * 512 * 4096 + 4096, 4096 * 4096 + 4096, 21 * 4096 + 21
    assert ledger.fcn_without_upsampling() == vgg16_weights() + fc6 + fc7 + score
    assert computed("fcn-vgg16") == "134M"


def test_parameters_of_deeplab_v1_by_hand():
    by_hand = []
    for k, _, channels in ledger.FC6:
        fc6, fc7, score = k * k * 512 * channels + channels, channels**2 + channels, 21 * channels + 21
        by_hand.append(f"{(vgg16_weights() + fc6 + fc7 + score) / 1e6:.1f}M")
    assert computed("deeplabv1-parameters") == ", ".join(by_hand)


def test_torchvisions_own_counts_are_the_printed_ones():
    weights = torchvision.models.segmentation
    published = [weights.DeepLabV3_ResNet50_Weights.DEFAULT, weights.DeepLabV3_ResNet101_Weights.DEFAULT]
    printed = next(each.printed for each in ROWS if each.id == "torchvision-parameters")
    assert printed == ", ".join(str(each.meta["num_params"]) for each in published)
    operations = next(each for each in ROWS if each.id == "torchvision-operations")
    assert (
        operations.printed
        == f"{published[0].meta['_ops']:.1f}"
        == ledger.explanation(operations).split()[-1].rstrip(".")
    )


def test_fields_by_formula():
    assert computed("fcn-vgg16-field") == str(vgg16_chain((7, 1, 0, 1)))
    assert computed("distill-plain").endswith(str(vgg16_chain()))
    alexnet = [(11, 4, 2, 1), (3, 2, 0, 1), (5, 1, 2, 1), (3, 2, 0, 1), *[(3, 1, 1, 1)] * 3, (3, 2, 0, 1)]
    assert computed("distill-plain").startswith(str(arithmetic.receptive_field(alexnet).size))
    assert computed("fcn-alexnet-field") == str(arithmetic.receptive_field([*alexnet, (6, 1, 0, 1)]).size)


def test_fields_of_deeplab_v1_by_formula():
    chain = []
    for (_, depth), stride, rate in zip(VGG16, (2, 2, 2, 1, 1), (1, 1, 1, 1, 2), strict=True):
        chain += [(3, 1, rate, rate)] * depth + [(3, stride, 1, 1)]
    chain += [(3, 1, 1, 1)]
    by_formula = [arithmetic.receptive_field([*chain, (k, 1, 0, rate)]).size for k, rate, _ in ledger.FC6]
    assert computed("deeplabv1-fields") == ", ".join(map(str, by_formula))


def test_fields_of_dilated_chains_by_formula():
    def cells(*rates):
        return arithmetic.receptive_field([(3, 1, rate, rate) for rate in rates]).size

    rates = (1, 1, 2, 4, 8, 16, 1)
    by_formula = [cells(*rates[: n + 1]) for n in range(7)]
    assert computed("context-module") == ", ".join(map(str, [*by_formula, by_formula[-1]]))
    assert computed("doubling-rates") == str(cells(1, 2, 4, 8, 16))
    assert computed("rate-two") == str(cells(2))


@pytest.mark.parametrize(("rate", "row_id"), [(64, "degenerates"), (33, "half-the-map")])
def test_valid_weights_by_the_real_convolution(rate, row_id):
    kernel, ones = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 65, 65)
    counts = torch.conv2d(ones, kernel, padding=rate, dilation=rate)
    assert computed(row_id) == f"{counts.mode(dim=-1).values.mode().values.item():.0f}"


def test_output_padding_by_the_formulas_rule():
    def legal(extra):
        try:
            return bool(arithmetic.conv_transpose_size(3, 3, stride=2, dilation=3, output_padding=extra))
        except ValueError:
            return False

    assert computed("output-padding") == str(max(extra for extra in range(9) if legal(extra)))


def test_round_trip_by_formula():
    small = arithmetic.conv_size(18, 5, stride=3, padding=2)
    assert computed("round-trip") == str(arithmetic.conv_transpose_size(small, 5, stride=3, padding=2))


def test_even_counts_by_formula():
    for kernel_size in range(1, 9):
        for stride in range(1, kernel_size + 1):
            even = len(set(arithmetic.overlap_counts(kernel_size, stride))) == 1
            assert ledger.counts_are_even(kernel_size, stride) == even


def test_the_moved_stride_is_what_the_table_of_resnets_has():
    moved = ledger.with_stride_first("resnet50")
    assert ledger.seen(moved, "layer4") == 483
    assert isinstance(moved, nn.Module)
    assert all(parameter.is_meta for parameter in moved.parameters())


def test_what_alexnet_saves_as_a_convolution_by_formula():
    layers = [(3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1)]
    layers += [(256, 4096, 6, 1, 0), (4096, 4096, 1, 1, 0), (4096, 1000, 1, 1, 0)]

    def multiply_adds(side):
        total = 0
        for number, (before, after, kernel, stride, padding) in enumerate(layers):
            side = arithmetic.conv_size(side, kernel, stride=stride, padding=padding)
            total += side**2 * before * after * kernel**2
            side = arithmetic.pool_size(side, 3, stride=2) if number in (0, 1, 4) else side
        return total

    assert ledger.saved_by_convolving(500) == pytest.approx(81 * multiply_adds(224) / multiply_adds(500))
    assert computed("sliding-alexnet") == "more than 5"


# --- Dense CRF --------------------------------------------------------------------------------------


def test_pairs_are_what_counting_gives():
    pixels = [(row, column) for row in range(3) for column in range(4)]
    assert ledger.pairs_of_pixels(4, 3) == len(list(itertools.combinations(pixels, 2)))
