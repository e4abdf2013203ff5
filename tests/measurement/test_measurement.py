"""What `connectivity` reads off an operation, against hand cases, loops, and the closed forms."""

import copy
import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import connectivity
from segviz.arithmetic import conv_size, conv_transpose_size, overlap_counts, pool_size, resize_positions
from segviz.measurement import MAX_ENTRIES, MAX_PIXELS

DRAWS = 400


def with_weight(layer, weight):
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(weight))
    return layer


# --- Tiny hand cases ----------------------------------------------------------------------------------


def test_a_2x2_convolution_of_a_3x3_map_has_four_rows_of_four_weights():
    op = with_weight(nn.Conv2d(1, 1, 2, bias=False), [[[[1.0, 2.0], [3.0, 4.0]]]])
    seen = connectivity(op, (3, 3))
    assert (seen.input_size, seen.output_size) == ((3, 3), (2, 2))
    assert seen.matrix.tolist() == [
        [1, 2, 0, 3, 4, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0, 0, 0],
        [0, 0, 0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 1, 2, 0, 3, 4],
    ]
    assert seen.inputs_of(0, 1) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert seen.outputs_of(0, 0) == [(0, 0)]
    assert seen.outputs_of(1, 1) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_dilation_leaves_holes_in_a_row():
    seen = connectivity(nn.Conv2d(1, 1, (1, 3), dilation=2), (1, 7))
    assert seen.inputs_of(0, 1) == [(0, 1), (0, 3), (0, 5)]


def test_max_unpooling_is_a_0_1_matrix_that_follows_the_input():
    image = torch.tensor([[[[1.0, 9.0, 2.0, 3.0], [4.0, 5.0, 8.0, 7.0]]]])
    _, indices = F.max_pool2d(image, 2, return_indices=True)
    seen = connectivity(lambda values: F.max_unpool2d(values, indices, 2), (1, 2))
    assert seen.matrix.T.tolist() == [[0, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 0]]
    assert seen.outputs_of(0, 0) == [(0, 1)]
    assert seen.inputs_of(0, 0) == []


def test_a_max_pool_sees_only_the_winner_of_each_window():
    image = torch.tensor([[[[1.0, 9.0, 2.0, 3.0], [4.0, 5.0, 8.0, 7.0]]]])
    seen = connectivity(nn.MaxPool2d(2), image)
    assert [seen.inputs_of(0, 0), seen.inputs_of(0, 1)] == [[(0, 1)], [(1, 2)]]


# --- Edges --------------------------------------------------------------------------------------------


def test_a_single_pixel_feeds_itself():
    assert connectivity(nn.Identity(), (1, 1)).inputs_of(0, 0) == [(0, 0)]


def test_a_constant_sees_nothing():
    seen = connectivity(lambda x: torch.ones(1, 1, 2, 2), (3, 3))
    assert not seen.connected.any() and not seen.matrix.any()


def test_an_output_that_is_only_partly_fed():
    seen = connectivity(lambda x: F.pad(x, (1, 0, 0, 0), value=7.0), (1, 2))
    assert [seen.inputs_of(0, col) for col in range(3)] == [[], [(0, 0)], [(0, 1)]]


def test_channels_that_cancel_in_the_sum_are_connected_all_the_same():
    difference = with_weight(nn.Conv2d(2, 1, 1, bias=False), [[[[1.0]], [[-1.0]]]])
    seen = connectivity(difference, (2, 2))
    assert not seen.matrix.any()
    assert torch.equal(seen.connected, torch.eye(4, dtype=torch.bool))
    softmax = connectivity(nn.Softmax2d(), torch.rand(1, 3, 2, 2))
    assert torch.equal(softmax.connected, torch.eye(4, dtype=torch.bool))


def test_a_weight_of_zero_and_a_relu_that_is_off_cut_the_connection():
    hollow = with_weight(nn.Conv2d(1, 1, (1, 3), bias=False), [[[[1.0, 0.0, 1.0]]]])
    assert connectivity(hollow, (1, 3)).inputs_of(0, 0) == [(0, 0), (0, 2)]
    image = torch.tensor([[[[1.0, -1.0]]]])
    assert connectivity(nn.ReLU(), image).connected.tolist() == [[True, False], [False, False]]


def test_groups_and_several_channels_are_summed():
    op = nn.Conv2d(4, 6, 3, groups=2, padding=1)
    nn.init.ones_(op.weight)
    seen = connectivity(op, (3, 3))
    assert seen.matrix[4].tolist() == [6 * 2] * 9


def test_in_place_operations_inside_a_module_do_no_harm():
    seen = connectivity(nn.Sequential(nn.ReLU(inplace=True), nn.Identity()), (2, 2))
    assert torch.equal(seen.matrix, torch.eye(4, dtype=torch.float64))


def test_it_works_where_gradients_are_off():
    with torch.no_grad():
        assert connectivity(nn.AvgPool2d(2), (2, 2)).matrix.tolist() == [[0.25] * 4]
    with torch.inference_mode():
        assert connectivity(nn.AvgPool2d(2), (2, 2)).matrix.tolist() == [[0.25] * 4]


def test_functions_with_float32_weights_are_measured_too():
    kernel = torch.ones(1, 1, 2, 2)
    assert connectivity(lambda x: F.conv2d(x, kernel), (2, 2)).matrix.tolist() == [[1.0] * 4]


def test_the_number_of_channels_is_that_of_the_first_layer_that_has_any():
    net = nn.Sequential(nn.ReLU(), nn.Conv2d(5, 2, 3), nn.ConvTranspose2d(2, 1, 2, stride=2))
    assert connectivity(net, (5, 5)).output_size == (6, 6)


def test_a_size_gives_every_max_pool_one_winner():
    seen = connectivity(nn.MaxPool2d(3, stride=1), (12, 12))
    assert (seen.connected.sum(1) == 1).all()


# --- The operation is left alone ----------------------------------------------------------------------


def test_parameters_gradients_buffers_mode_and_random_state_stay():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.ReLU(inplace=True)).train()
    net(torch.rand(2, 1, 5, 5)).sum().backward()
    before = copy.deepcopy(net.state_dict())
    gradients = [parameter.grad.clone() for parameter in net.parameters()]
    random_state = torch.get_rng_state()
    connectivity(net, (5, 5))
    connectivity(lambda x: F.dropout(x), (5, 5))
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(torch.equal(p.grad, old) for p, old in zip(net.parameters(), gradients, strict=True))
    assert all(p.dtype == torch.float32 and p.requires_grad for p in net.parameters())
    assert net.training and all(module.training for module in net.modules())


def test_the_example_stays():
    image = torch.rand(1, 1, 4, 4, requires_grad=True)
    before = image.detach().clone()
    connectivity(nn.ReLU(inplace=True), image)
    assert image.grad is None and torch.equal(image.detach(), before)


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", [3, None, "conv", torch.ones(2)])
def test_the_operation_must_be_callable(op):
    with pytest.raises(TypeError, match="op must be callable"):
        connectivity(op, (4, 4))


@pytest.mark.parametrize(
    ("op", "arrived"),
    [
        (lambda x: x[0], r"\(1, 4, 4\)"),
        (lambda x: x.flatten(), r"\(16,\)"),
        (lambda x: x.expand(2, 1, 4, 4), r"\(2, 1, 4, 4\)"),
        (lambda x: x[:, :, :0], r"\(1, 1, 0, 4\)"),
        (lambda x: ("a word", 3), "tuple"),
        (lambda x: None, "NoneType"),
        (lambda x: x.sum().item(), "float"),
        (nn.Flatten(), r"\(1, 16\)"),
    ],
)
def test_the_result_must_be_a_batch_of_one_map(op, arrived):
    with pytest.raises(ValueError, match=f"op must give .*{arrived}"):
        connectivity(op, (4, 4))


def test_an_operation_that_fails_is_quoted():
    with pytest.raises(ValueError, match=r"op must take an input of shape .*Kernel size can't be greater"):
        connectivity(nn.Conv2d(1, 1, 5), (3, 3))
    with pytest.raises(ValueError, match="expects other channels, give an input tensor"):
        connectivity(lambda x: F.conv2d(x, torch.ones(1, 3, 1, 1)), (3, 3))


@pytest.mark.parametrize("example", [4, None, "ab", (4,), (4, 4, 4), (4.0, 4), (True, 4), ("4", 4)])
def test_an_example_of_the_wrong_type(example):
    with pytest.raises(TypeError, match="example must be"):
        connectivity(nn.Identity(), example)


@pytest.mark.parametrize("example", [(0, 4), (4, -1)])
def test_an_example_size_starts_at_1(example):
    with pytest.raises(ValueError, match="example must be at least 1"):
        connectivity(nn.Identity(), example)


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4), (2, 1, 4, 4), (1, 0, 4, 4), (1, 1, 4, 0), (1, 1, 1, 4, 4)])
def test_an_example_tensor_of_the_wrong_shape(shape):
    with pytest.raises(ValueError, match=r"example must have the shape \(1, C, H, W\)"):
        connectivity(nn.Identity(), torch.ones(shape))


def test_an_example_must_be_finite():
    with pytest.raises(ValueError, match="example must be finite"):
        connectivity(nn.Identity(), torch.full((1, 1, 2, 2), float("nan")))


def test_a_max_pool_whose_window_is_all_padding_is_refused_not_differentiated():
    with pytest.raises(ValueError, match="op must give finite values, got -inf"):
        connectivity(nn.MaxPool2d(2, padding=1, dilation=2), (1, 1))


def test_a_size_too_large_to_measure_names_the_limit():
    with pytest.raises(ValueError, match=f"at most, got {10**9}×{10**9}") as caught:
        connectivity(nn.Conv2d(1, 1, 3), (10**9, 10**9))
    assert f"{MAX_PIXELS:,}" in str(caught.value)
    with pytest.raises(ValueError, match=f"{MAX_ENTRIES:,} entries at most") as caught:
        connectivity(nn.Conv2d(1, 1, 3), (80, 80))
    assert "input 80×80 and output 78×78" in str(caught.value)


def test_an_output_too_large_to_hold_is_refused_before_it_is_made():
    with pytest.raises(ValueError, match="output 1000000×1000000"):
        connectivity(nn.Upsample(size=(10**6, 10**6)), (4, 4))
    with pytest.raises(ValueError, match="output 1000000×1000000"):
        connectivity(lambda x: F.interpolate(x, size=(10**6, 10**6)), (4, 4))


@pytest.mark.parametrize(("row", "col", "name"), [(2, 0, "row"), (0, 2, "col"), (-1, 0, "row"), (0, -1, "col")])
def test_a_pixel_off_the_map_is_named(row, col, name):
    seen = connectivity(nn.Conv2d(1, 1, 2), (3, 3))
    with pytest.raises(ValueError, match=f"{name} must be"):
        seen.inputs_of(row, col)
    with pytest.raises(TypeError, match="row must be a whole number"):
        seen.outputs_of(0.5, 0)


# --- Properties ---------------------------------------------------------------------------------------


def drawn_convolution(rng):
    """Kernel, stride, padding, dilation by axis, each axis its own."""
    pair = lambda *values: (rng.choice(values), rng.choice(values))  # noqa: E731
    return {
        "kernel_size": pair(1, 2, 3, 4),
        "stride": pair(1, 2, 3),
        "padding": pair(0, 1, 2),
        "dilation": pair(1, 2, 3),
    }


def by_axis(settings):
    return [{name: value[axis] for name, value in settings.items()} for axis in (0, 1)]


def test_the_matrix_of_a_transposed_convolution_is_the_transpose():
    rng = random.Random(0)
    torch.manual_seed(0)
    for _ in range(DRAWS // 4):
        settings, size = drawn_convolution(rng), (rng.randint(3, 8), rng.randint(3, 8))
        channels, groups = rng.choice([(1, 1), (2, 1), (2, 2)])
        axes = by_axis(settings)
        try:
            small = tuple(conv_size(n, **axis) for n, axis in zip(size, axes, strict=True))
            back = [conv_transpose_size(n, **axis) for n, axis in zip(small, axes, strict=True)]
        except ValueError:
            continue
        forward = nn.Conv2d(channels, channels, groups=groups, bias=False, **settings)
        lost = tuple(n - m for n, m in zip(size, back, strict=True))
        backward = nn.ConvTranspose2d(channels, channels, groups=groups, bias=False, output_padding=lost, **settings)
        with_weight(backward, forward.weight.detach())
        there, again = connectivity(forward, size), connectivity(backward, small)
        assert torch.allclose(there.matrix.T, again.matrix, atol=1e-12), settings
        assert torch.equal(there.connected.T, again.connected), settings
        row, col = rng.randrange(small[0]), rng.randrange(small[1])
        assert there.inputs_of(row, col) == again.outputs_of(row, col)


def test_lists_of_inputs_and_outputs_are_sorted_and_say_the_same():
    seen = connectivity(nn.Conv2d(1, 1, 3, stride=2, padding=1), (5, 4))
    for row in range(seen.output_size[0]):
        for col in range(seen.output_size[1]):
            inputs = seen.inputs_of(row, col)
            assert inputs == sorted(inputs)
            assert all((row, col) in seen.outputs_of(*pixel) for pixel in inputs)


def test_unpooling_undoes_the_pooling_where_windows_do_not_overlap():
    torch.manual_seed(0)
    for size in [(4, 4), (6, 2), (4, 8)]:
        image = torch.rand(1, 1, *size)
        _, indices = F.max_pool2d(image, 2, return_indices=True)
        pool = connectivity(nn.MaxPool2d(2), image)
        small = (size[0] // 2, size[1] // 2)
        unpool = connectivity(lambda x, i=indices, n=size: F.max_unpool2d(x, i, 2, output_size=n), small)
        assert torch.equal(unpool.matrix, pool.matrix.T)
        assert set(unpool.matrix.unique().tolist()) == {0, 1}


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "nearest-exact", "area"])
def test_the_weights_of_a_resized_pixel_add_up_to_1(mode):
    for size, target in [((3, 4), (7, 5)), ((6, 5), (3, 2)), ((1, 4), (3, 1))]:
        seen = connectivity(nn.Upsample(size=target, mode=mode), size)
        assert torch.allclose(seen.matrix.sum(1), torch.ones(target[0] * target[1], dtype=torch.float64))


def test_output_rows_of_a_module_are_the_product_of_its_layers_matrices():
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 1, 3, dilation=2), nn.AvgPool2d(2), nn.ConvTranspose2d(1, 1, 3, stride=2)]
    size, product = (9, 11), None
    for layer in layers:
        seen = connectivity(layer, size)
        product = seen.matrix if product is None else seen.matrix @ product
        size = seen.output_size
    assert torch.allclose(connectivity(nn.Sequential(*layers), (9, 11)).matrix, product, atol=1e-12)


# --- Independent oracles ------------------------------------------------------------------------------


def convolution_by_loops(weight, size, output_size, *, kernel_size, stride, padding, dilation):
    """The dense matrix, one weight after another."""
    matrix = torch.zeros(output_size[0] * output_size[1], size[0] * size[1], dtype=torch.float64)
    for out_row in range(output_size[0]):
        for out_col in range(output_size[1]):
            for tap_row in range(kernel_size[0]):
                for tap_col in range(kernel_size[1]):
                    row = out_row * stride[0] - padding[0] + tap_row * dilation[0]
                    col = out_col * stride[1] - padding[1] + tap_col * dilation[1]
                    if 0 <= row < size[0] and 0 <= col < size[1]:
                        output, pixel = out_row * output_size[1] + out_col, row * size[1] + col
                        matrix[output, pixel] = weight[tap_row][tap_col]
    return matrix


def test_a_convolution_has_the_matrix_that_loops_build():
    rng = random.Random(1)
    torch.manual_seed(1)
    checked = 0
    while checked < DRAWS // 4:
        settings, size = drawn_convolution(rng), (rng.randint(2, 7), rng.randint(2, 7))
        try:
            output = tuple(conv_size(n, **axis) for n, axis in zip(size, by_axis(settings), strict=True))
        except ValueError:
            with pytest.raises(ValueError, match=r"op must (take|give)"):  # PyTorch 2.6 gives an empty map
                connectivity(nn.Conv2d(1, 1, **settings), size)
            continue
        op = nn.Conv2d(1, 1, **settings)
        seen = connectivity(op, size)
        loops = convolution_by_loops(op.weight[0, 0].double().tolist(), size, output, **settings)
        assert seen.output_size == output
        assert torch.equal(seen.matrix, loops), settings
        checked += 1


def test_every_drawn_size_is_the_formulas():
    rng = random.Random(2)
    for _ in range(DRAWS):
        axes = by_axis(settings := drawn_convolution(rng))
        size = (rng.randint(1, 5), rng.randint(1, 5))
        op, formula = rng.choice(
            [
                (nn.Conv2d(1, 1, **settings), conv_size),
                (nn.ConvTranspose2d(1, 1, **settings), conv_transpose_size),
                (nn.MaxPool2d(**settings, ceil_mode=True), lambda n, **a: pool_size(n, ceil_mode=True, **a)),
            ]
        )
        try:
            expected = tuple(formula(n, **axis) for n, axis in zip(size, axes, strict=True))
        except ValueError:
            with pytest.raises(ValueError, match="op must"):
                connectivity(op, size)
            continue
        if not op(torch.zeros(1, 1, *size)).isfinite().all():
            continue  # a window that is all padding
        assert connectivity(op, size).output_size == expected, settings


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
        nn.MaxPool2d((2, 3), dilation=2),
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        nn.AvgPool2d((1, 4), stride=3, ceil_mode=True),
        nn.LPPool2d(2, 3, stride=2),
        nn.AdaptiveAvgPool2d((3, 2)),
        nn.AdaptiveMaxPool2d((2, 3)),
        nn.AdaptiveAvgPool2d(1),
    ],
)
def test_a_pooled_pixel_sees_only_its_window(pool):
    image = torch.rand(1, 1, 7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.1
    seen = connectivity(pool, image)
    result = pool(image)
    for index in range(result[0, 0].numel()):
        feeding = seen.connected[index].view(7, 9)
        changed = torch.where(feeding, image, image * 0.5)  # smaller values elsewhere win no window
        assert torch.isclose(pool(changed).flatten()[index], result.flatten()[index])


def test_fractional_pooling_is_measured_with_its_samples_held():
    samples = torch.tensor([[[0.3, 0.7]]], dtype=torch.float64)
    seen = connectivity(lambda x: F.fractional_max_pool2d(x, 2, output_size=3, _random_samples=samples), (7, 7))
    assert (seen.connected.sum(1) == 1).all()


@pytest.mark.parametrize("align_corners", [True, False])
def test_a_resized_pixel_reads_at_the_position_of_the_formula(align_corners):
    rng = random.Random(3)
    for _ in range(DRAWS // 10):
        size = (rng.randint(1, 8), rng.randint(1, 8))
        target = (rng.randint(1, 9), rng.randint(1, 9))
        op = nn.Upsample(size=target, mode="bilinear", align_corners=align_corners)
        matrix = connectivity(op, size).matrix.view(*target, *size)
        centers = [
            torch.tensordot(matrix.sum(5 - 2 - axis), torch.arange(size[axis], dtype=torch.float64), 1)
            for axis in (0, 1)
        ]
        rows = resize_positions(size[0], target[0], align_corners=align_corners)
        cols = resize_positions(size[1], target[1], align_corners=align_corners)
        assert centers[0][:, 0].tolist() == pytest.approx(rows, abs=1e-9)
        assert centers[1][0].tolist() == pytest.approx(cols, abs=1e-9)


def test_a_transposed_convolution_overlaps_as_the_formula_counts():
    for kernel_size in range(1, 8):
        for stride in range(1, 5):
            op = nn.ConvTranspose2d(1, 1, (1, kernel_size), stride=(1, stride))
            seen = connectivity(op, (1, 12))
            start = 6 * stride
            counts = [len(seen.inputs_of(0, start + phase)) for phase in range(stride)]
            assert counts == overlap_counts(kernel_size, stride)


def test_three_stacked_kernels_of_3_with_stride_2_overlap_1_to_5_times_with_period_8():
    layers = [nn.ConvTranspose2d(1, 1, (1, 3), stride=(1, 2), bias=False) for _ in range(3)]
    for layer in layers:
        nn.init.ones_(layer.weight)
    paths = connectivity(nn.Sequential(*layers), (1, 9)).matrix.sum(1).int().tolist()
    interior = paths[24:48]
    assert interior[:8] == interior[8:16] == interior[16:]
    assert (min(interior), max(interior)) == (1, 5)


def test_uneven_weights_make_uneven_phases_even_where_the_counts_are_even():
    torch.manual_seed(0)
    op = with_weight(nn.ConvTranspose2d(1, 1, (1, 4), stride=(1, 2), bias=False), torch.rand(1, 1, 1, 4))
    seen = connectivity(op, (1, 8))
    assert overlap_counts(4, 2) == [2, 2]
    even, odd = seen.matrix.sum(1)[6:8].tolist()
    assert abs(even - odd) > 0.1


def test_a_bilinear_kernel_is_half_pixel_resizing_in_the_interior_only():
    tent = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    op = with_weight(nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1, bias=False), tent.outer(tent)[None, None])
    deconvolved = connectivity(op, (6, 6)).matrix.view(12, 12, 36)
    resized = {
        flag: connectivity(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=flag), (6, 6)).matrix.view(
            12, 12, 36
        )
        for flag in (False, True)
    }
    inner = slice(1, -1)
    assert torch.allclose(deconvolved[inner, inner], resized[False][inner, inner])
    assert not torch.allclose(deconvolved[0], resized[False][0])
    assert not torch.allclose(deconvolved[inner, inner], resized[True][inner, inner])
