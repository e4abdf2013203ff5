"""Receptive fields of whole networks against published numbers and brute-force gradients."""

import copy
import math
import random
import time

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from segviz import arithmetic, connectivity, effective_receptive_field, receptive_field, support
from segviz.fields import MAX_PIXELS
from tests.fields.drawn import Function


def conv(kernel_size=3, **settings):
    return nn.Conv2d(1, 1, kernel_size, **settings)


def sizes(model, layers):
    return [receptive_field(model, layer=layer).size[0] for layer in layers]


# --- Tiny hand cases ----------------------------------------------------------------------------------


def test_two_3x3_convolutions_see_5x5():
    field = receptive_field(nn.Sequential(conv(), conv()))
    assert (field.size, field.stride, field.padding) == ((5, 5), (1, 1), (0, 0))


def test_a_dilated_convolution_sees_pixels_with_holes():
    seen = support(conv((1, 3), dilation=2), (1, 7), at=(0, 1))
    assert seen.tolist() == [[False, True, False, True, False, True, False]]


def test_each_axis_has_its_own_field():
    field = receptive_field(conv((1, 5), stride=(2, 1), padding=(0, 2)))
    assert (field.size, field.stride, field.padding) == ((1, 5), (2, 1), (0, 2))


def test_after_a_transposed_convolution_columns_see_3_or_5_in_turn():
    net = nn.Sequential(conv(3, stride=2), nn.ConvTranspose2d(1, 1, 3, stride=2))
    field = receptive_field(net)
    assert field.size == (5, 5) and field.stride == (1, 1)
    assert sorted(field.phases[1]) == [3, 5]
    widths = [support(net, (15, 15), at=(6, col)).any(0).sum().item() for col in range(4, 10)]
    assert sorted(set(widths)) == [3, 5] and widths[::2] == [widths[0]] * 3


def test_the_energy_of_two_box_kernels_is_a_triangle():
    net = nn.Sequential(conv((1, 3)), conv((1, 3)))
    for layer in net:
        nn.init.ones_(layer.weight)
    shares = effective_receptive_field(net, (1, 5))[0]
    assert shares.tolist() == pytest.approx([1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9])


# --- Published numbers (torchvision's networks) ----------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("resnet50", 427), ("resnet101", 971), ("resnet152", 1451)])
def test_torchvisions_resnets(name, size):
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    field = receptive_field(model, layer="layer4")
    assert (field.size, field.stride) == ((size, size), (32, 32))


def test_dilating_a_resnet_changes_its_stride_and_not_its_field():
    dilated = torchvision.models.resnet50(replace_stride_with_dilation=[False, True, True])
    field = receptive_field(dilated, layer="layer4")
    assert (field.size, field.stride) == ((427, 427), (8, 8))


def with_stride_at_the_end_of_each_stage(model):
    """The slim networks of the Distill table: a stage's last block has the stride, on its 3×3."""
    model.layer4[0].conv2.stride = model.layer4[0].downsample[0].stride = (1, 1)
    for layer in (model.layer3, model.layer2):
        layer[0].conv2.stride = layer[0].downsample[0].stride = (1, 1)
    for layer in (model.layer1, model.layer2, model.layer3):
        layer[-1].conv2.stride = (2, 2)
        layer[-1].downsample = nn.MaxPool2d(1, stride=2)
    return model


@pytest.mark.parametrize(("name", "size"), [("resnet50", 483), ("resnet101", 1027), ("resnet152", 1507)])
def test_the_distill_tables_resnets_stride_at_the_end_of_each_stage(name, size):
    with torch.device("meta"):
        model = with_stride_at_the_end_of_each_stage(getattr(torchvision.models, name)())
    field = receptive_field(model, layer="layer4")
    assert (field.size, field.stride) == ((size, size), (32, 32))


def test_vgg16_sees_212_and_with_fc6_404():
    with torch.device("meta"):
        features = torchvision.models.vgg16().features
    field = receptive_field(features)
    assert (field.size, field.stride, field.padding) == ((212, 212), (32, 32), (90, 90))
    assert receptive_field(nn.Sequential(features, nn.Conv2d(512, 4, 7))).size == (404, 404)


def test_alexnet_sees_195_and_with_fc6_355():
    with torch.device("meta"):
        features = torchvision.models.alexnet().features
    assert receptive_field(features).size == (195, 195)
    assert receptive_field(nn.Sequential(features, nn.Conv2d(256, 4, 6))).size == (355, 355)


def test_mobilenet_v1_of_the_distill_table_sees_315():
    strides = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    assert receptive_field(nn.Sequential(*(conv(3, stride=s, padding=1) for s in strides))).size == (315, 315)


@pytest.mark.parametrize(
    ("kernel_size", "rate", "printed", "true"),
    [(7, 4, 224, 404), (4, 4, 128, 308), (4, 8, 224, 404), (3, 12, 224, 404)],
)
def test_deeplab_v1_prints_a_smaller_field_of_view_than_fc6_has(kernel_size, rate, printed, true):
    # Subsampling is skipped after the last two pools, whose 2×2 windows are then spread with the rate.
    layers = []
    for convs, pool_rate, stride in ((2, 1, 2), (2, 1, 2), (3, 1, 2), (3, 1, 1), (3, 2, 1)):
        conv_rate = pool_rate
        layers += [conv(3, dilation=conv_rate, padding=conv_rate) for _ in range(convs)]
        layers += [nn.MaxPool2d(2, stride=stride, dilation=pool_rate)]
    net = nn.Sequential(*layers, conv(kernel_size, dilation=rate))
    assert receptive_field(net).size == (true, true)
    assert 32 * (rate * (kernel_size - 1) // 4 + 1) == printed


def test_the_context_module_grows_to_67():
    net = nn.Sequential(*(conv(3, dilation=d, padding=d) for d in (1, 1, 2, 4, 8, 16, 1)), conv(1))
    assert sizes(net, [str(n) for n in range(8)]) == [3, 5, 9, 17, 33, 65, 67, 67]


def test_the_branches_of_deeplab_v3_see_427_619_811_1003_and_everything():
    model = torchvision.models.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None)
    branches = sizes(model, [f"classifier.0.convs.{n}" for n in range(5)])
    assert branches == [427, 619, 811, 1003, math.inf]
    assert receptive_field(model).size == (math.inf, math.inf)
    assert receptive_field(model, layer="backbone.layer4").stride == (8, 8)


def test_one_3x3_at_rate_2_covers_5x5_and_rates_to_16_cover_63():
    assert receptive_field(conv(3, dilation=2)).size == (5, 5)
    assert receptive_field(nn.Sequential(*(conv(3, dilation=d) for d in (1, 2, 4, 8, 16)))).size == (63, 63)


@pytest.mark.parametrize(
    ("rates", "size", "covered"), [((2, 2, 2), 13, 0.29), ((1, 2, 5), 17, 1.0), ((2, 4, 8), 29, 0.27)]
)
def test_gridding_leaves_part_of_the_box_uncovered(rates, size, covered):
    net = nn.Sequential(*(conv(3, dilation=rate) for rate in rates))
    assert receptive_field(net).size == (size, size)
    assert support(net, (size, size)).float().mean().item() == pytest.approx(covered, abs=0.005)


# --- Edges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "net",
    [
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveMaxPool2d((7, 7)),
        Function(lambda x: x.mean((2, 3))),
        Function(lambda x: x.mean([2, 3], keepdim=True)),
        Function(lambda x: x.max(3, keepdim=True).values.max(2, keepdim=True)[0]),
        Function(lambda x: x / x.var((2, 3), False, True)),
        Function(lambda x: x / x.norm(2, (2, 3), True)),
        Function(lambda x: (x.flatten(1) + 1).mean(1).view(1, 1, 1, 1) + torch.zeros_like(x)),
        Function(lambda x: x * torch.sigmoid(F.adaptive_avg_pool2d(x, 1))),
        Function(lambda x: torch.cat([x, F.interpolate(x.mean((2, 3), True), x.shape[-2:])], 1)),
        nn.Sequential(conv(), nn.InstanceNorm2d(1)),
        nn.Sequential(conv(), nn.GroupNorm(1, 1)),
    ],
)
def test_what_looks_at_the_whole_map_sees_everything(net):
    assert receptive_field(net).size == (math.inf, math.inf)
    assert support(net, (9, 8), at=(0, 0)).all() or isinstance(net, nn.AdaptiveMaxPool2d)


def test_a_pool_over_rows_alone_sees_whole_columns():
    field = receptive_field(nn.AdaptiveAvgPool2d((1, None)))
    assert field.size == (math.inf, 1)


def test_a_classifier_sees_everything():
    with torch.device("meta"):
        model = torchvision.models.vgg11()
    assert receptive_field(model, size=(224, 224)).size == (math.inf, math.inf)


def test_a_pixel_outside_a_small_kernels_stride_sees_nothing():
    net = nn.ConvTranspose2d(1, 1, 1, stride=2)
    assert support(net, (4, 4), at=(2, 2)).sum() == 1
    assert not support(net, (4, 4), at=(1, 2)).any()
    assert sorted(receptive_field(net).phases[0]) == [0, 1]
    with pytest.raises(ValueError, match="sees no input pixel"):
        effective_receptive_field(net, (4, 4), at=(1, 2))


def test_stride_and_padding_of_upsampling_and_cropping():
    up = receptive_field(nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1))
    assert (up.size, up.stride) == ((2, 2), (0.5, 0.5))
    crop = receptive_field(Function(lambda x: x[:, :, 3:-3, 3:-3]))
    assert (crop.size, crop.padding) == ((1, 1), (-3, -3))


def test_zero_kernels_count_as_even_in_the_effective_field():
    score = conv(3)
    nn.init.zeros_(score.weight)
    assert effective_receptive_field(score, (3, 3)).flatten().tolist() == pytest.approx([1 / 9] * 9)


def test_unpooling_may_come_from_any_place_of_its_window():
    pool, unpool = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
    net = Function(lambda x, pool, unpool: unpool(*pool(x), output_size=x.shape[-2:]), pool, unpool)
    assert support(net, (5, 6), at=(2, 3)).nonzero().tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]
    assert receptive_field(net).size == (2, 2)


def test_the_layer_asked_for_may_give_several_tensors():
    assert receptive_field(nn.MaxPool2d(3, return_indices=True)).size == (3, 3)
    assert receptive_field(Function(lambda x: {"aux": x, "out": F.avg_pool2d(x, 2)})).size == (2, 2)


def test_a_larger_field_than_the_nominal_map_is_measured_on_a_larger_one():
    wide = nn.Sequential(*(conv(3, dilation=2**n, padding=2**n) for n in range(14)))
    assert receptive_field(wide).size == (2**15 - 1,) * 2
    with pytest.raises(ValueError, match="reaches the border of a map of 32×32 pixels"):
        receptive_field(wide, size=(32, 32))


def test_a_resize_back_from_a_rounded_up_size_has_the_stride_of_an_endless_map():
    net = Function(lambda x: F.interpolate(F.max_pool2d(x, 3, 8, 1, ceil_mode=True), x.shape[-2:], mode="bilinear"))
    field = receptive_field(net)
    assert (field.size, field.stride) == ((11, 11), (1, 1))
    assert isinstance(field.padding[0], int) and len(field.phases[0]) == 8


def test_with_aligned_corners_513_comes_back_from_65_in_steps_of_exactly_an_eighth():
    def forward(x, conv):
        return F.interpolate(conv(x), x.shape[-2:], mode="bilinear", align_corners=True)

    field = receptive_field(Function(forward, conv(3, stride=8, padding=1)), size=(513, 513))
    assert (field.stride, field.phases[0]) == ((1, 1), (3, 11, 11, 11, 11, 11, 11, 11))


def test_a_model_without_weights_can_be_traced():
    with torch.device("meta"):
        model = torchvision.models.resnet18()
    assert receptive_field(model, layer="layer4").size == (435, 435)
    assert support(model, (33, 33), layer="layer1").any()


def test_in_place_operations_whose_result_is_dropped_still_count():
    def forward(x, conv):
        y = x.clone()
        y.add_(conv(x))
        return y

    assert receptive_field(Function(forward, conv(3, padding=1))).size == (3, 3)


# --- The model is left alone --------------------------------------------------------------------------


def test_the_model_stays_as_it_was():
    model = torchvision.models.resnet18().train()
    model.layer2.eval()
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    random_state = torch.get_rng_state()
    for call in (receptive_field, lambda m, layer: support(m, (65, 65), layer=layer)):
        call(model, layer="layer3")
    effective_receptive_field(model, (65, 65), layer="layer3")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [m.training for m in model.modules()] == modes
    assert not any(m._forward_hooks for m in model.modules())
    assert torch.equal(torch.get_rng_state(), random_state)


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: torch.fft.fft2(x).real, "fft_fft2"),
        (lambda x: F.grid_sample(x, torch.zeros(1, 4, 4, 2), align_corners=False), "grid_sample"),
        (lambda x: F.fractional_max_pool2d(x, 2, 3), "fractional_max_pool2d"),
        (lambda x: x.cumsum(2), "cumsum"),
        (lambda x: x + x.transpose(2, 3), "add"),
        (lambda x: F.conv2d(x.transpose(2, 3), torch.ones(1, 1, 3, 3)), "conv2d"),
        (lambda x: F.conv1d(x.flatten(2), torch.ones(1, 1, 3)), "conv1d"),
        (lambda x: x[x > 0], "getitem"),
        (lambda x: x.flatten(2).view(1, 1, 100, -1), "invalid for input of size|cuts rows and columns"),
        (lambda x: torch.cat([x.mean(3), x.mean(2)], 2), "cat"),
        (lambda x: x.diagonal(dim1=2, dim2=3), "diagonal"),
        (lambda x: x if x.sum() > 0 else -x, "__bool__"),
        (lambda x: torch.zeros(1, 1, 64, 64).copy_(x), "new_zeros"),
    ],
)
def test_an_operation_that_cannot_be_traced_is_named(function, name):
    for call in (lambda net: receptive_field(net, size=(64, 64)), lambda net: support(net, (64, 64))):
        with pytest.raises(ValueError, match=name):
            call(Function(function))


def test_what_cannot_be_traced_is_named_with_the_layer_it_stands_in():
    net = nn.Sequential(conv(), Function(lambda x: torch.fft.fft2(x).real))
    with pytest.raises(ValueError, match=r"fft_fft2 \(aten\._fft.*\) is not known.*layer '1', a Function"):
        receptive_field(net)


def test_an_unknown_layer_lists_the_nearest():
    with pytest.raises(ValueError, match=r"layer: the model has no module 'layer5'; the nearest are 'layer\d'"):
        receptive_field(torchvision.models.resnet18(), layer="layer5")


def test_a_size_the_model_cannot_take_says_why():
    with pytest.raises(ValueError, match=r"size \(20, 20\) must be one that the model takes.*[Kk]ernel.size"):
        support(nn.Sequential(*[conv(5)] * 6), (20, 20))


@pytest.mark.parametrize("size", [(0, 4), (4, -1)])
def test_sizes_start_at_1(size):
    with pytest.raises(ValueError, match="size must be at least 1"):
        support(conv(1), size)


@pytest.mark.parametrize("size", [4, (4,), (4.0, 4), None, "ab", (True, 4)])
def test_a_size_of_the_wrong_type(size):
    with pytest.raises(TypeError, match="size must be"):
        support(conv(1), size)


def test_a_size_too_large_names_the_limit():
    with pytest.raises(ValueError, match=f"{MAX_PIXELS:,} pixels"):
        effective_receptive_field(conv(), (10**6, 10**6))


@pytest.mark.parametrize("at", [(4, 0), (0, 4), (-1, 0)])
def test_a_unit_off_its_map(at):
    with pytest.raises(ValueError, match="at must be a unit of the 4×4 map" if min(at) >= 0 else "must be at least 0"):
        support(conv(1), (4, 4), at=at)


def test_a_model_must_be_a_module():
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module"):
        receptive_field(lambda x: x)


def test_an_output_that_is_no_tensor():
    with pytest.raises(ValueError, match="must give a tensor"):
        receptive_field(Function(lambda x: 3))


# --- Properties ---------------------------------------------------------------------------------------


def test_a_stack_of_layers_has_the_field_of_the_formula():
    rng = random.Random(0)
    for _ in range(200):
        layers = [
            (rng.randint(1, 5), rng.randint(1, 3), rng.randint(0, 3), rng.randint(1, 3))
            for _ in range(rng.randint(1, 5))
        ]
        net = nn.Sequential(*(conv(k, stride=s, padding=p, dilation=d) for k, s, p, d in layers))
        expected = arithmetic.receptive_field(layers)
        field = receptive_field(net)
        assert field.size == (expected.size,) * 2
        assert field.stride == (expected.stride,) * 2
        assert field.padding == (expected.padding,) * 2


def test_the_variance_of_the_effective_field_adds_up_layer_by_layer():
    torch.manual_seed(0)
    layers = [(3, 1), (3, 2), (3, 2), (5, 1)]
    net = nn.Sequential(*(nn.Conv2d(1, 1, k, stride=s, padding=k // 2) for k, s in layers))
    for layer in net:
        nn.init.ones_(layer.weight)
    shares = effective_receptive_field(net, (161, 161))
    assert shares.sum().item() == pytest.approx(1)
    columns, places = shares.sum(0), torch.arange(161.0, dtype=torch.float64)
    mean = (columns * places).sum()
    variance = (columns * (places - mean) ** 2).sum().item()
    assert variance == pytest.approx(2 / 3 * 1 + 2 / 3 * 1 + 2 / 3 * 4 + 2 * 16)


def test_the_effective_field_lies_on_the_support():
    model = torchvision.models.resnet18()
    seen = support(model, (129, 129), layer="layer3")
    shares = effective_receptive_field(model, (129, 129), layer="layer3")
    assert torch.equal(shares > 0, seen)


# --- Independent oracles: brute-force gradients -------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "densenet121", "mobilenet_v3_small", "shufflenet_v2_x0_5"])
def test_supports_of_torchvision_networks_equal_their_gradients(name):
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None).double().eval()
    layer = {"resnet18": "layer2", "densenet121": "features.denseblock1"}.get(
        name, {"mobilenet_v3_small": "features.2", "shufflenet_v2_x0_5": "stage2"}.get(name)
    )
    seen, size = torch.zeros(64, 80, dtype=torch.bool), (64, 80)
    expected = support(model, size, layer=layer, at=(3, 4))
    outputs = []
    model.get_submodule(layer).register_forward_hook(lambda module, args, output: outputs.append(output))
    for _ in range(12):
        x = torch.randn(1, 3, *size, dtype=torch.float64, requires_grad=True)
        model(x)
        output = outputs.pop()
        (slope,) = torch.autograd.grad((output[0, :, 3, 4] * torch.randn(output.shape[1])).sum(), x)
        seen |= (slope != 0).any(1)[0]
        if torch.equal(seen, expected):
            break
    assert torch.equal(seen, expected)


@pytest.mark.parametrize("name", ["test_byobnet", "test_efficientnet", "test_resnet", "test_nfnet", "test_convnext"])
def test_supports_of_timms_families_equal_their_gradients(name):
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=0, global_pool="").double().eval()
    for parameter in model.parameters():  # some branches start at exactly 0
        nn.init.normal_(parameter, std=0.3)
    expected = support(model, (64, 96), at=(1, 2))
    seen = torch.zeros(64, 96, dtype=torch.bool)
    for _ in range(4):
        x = torch.randn(1, 3, 64, 96, dtype=torch.float64, requires_grad=True)
        y = model(x)
        (slope,) = torch.autograd.grad((y[0, :, 1, 2] * torch.randn(y.shape[1])).sum(), x)
        seen |= (slope != 0).any(1)[0]
    assert torch.equal(seen, expected)


def test_the_support_of_one_channel_is_the_measured_connection():
    rng = random.Random(2)
    for _ in range(60):
        net = nn.Sequential(
            conv((rng.randint(1, 3), 3), stride=rng.choice([1, 2]), padding=2),
            nn.ConvTranspose2d(1, 1, (2, 3), stride=(2, 3), padding=rng.choice([0, 1])),
            nn.AvgPool2d(2, stride=1),
        )
        seen = connectivity(net, (5, 6))
        at = (rng.randrange(seen.output_size[0]), rng.randrange(seen.output_size[1]))
        assert support(net, (5, 6), at=at).nonzero().tolist() == [list(p) for p in seen.inputs_of(*at)]


@pytest.mark.parametrize("residual", [False, True])
def test_the_effective_field_is_the_average_over_many_drawn_weights(residual):
    torch.manual_seed(0)

    def forward(x, first, second, third):
        x = torch.relu(first(x))
        return third(F.max_pool2d(torch.relu(x + second(x)) if residual else second(x), 2))

    layers = [nn.Conv2d(1, 24, 3), nn.Conv2d(24, 24, 3, padding=1), nn.Conv2d(24, 24, 3, dilation=2)]
    net = Function(forward, *layers).eval()
    size, total = (21, 21), torch.zeros(21, 21)
    predicted = effective_receptive_field(net, size)
    for _ in range(300):
        for layer in layers:
            layer.reset_parameters()
        x = torch.randn(1, 1, *size, requires_grad=True)
        y = net(x)[0, :, net(x).shape[2] // 2, net(x).shape[3] // 2].sum()
        total += torch.autograd.grad(y, x)[0][0, 0].square()
    both = torch.stack([predicted.flatten(), (total / total.sum()).double().flatten()])
    assert torch.corrcoef(both)[0, 1] > 0.98


# --- Speed --------------------------------------------------------------------------------------------


def test_every_stage_of_resnet101_takes_less_than_a_third_of_a_second():
    model = torchvision.models.resnet101()
    stages = ["maxpool", "layer1", "layer2", "layer3", "layer4"]
    spent = []
    for _ in range(3):
        start = time.process_time()
        assert sizes(model, stages) == [11, 35, 91, 811, 971]
        spent.append(time.process_time() - start)
    assert min(spent) < 0.3


def test_a_layer_that_comes_again_is_asked_for_at_its_own_place():
    conv, relu = nn.Conv2d(1, 1, 3), nn.ReLU()
    network = nn.Sequential(conv, relu, conv, relu)
    sizes = [receptive_field(network, layer=name).size[0] for name in "0123"]
    assert sizes == [3, 3, 5, 5]
    for name, size in zip("0123", sizes, strict=True):
        prefix = network[: int(name) + 1]
        assert torch.equal(support(network, (9, 9), layer=name), support(prefix, (9, 9)))
        assert support(network, (9, 9), layer=name).sum() == size**2
    assert network[0] is network[2] and network[1] is network[3]


def test_rows_that_all_read_the_same_are_units_of_the_map():
    rows = Function(lambda x: F.adaptive_avg_pool3d(x[:, :, :1], (8, 2, x.shape[3])))
    model = nn.Sequential(nn.Conv2d(1, 8, 1), rows)
    for row in (0, 1):
        assert support(model, (3, 4), at=(row, 2)).nonzero().tolist() == [[0, 2]]


def test_a_global_pool_of_channels_that_lie_last_sees_everything():
    pool = Function(lambda x: F.adaptive_avg_pool2d(x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2), 1))
    model = nn.Sequential(conv(3), pool, nn.Conv2d(1, 2, 1))
    assert sizes(model, [None]) == [math.inf]
    assert support(model, (5, 6)).all()
    with pytest.raises(ValueError, match="as_strided of a map cannot be traced"):
        support(Function(lambda x: x.as_strided((1, 1, 2, 6), (24, 24, 12, 1))), (4, 6))


@pytest.mark.parametrize(
    ("forward", "named"),
    [
        (lambda x: torch.cond(x.mean() > 0, lambda y: y + 1, lambda y: y * 2, (x,)), r"torch\.cond is not known"),
        (lambda x: x + float(x.detach().numpy().max()), r"Tensor\.numpy is not known"),
        (lambda x: x if x.mean() > 0 else x + 1, r"__bool__ .* is not known"),
    ],
)
def test_what_hangs_on_values_is_named_with_its_layer(forward, named):
    with pytest.raises(ValueError, match=f"{named}.*stands in layer '1', a Function"):
        support(nn.Sequential(conv(3), Function(forward)), (5, 5))


def test_what_a_model_keeps_for_itself_is_given_back():
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.last = conv(3), None

        def forward(self, x):
            self.last = self.conv(x)
            return self.last

    model = Keeps()
    for _ in range(2):
        assert support(model, (5, 5)).sum() == 9
        assert model.last is None and model.training and model.conv.training
