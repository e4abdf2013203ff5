"""The closed forms against hand cases, bad input, and the real PyTorch operations."""

import random
import subprocess
import sys
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz import arithmetic
from segviz.arithmetic import (
    conv_preimage,
    conv_size,
    conv_transpose_size,
    output_padding_for,
    overlap_counts,
    pool_size,
    receptive_field,
    resize_positions,
    valid_weights,
)

DRAWS = 3000


# --- The fifteen relationships of Dumoulin and Visin --------------------------------------------------

SIZES, KERNELS, STRIDES, PADDINGS = range(5, 12), range(1, 6), range(1, 5), range(3)


def test_relationship_1_unit_stride_without_padding():
    assert all(conv_size(i, k) == i - k + 1 for i, k in product(SIZES, KERNELS))


def test_relationship_2_unit_stride_with_padding():
    assert all(conv_size(i, k, padding=p) == i - k + 2 * p + 1 for i, k, p in product(SIZES, KERNELS, PADDINGS))


def test_relationship_3_half_padding_keeps_the_size():
    assert all(conv_size(i, k, padding=k // 2) == i for i, k in product(SIZES, (1, 3, 5)))


def test_relationship_4_full_padding_grows_by_the_kernel_less_one():
    assert all(conv_size(i, k, padding=k - 1) == i + k - 1 for i, k in product(SIZES, KERNELS))


def test_relationship_5_strides_without_padding():
    assert all(conv_size(i, k, stride=s) == (i - k) // s + 1 for i, k, s in product(SIZES, KERNELS, STRIDES))


def test_relationship_6_strides_with_padding():
    assert all(
        conv_size(i, k, stride=s, padding=p) == (i + 2 * p - k) // s + 1
        for i, k, s, p in product(SIZES, KERNELS, STRIDES, PADDINGS)
    )


def test_relationship_7_pooling_is_as_5():
    assert all(pool_size(i, k, stride=s) == (i - k) // s + 1 for i, k, s in product(SIZES, KERNELS, STRIDES))


def test_relationship_8_transposed_without_padding():
    assert all(conv_transpose_size(i, k) == i + k - 1 for i, k in product(SIZES, KERNELS))


def test_relationship_9_transposed_with_padding():
    assert all(
        conv_transpose_size(i, k, padding=p) == i + k - 1 - 2 * p for i, k, p in product(SIZES, KERNELS, PADDINGS)
    )


def test_relationship_10_transposed_of_half_padding_keeps_the_size():
    assert all(conv_transpose_size(i, k, padding=k // 2) == i for i, k in product(SIZES, (1, 3, 5)))


def test_relationship_11_transposed_of_full_padding_shrinks_by_the_kernel_less_one():
    assert all(conv_transpose_size(i, k, padding=k - 1) == i - (k - 1) for i, k in product(SIZES, KERNELS))


def test_relationship_12_transposed_of_strides_without_padding():
    assert all(conv_transpose_size(i, k, stride=s) == s * (i - 1) + k for i, k, s in product(SIZES, KERNELS, STRIDES))


def test_relationship_13_transposed_of_strides_with_padding():
    assert all(
        conv_transpose_size(i, k, stride=s, padding=p) == s * (i - 1) + k - 2 * p
        for i, k, s, p in product(SIZES, KERNELS, STRIDES, PADDINGS)
    )


def test_relationship_14_the_lost_remainder_restores_the_input_size():
    for i, k, s, p in product(SIZES, KERNELS, STRIDES, PADDINGS):
        lost = (i + 2 * p - k) % s
        smaller = conv_size(i, k, stride=s, padding=p)
        restored = conv_transpose_size(smaller, k, stride=s, padding=p, output_padding=lost)
        assert restored == s * (smaller - 1) + lost + k - 2 * p == i


def test_relationship_15_dilation_spreads_the_kernel():
    for i, k, s, p, d in product(SIZES, KERNELS, STRIDES, PADDINGS, (1, 2)):
        if (room := i + 2 * p - k - (k - 1) * (d - 1)) >= 0:
            assert conv_size(i, k, stride=s, padding=p, dilation=d) == room // s + 1


# --- Published numbers --------------------------------------------------------------------------------


def test_the_five_cases_everyone_meets_first():
    cases = [(2, 1, 0), (2, 1, 1), (3, 1, 0), (3, 1, 1), (2, 2, 0)]
    assert [conv_transpose_size(3, k, stride=s, padding=p) for k, s, p in cases] == [4, 2, 5, 3, 6]


def test_the_same_hyperparameters_need_not_restore_the_shape():
    assert [conv_size(i, 5, stride=3, padding=2) for i in (15, 16, 17, 18, 19)] == [5, 6, 6, 6, 7]
    assert conv_preimage(6, 5, stride=3, padding=2) == range(16, 19)
    assert conv_transpose_size(6, 5, stride=3, padding=2) == 16


def test_even_factors_upsample_exactly():
    assert [conv_transpose_size(7, 2 * f, stride=f, padding=f // 2) for f in (2, 8, 32)] == [14, 56, 224]


def test_a_1x1_kernel_padded_by_its_rate_grows_the_map():
    assert conv_size(28, 1, padding=1, dilation=1) == 30


def test_513_and_321_are_the_sizes_that_strides_of_16_and_8_keep_exact():
    shrink_16 = [(7, 2, 3), (3, 2, 1), (3, 2, 1), (3, 2, 1)]
    for size, layers, expected in ((513, shrink_16, 33), (321, shrink_16[:3], 41)):
        for k, s, p in layers:
            size = conv_size(size, k, stride=s, padding=p)
        assert size == expected


def test_overlap_of_kernel_3_stride_2_is_2_to_1():
    assert overlap_counts(3, 2) == [2, 1]
    assert max(overlap_counts(3, 2)) ** 2 // min(overlap_counts(3, 2)) ** 2 == 4


def test_overlap_is_even_exactly_when_the_stride_divides_the_kernel():
    for k, s in product(range(1, 20), range(1, 10)):
        counts = overlap_counts(k, s)
        assert counts == [-(-(k - i) // s) for i in range(s)]
        assert sum(counts) == k
        assert (len(set(counts)) == 1) == (k % s == 0)


FIGURE_4 = {  # rate: mean share of valid weights, shares of 9, 6, 4, 2 and 1, on 65×65
    6: (0.881, 0.665, 0.301, 0.034, 0, 0),
    12: (0.769, 0.398, 0.466, 0.136, 0, 0),
    18: (0.665, 0.199, 0.494, 0.307, 0, 0),
    24: (0.568, 0.068, 0.386, 0.545, 0, 0),
    36: (0.398, 0, 0, 0.796, 0.192, 0.012),
    64: (0.118, 0, 0, 0.001, 0.060, 0.939),
    65: (0.111, 0, 0, 0, 0, 1),
    99: (0.111, 0, 0, 0, 0, 1),
}


@pytest.mark.parametrize("rate", FIGURE_4)
def test_valid_weights_of_deeplab_v3_figure_4(rate):
    shares = valid_weights(65, rate)
    mean = sum(count * share for count, share in shares.items()) / 9
    computed = (mean, *(shares[count] for count in (9, 6, 4, 2, 1)))
    assert computed == pytest.approx(FIGURE_4[rate], abs=5.1e-4)


def test_mean_share_and_all_nine_share_have_the_closed_forms():
    for (h, w), r in product([(65, 65), (33, 21), (7, 40)], range(1, 70)):
        shares = valid_weights((h, w), r)
        mean = sum(count * share for count, share in shares.items()) / 9
        rows, columns = (n + 2 * max(0, n - r) for n in (h, w))
        assert mean == pytest.approx(rows * columns / (9 * h * w))
        assert shares[9] == pytest.approx(max(0, h - 2 * r) * max(0, w - 2 * r) / (h * w))


def test_at_rates_of_32_and_33_four_weights_survive_nearly_everywhere():
    assert all(valid_weights(65, rate)[4] > 0.93 for rate in (32, 33))


def test_the_papers_own_maps_lose_their_large_rates():
    assert [round(valid_weights(33, rate)[9], 3) for rate in (6, 12, 18)] == [0.405, 0.074, 0]
    assert valid_weights(21, 12)[9] == 0
    assert valid_weights(21, 18)[1] == pytest.approx(0.51, abs=0.01)
    assert valid_weights(28, 36) == {1: 1.0}


# --- Edges --------------------------------------------------------------------------------------------


def test_ceil_mode_drops_a_window_that_starts_in_the_right_padding():
    assert pool_size(4, 2, stride=2, padding=1, ceil_mode=True) == 3
    assert pool_size(3, 1, stride=3, ceil_mode=True) == 1
    assert pool_size(321, 3, stride=2, padding=1, ceil_mode=True) == 161


def test_ceil_mode_pools_a_map_smaller_than_the_window():
    assert pool_size(1, 2, ceil_mode=True) == 1


def test_a_preimage_may_be_empty():
    assert list(conv_preimage(1, 1, padding=2)) == []


def test_resizing_to_one_pixel_and_from_one_pixel():
    assert resize_positions(5, 1, align_corners=True) == [0.0]
    assert resize_positions(5, 1, align_corners=False) == [2.0]
    assert resize_positions(1, 3, align_corners=True) == resize_positions(1, 3, align_corners=False) == [0] * 3


def test_65_to_513_with_aligned_corners_has_a_pitch_of_an_eighth():
    positions = resize_positions(65, 513, align_corners=True)
    assert positions == [q / 8 for q in range(513)]
    assert resize_positions(64, 512, align_corners=True)[1] == pytest.approx(0.12329, abs=1e-5)


def test_from_64_to_512_the_two_conventions_differ_most_next_to_the_border():
    aligned, centered = (resize_positions(64, 512, align_corners=flag) for flag in (True, False))
    distances = [abs(here - there) for here, there in zip(aligned, centered, strict=True)]
    assert distances[4] == pytest.approx(max(distances))
    assert max(distances) == pytest.approx(0.4307, abs=1e-4)
    # Before False's first position is held at 0, it lies half a pitch less half a pixel outside.
    assert abs(0.5 * 64 / 512 - 0.5) == 0.4375
    assert distances[255] < 0.01


def test_an_empty_stack_sees_its_own_pixel():
    assert receptive_field([]) == arithmetic.ReceptiveField(size=1, stride=1, padding=0)


def test_numpy_integers_count_as_whole_numbers_and_do_not_wrap():
    assert conv_size(np.uint8(3), np.uint8(5), padding=1) == 1
    assert conv_transpose_size(np.int8(100), 4, stride=4) == 400


def test_huge_sizes_are_exact():
    assert conv_size(10**30, 3, stride=2, padding=1) == 5 * 10**29
    assert valid_weights(10**12, 1)[9] == pytest.approx(1)


def test_stacks_of_layers_have_their_published_receptive_fields():
    vgg16 = [layer for convs in (2, 2, 3, 3, 3) for layer in [(3, 1, 1, 1)] * convs + [(2, 2, 0, 1)]]
    pool5 = receptive_field(vgg16)
    assert (pool5.size, pool5.stride, pool5.padding) == (212, 32, 90)
    assert receptive_field([*vgg16, (7, 1, 0, 1)]).size == 404
    context = [(3, 1, d, d) for d in (1, 1, 2, 4, 8, 16, 1)] + [(1, 1, 0, 1)]
    assert [receptive_field(context[: n + 1]).size for n in range(8)] == [3, 5, 9, 17, 33, 65, 67, 67]
    assert receptive_field([(3, 1, 2, 2)]).size == 5
    assert receptive_field([(3, 1, d, d) for d in (1, 2, 4, 8, 16)]).size == 63


# --- Bad input ----------------------------------------------------------------------------------------

CALLS = {
    "conv_size": (conv_size, {"size": 8, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}),
    "conv_transpose_size": (
        conv_transpose_size,
        {"size": 8, "kernel_size": 3, "stride": 2, "padding": 0, "output_padding": 0, "dilation": 1},
    ),
    "pool_size": (pool_size, {"size": 8, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}),
    "conv_preimage": (conv_preimage, {"size": 8, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}),
    "output_padding_for": (
        output_padding_for,
        {"size": 8, "target": 17, "kernel_size": 3, "stride": 2, "padding": 0, "dilation": 1},
    ),
    "overlap_counts": (overlap_counts, {"kernel_size": 3, "stride": 2}),
    "resize_positions": (resize_positions, {"size": 8, "output_size": 3}),
    "valid_weights": (valid_weights, {"size": 8, "dilation": 2, "kernel_size": 3}),
}
PARAMETERS = [(call, name) for call, (_, good) in CALLS.items() for name in good]


def call_with(call, name, value):
    function, good = CALLS[call]
    extra = {"align_corners": True} if function is resize_positions else {}
    return function(**{**good, name: value}, **extra)


@pytest.mark.parametrize(("call", "name"), PARAMETERS)
def test_negative_and_zero_values_are_named(call, name):
    for value in (-1, -(10**9)) if name.endswith("padding") else (0, -1):
        with pytest.raises(ValueError, match=rf"{name} must be at least \d, got {value}"):
            call_with(call, name, value)


@pytest.mark.parametrize(("call", "name"), PARAMETERS)
@pytest.mark.parametrize("value", [1.5, 2.0, True, "3", None, float("nan"), float("inf"), [3]])
def test_anything_but_a_whole_number_is_a_type_error(call, name, value):
    if value is None and call == "pool_size" and name == "stride":
        return
    with pytest.raises(TypeError, match=f"{name} must be a whole number"):
        call_with(call, name, value)


def test_a_kernel_larger_than_the_padded_input_says_what_padding_would_do():
    with pytest.raises(ValueError, match=r"kernel_size.*5 with dilation 2 spans 9.*size 4.*a padding of 3"):
        conv_size(4, 5, dilation=2)
    assert conv_size(4, 5, dilation=2, padding=3) == 2
    with pytest.raises(ValueError, match="kernel_size must fit"):
        pool_size(4, 5)


def test_output_padding_must_be_smaller_than_the_stride_or_the_dilation():
    assert conv_transpose_size(3, 3, stride=2, dilation=3, output_padding=2) == 13
    with pytest.raises(ValueError, match=r"output_padding must be smaller .* got output_padding 3"):
        conv_transpose_size(3, 3, stride=2, dilation=3, output_padding=3)


def test_padding_that_crops_everything_away_is_refused():
    with pytest.raises(ValueError, match="padding must leave at least 1 pixel"):
        conv_transpose_size(1, 2, padding=1)


def test_an_unreachable_target_lists_what_can_be_reached():
    with pytest.raises(ValueError, match="reaches 16 to 18; got target 19"):
        output_padding_for(6, 19, 5, stride=3, padding=2)
    with pytest.raises(ValueError, match="no size at all"):
        output_padding_for(1, 1, 1, padding=3)


def test_pool_padding_is_at_most_half_the_kernel():
    with pytest.raises(ValueError, match="padding must be at most half of kernel_size, got 2"):
        pool_size(9, 3, padding=2)


def test_even_kernels_have_no_center():
    with pytest.raises(ValueError, match="kernel_size must be odd"):
        valid_weights(9, 1, kernel_size=4)


def test_endless_answers_are_refused():
    with pytest.raises(ValueError, match=r"stride 10000000000 is too large.*1,000,000"):
        overlap_counts(3, 10**10)
    with pytest.raises(ValueError, match="output_size 10000000000 is too large"):
        resize_positions(3, 10**10, align_corners=True)
    with pytest.raises(ValueError, match="kernel_size 1000000001 is too large"):
        valid_weights(10**9, 1, kernel_size=10**9 + 1)


@pytest.mark.parametrize("size", [(8,), (8, 8, 8), [8.5, 3]])
def test_a_map_is_one_size_or_two(size):
    with pytest.raises(TypeError, match="size must be a whole number"):
        valid_weights(size, 1)


def test_flags_must_be_flags():
    with pytest.raises(TypeError, match="align_corners"):
        resize_positions(3, 5, align_corners=1)
    with pytest.raises(TypeError, match="ceil_mode"):
        pool_size(3, 2, ceil_mode=None)


@pytest.mark.parametrize("layers", [[(3, 1, 1)], [3], ["abcd"]])
def test_layers_are_tuples_of_four(layers):
    with pytest.raises(TypeError, match="layers must be tuples"):
        receptive_field(layers)


def test_a_bad_layer_names_its_bad_number():
    with pytest.raises(ValueError, match="dilation must be at least 1, got 0"):
        receptive_field([(3, 1, 1, 0)])


# --- Properties ---------------------------------------------------------------------------------------


def draws(seed, **ranges):
    """Seeded random settings, one dict each."""
    rng = random.Random(seed)
    return [{name: rng.choice(values) for name, values in ranges.items()} for _ in range(DRAWS)]


def test_the_preimage_is_every_size_that_maps_there_and_no_other():
    for s in draws(
        1, size=range(1, 9), kernel_size=range(1, 6), stride=range(1, 5), padding=range(4), dilation=(1, 2, 3)
    ):
        size = s.pop("size")
        reaching = [i for i in range(1, 60) if size_or_none(conv_size, i, **s) == size]
        assert list(conv_preimage(size, **s)) == reaching


def test_output_padding_for_reaches_every_reachable_target():
    for s in draws(
        2, size=range(1, 9), kernel_size=range(1, 6), stride=range(1, 5), padding=range(4), dilation=(1, 2, 3)
    ):
        for extra in range(max(s["stride"], s["dilation"])):
            target = size_or_none(conv_transpose_size, **s, output_padding=extra)
            if target is not None:
                assert output_padding_for(target=target, **s) == extra


def test_every_size_of_a_preimage_is_restored_by_some_output_padding():
    for k, s, p, i in product(range(1, 6), range(1, 5), range(3), range(5, 20)):
        extra = output_padding_for(conv_size(i, k, stride=s, padding=p), i, k, stride=s, padding=p)
        assert 0 <= extra < s


def test_a_receptive_field_inverts_to_the_size_that_gives_one_output():
    for layers in ([(3, 2, 0, 1), (3, 1, 0, 2)], [(5, 3, 0, 1), (2, 2, 0, 1), (3, 1, 0, 4)]):
        size = 1
        for k, s, p, d in reversed(layers):
            size = conv_preimage(size, k, stride=s, padding=p, dilation=d).start
        assert size == receptive_field(layers).size


def size_or_none(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except ValueError:
        return None


# --- Independent oracle: the real operation -----------------------------------------------------------


def height_or_none(function):
    """The height of what torch gives, or None where torch refuses."""
    try:
        height = function().shape[2]
    except RuntimeError:
        return None
    return height or None  # on the meta device torch lets an empty output pass


def column(size):
    return torch.empty(1, 1, size, 1, device="meta")


def test_conv_size_is_torchs_or_refuses_with_torch():
    for s in draws(
        3,
        size=range(1, 30),
        kernel_size=range(1, 8),
        stride=range(1, 6),
        padding=range(5),
        dilation=range(1, 5),
    ):
        real = height_or_none(
            lambda s=s: F.conv2d(
                column(s["size"]),
                column(s["kernel_size"]),
                stride=(s["stride"], 1),
                padding=(s["padding"], 0),
                dilation=(s["dilation"], 1),
            )
        )
        assert size_or_none(conv_size, **s) == real, s


def test_conv_transpose_size_is_torchs_or_refuses_with_torch():
    for s in draws(
        4,
        size=range(1, 12),
        kernel_size=range(1, 7),
        stride=range(1, 6),
        padding=range(5),
        output_padding=range(5),
        dilation=range(1, 5),
    ):
        real = height_or_none(
            lambda s=s: F.conv_transpose2d(
                torch.zeros(1, 1, s["size"], 1),  # the meta device does not check output_padding
                torch.zeros(1, 1, s["kernel_size"], 1),
                stride=(s["stride"], 1),
                padding=(s["padding"], 0),
                output_padding=(s["output_padding"], 0),
                dilation=(s["dilation"], 1),
            )
        )
        assert size_or_none(conv_transpose_size, **s) == real, s


def test_pool_size_is_torchs_or_refuses_with_torch():
    for s in draws(
        5,
        size=range(1, 20),
        kernel_size=range(1, 7),
        stride=(None, *range(1, 7)),
        padding=range(4),
        dilation=range(1, 4),
        ceil_mode=(False, True),
    ):
        real = height_or_none(
            lambda s=s: F.max_pool2d(
                column(s["size"]),
                (s["kernel_size"], 1),
                (s["stride"] or s["kernel_size"], 1),
                (s["padding"], 0),
                (s["dilation"], 1),
                s["ceil_mode"],
            )
        )
        assert size_or_none(pool_size, **s) == real, s


def test_pool_size_is_that_of_average_pooling_too():
    for s in draws(
        6,
        size=range(1, 20),
        kernel_size=range(1, 7),
        stride=range(1, 7),
        padding=range(4),
        ceil_mode=(False, True),
    ):
        real = height_or_none(
            lambda s=s: F.avg_pool2d(
                column(s["size"]), (s["kernel_size"], 1), (s["stride"], 1), (s["padding"], 0), s["ceil_mode"]
            )
        )
        assert size_or_none(pool_size, **s) == real, s


@pytest.mark.parametrize("align_corners", [True, False])
def test_resize_positions_are_where_interpolate_reads_a_ramp(align_corners):
    for size, output_size in product(range(1, 25), range(1, 40)):
        ramp = torch.arange(size, dtype=torch.float64).view(1, 1, size, 1)
        read = F.interpolate(ramp, size=(output_size, 1), mode="bilinear", align_corners=align_corners)
        positions = resize_positions(size, output_size, align_corners=align_corners)
        assert positions == pytest.approx(read.flatten().tolist(), abs=1e-9)


def test_overlap_counts_are_what_a_transposed_convolution_of_ones_adds_up():
    for k, s in product(range(1, 12), range(1, 8)):
        ones = F.conv_transpose1d(torch.ones(1, 1, 40), torch.ones(1, 1, k), stride=s).flatten()
        interior = -(-20 * s // s) * s
        assert ones[interior : interior + s].tolist() == overlap_counts(k, s)


def test_valid_weights_are_what_a_dilated_convolution_of_ones_counts():
    rng = random.Random(7)
    for _ in range(300):
        h, w, r, k = rng.randint(1, 20), rng.randint(1, 20), rng.randint(1, 12), rng.choice((1, 3, 5, 7))
        kernel = torch.ones(1, 1, k, k)
        counts = F.conv2d(torch.ones(1, 1, h, w), kernel, padding=r * (k // 2), dilation=r)
        tally = Counter(counts.flatten().int().tolist())
        shares = valid_weights((h, w), r, kernel_size=k)
        assert shares == {count: number / (h * w) for count, number in tally.items()}
        assert sum(shares.values()) == pytest.approx(1)
        assert list(shares) == sorted(shares, reverse=True)


def test_importing_the_formulas_loads_no_torch():
    code = "import sys, segviz.arithmetic; assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
