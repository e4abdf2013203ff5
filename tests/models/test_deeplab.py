"""The DeepLabs, DilatedNet and FCN on a dilated ResNet: equal to torchvision, and as their papers draw them."""

import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from references import assert_close_in_scale, with_random_statistics
from torch import nn
from torchvision.models.segmentation import deeplabv3_resnet50, deeplabv3_resnet101, fcn_resnet50, fcn_resnet101

from segviz import arithmetic, create_model, receptive_field
from segviz.models.aspp import ASPP, ImagePooling, rates_for, separable_conv_bn_relu
from segviz.models.deeplabv1 import size_keeping_padding
from segviz.models.deeplabv2 import SummedASPP
from segviz.models.dilatednet import CONTEXT_RATES, BilinearDeconvolution, Context

TWINS = [
    ("fcn_resnet", "resnet50", fcn_resnet50),
    ("fcn_resnet", "resnet101", fcn_resnet101),
    ("deeplabv3", "resnet50", deeplabv3_resnet50),
    ("deeplabv3", "resnet101", deeplabv3_resnet101),
]


def parameter_count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def layer_of(module):
    """The (kernel, stride, padding, dilation) of a convolution or a pool."""
    one = lambda value: value[0] if isinstance(value, tuple) else value  # noqa: E731
    return tuple(
        one(value) for value in (module.kernel_size, module.stride, module.padding, getattr(module, "dilation", 1))
    )


def chain(*modules):
    """The layers of everything in `modules` that moves pixels, in order."""
    kinds = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
    return [layer_of(m) for module in modules for m in module.modules() if isinstance(m, kinds)]


def main_path(resnet):
    blocks = [block for stage in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4) for block in stage]
    return chain(resnet.conv1, resnet.maxpool, *(conv for b in blocks for conv in (b.conv1, b.conv2, b.conv3)))


# FCN and DeepLab v3 beside torchvision


@pytest.mark.parametrize(("name", "backbone", "torchvisions"), TWINS)
def test_torchvisions_state_dict_means_the_same_network(name, backbone, torchvisions):
    torch.manual_seed(0)
    theirs = with_random_statistics(torchvisions(weights=None, weights_backbone=None, num_classes=21, aux_loss=True))
    ours = create_model(name, backbone=backbone, aux=True).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for batch, height, width in [(1, 65, 65), (2, 40, 57), (1, 83, 64), (2, 65, 65)]:
        x = torch.rand(batch, 3, height, width)
        with torch.no_grad():
            expected, (logits, auxiliary) = theirs(x), ours(x, return_aux=True)
            assert torch.equal(ours(x), logits)
        assert_close_in_scale(logits, expected["out"], tolerance=1e-4)
        assert_close_in_scale(auxiliary, expected["aux"], tolerance=1e-4)


def test_training_gives_torchvisions_gradients():
    torch.manual_seed(0)
    theirs = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=4)
    ours = create_model("deeplabv3", 4)
    ours.load_state_dict(theirs.state_dict())
    for model in (theirs, ours):
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    x = torch.rand(2, 3, 33, 41)
    theirs(x)["out"].square().mean().backward()
    ours(x).square().mean().backward()
    for (key, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert (a.grad - b.grad).norm() <= 1e-3 * b.grad.norm() + 1e-7, key


def test_an_auxiliary_answer_needs_an_auxiliary_head():
    with pytest.raises(ValueError, match=r"return_aux: this FCNResNet has no auxiliary head.*aux=True"):
        create_model("fcn_resnet", width=0.0625)(torch.rand(2, 3, 17, 17), return_aux=True)


# DeepLab v3


@pytest.mark.parametrize(
    ("output_stride", "aspp_rates", "rates"),
    [(16, None, (6, 12, 18)), (8, None, (12, 24, 36)), (8, (6, 12, 18, 24), (6, 12, 18, 24))],
)
def test_rates_follow_the_output_stride_unless_given(output_stride, aspp_rates, rates):
    assert rates_for(output_stride, aspp_rates) == rates
    model = create_model("deeplabv3", width=0.0625, output_stride=output_stride, aspp_rates=aspp_rates)
    branches = model.classifier[0].convs[1:-1]
    assert [branch[0].dilation[0] for branch in branches] == list(rates)
    assert [branch[0].padding[0] for branch in branches] == list(rates)


@pytest.mark.parametrize(
    ("rates", "error"),
    [
        ((), ValueError),
        ((0,), ValueError),
        ((6, -12), ValueError),
        ((6.0,), TypeError),
        ((True,), TypeError),
        (6, TypeError),
    ],
)
@pytest.mark.parametrize("name", ["deeplabv2", "deeplabv3", "deeplabv3plus"])
def test_rates_that_are_none_are_refused(name, rates, error):
    with pytest.raises(error, match="aspp_rates: got"):
        create_model(name, width=0.0625, aspp_rates=rates)


@pytest.mark.parametrize(("branch", "size"), [(0, 427), (1, 619), (2, 811), (3, 1003)], ids=["1x1", "12", "24", "36"])
def test_the_pyramids_branches_see_as_far_as_their_rates(branch, size):
    with torch.device("meta"):
        model = create_model("deeplabv3")
        field = arithmetic.receptive_field(main_path(model.backbone) + chain(model.classifier[0].convs[branch]))
    assert (field.size, field.stride) == (size, 8)


def test_the_pooled_branch_says_the_same_everywhere_and_sees_everything():
    torch.manual_seed(0)
    branch = ImagePooling(6, 4).eval()
    x = torch.rand(1, 6, 5, 7, requires_grad=True)
    y = branch(x)
    assert y.shape == (1, 4, 5, 7)
    torch.testing.assert_close(y, y[:, :, :1, :1].expand_as(y))
    y[0, :, 2, 3].sum().backward()
    assert (x.grad.abs().sum(dim=(0, 1)) > 0).all()


def test_a_single_pooled_image_is_normalized_by_what_was_seen_before():
    torch.manual_seed(0)
    branch = with_random_statistics(ImagePooling(6, 4)).train()
    before = branch[2].running_mean.clone()
    x = torch.rand(1, 6, 5, 7)
    alone = branch(x)
    assert torch.equal(branch[2].running_mean, before)
    torch.testing.assert_close(alone, branch.eval()(x))


def test_two_pooled_images_are_normalized_by_each_other():
    branch = with_random_statistics(ImagePooling(6, 4)).train()
    plain = nn.BatchNorm2d(4)
    plain.load_state_dict(branch[2].state_dict())
    x = torch.rand(2, 6, 5, 7)
    expected = plain(branch[1](x.mean(dim=(2, 3), keepdim=True))).relu().expand(-1, -1, 5, 7)
    torch.testing.assert_close(branch(x), expected)


def test_the_pyramid_is_torchvisions():
    theirs = with_random_statistics(torchvision.models.segmentation.deeplabv3.ASPP(16, (2, 4), 8))
    ours = ASPP(16, 8, rates=(2, 4)).eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.rand(2, 16, 9, 11)
    assert_close_in_scale(ours(x), theirs(x), tolerance=1e-4)


# DeepLab v3+


@pytest.mark.parametrize(
    ("backbone", "low", "high", "output_stride"),
    [
        ("resnet101", 256, 2048, 16),
        ("resnet50", 256, 2048, 16),
        ("xception65", 256, 2048, 16),
        ("drn_d_54", 256, 512, 8),
        ("mobilenet_v2", 24, 320, 16),
    ],
)
def test_the_decoder_joins_48_low_channels_and_256_high_ones(backbone, low, high, output_stride):
    with torch.device("meta"):
        model = create_model("deeplabv3plus", backbone=backbone)
    assert (model.decoder.reduce[0].in_channels, model.decoder.reduce[0].out_channels) == (low, 48)
    assert model.decoder.refine[0][0].in_channels == 256 + 48
    assert model.aspp.convs[0][0].in_channels == high
    assert model.aspp.convs[1][0].dilation[0] == 6 * 16 // output_stride
    assert model.min_size == output_stride + 1


def test_pyramid_and_decoder_have_their_counts_of_parameters():
    with torch.device("meta"):
        model = create_model("deeplabv3plus")
    counts = [parameter_count(part) for part in (model.backbone, model.aspp, model.decoder)]
    assert counts == [42_500_160, 15_535_104, 1_309_045]


@pytest.mark.parametrize("size", [513, 97, 64])
def test_the_decoder_scores_at_stride_4(size):
    model = create_model("deeplabv3plus", width=0.0625, backbone="mobilenet_v2").eval()
    with torch.no_grad():
        assert model.logits(torch.rand(1, 3, size, 33)).shape[2:] == (math.ceil(size / 4), 9)


def test_a_separable_convolution_has_9_c_and_c_times_c_weights():
    dense, separable = nn.Conv2d(32, 64, 3, bias=False), separable_conv_bn_relu(32, 64)
    assert parameter_count(dense) == 9 * 32 * 64
    assert parameter_count(separable[0]) + parameter_count(separable[3]) == 9 * 32 + 32 * 64
    assert separable_conv_bn_relu(32, 64, dilation=3)(torch.rand(2, 32, 9, 7)).shape == (2, 64, 9, 7)


def test_separable_convolutions_leave_a_third_of_v3plus_head():
    with torch.device("meta"):
        heads = [
            parameter_count(model.aspp) + parameter_count(model.decoder)
            for model in (create_model("deeplabv3plus", separable=separable) for separable in (False, True))
        ]
    assert heads[1] < heads[0] / 3


def test_corners_are_a_choice():
    torch.manual_seed(0)
    aligned, centered = (
        create_model("deeplabv3plus", width=0.125, align_corners=flag).eval() for flag in (True, False)
    )
    centered.load_state_dict(aligned.state_dict())
    x = torch.rand(1, 3, 65, 65)
    with torch.no_grad():
        assert not torch.allclose(aligned(x), centered(x))
        # At the corner itself both read the first position alone.
        scores = aligned.logits(x)
        torch.testing.assert_close(aligned(x)[..., 0, 0], scores[..., 0, 0])


@pytest.mark.parametrize("backbone", ["xception65", "drn_d_54", "mobilenet_v2"])
def test_multi_grid_is_for_resnets(backbone):
    with pytest.raises(ValueError, match=rf"multi_grid: got \(1, 2, 4\) with backbone '{backbone}'"):
        create_model("deeplabv3plus", width=0.0625, backbone=backbone, multi_grid=(1, 2, 4))


@pytest.mark.parametrize("backbone", ["xception65", "drn_d_54"])
def test_weights_that_torchvision_does_not_have_are_refused(backbone):
    with pytest.raises(ValueError, match=rf"pretrained_backbone: torchvision has no ImageNet weights for '{backbone}'"):
        create_model("deeplabv3plus", backbone=backbone, pretrained_backbone=True)


@pytest.mark.parametrize("name", ["fcn_resnet", "deeplabv3", "deeplabv3plus"])
@pytest.mark.parametrize(("option", "value"), [("output_stride", 4), ("backbone", "resnet18")])
def test_unknown_choices_are_answered_with_the_known_ones(name, option, value):
    with pytest.raises(ValueError, match=rf"{option}: got {value!r}.*known are"):
        create_model(name, width=0.0625, **{option: value})


# DeepLab v2


def test_v2_adds_what_its_four_rates_score():
    torch.manual_seed(0)
    pyramid = SummedASPP(8, 3, (1, 2, 4))
    x = torch.rand(2, 8, 9, 7)
    expected = sum(F.conv2d(x, b.weight, b.bias, padding=b.padding, dilation=b.dilation) for b in pyramid)
    torch.testing.assert_close(pyramid(x), expected)
    assert [b.dilation for b in create_model("deeplabv2", width=0.0625).aspp] == [(r, r) for r in (6, 12, 18, 24)]


def test_v2_starts_from_scores_near_zero():
    torch.manual_seed(0)
    weight = torch.cat([branch.weight.flatten() for branch in create_model("deeplabv2", width=0.25).aspp])
    assert abs(float(weight.detach().std()) - 0.01) < 5e-4


@pytest.mark.parametrize(("size", "map_size"), [(321, 41), (513, 65)])
def test_v2s_odd_crops_are_eight_times_their_map_and_one(size, map_size):
    model = create_model("deeplabv2", width=0.0625, backbone="resnet50").eval()
    with torch.no_grad():
        assert model.logits(torch.rand(1, 3, size, 17)).shape[2:] == (map_size, 3)
    assert (size - 1) == 8 * (map_size - 1)


@pytest.mark.parametrize(("rate", "size"), [(6, 1123), (12, 1219), (18, 1315), (24, 1411)])
def test_v2s_branches_see_as_far_as_their_rates(rate, size):
    with torch.device("meta"):
        model = create_model("deeplabv2")
    branch = next(branch for branch in model.aspp if branch.dilation == (rate, rate))
    field = arithmetic.receptive_field(main_path(model.backbone) + chain(branch))
    assert (field.size, field.stride) == (size, 8) == (1027 + 8 * 2 * rate, 8)


def test_scales_compete_and_add_no_parameters():
    torch.manual_seed(0)
    alone = create_model("deeplabv2", 4, width=0.0625, backbone="resnet50").eval()
    several = create_model("deeplabv2", 4, width=0.0625, backbone="resnet50", scales=(0.5, 0.75, 1)).eval()
    several.load_state_dict(alone.state_dict())
    x = torch.rand(1, 3, 65, 97)
    with torch.no_grad():
        one, most = alone.logits(x), several.logits(x)
        half = F.interpolate(x, size=(32, 48), mode="bilinear", align_corners=True)
        half = F.interpolate(alone.logits(half), size=one.shape[2:], mode="bilinear", align_corners=True)
    assert (most >= torch.maximum(one, half)).all()
    assert not torch.equal(most, one)
    assert several.min_size == 18


@pytest.mark.parametrize(
    ("scales", "error"),
    [
        ((), ValueError),
        ((0,), ValueError),
        ((1, -0.5), ValueError),
        ((math.inf,), ValueError),
        (("1",), TypeError),
        (1, TypeError),
    ],
)
def test_scales_that_are_none_are_refused(scales, error):
    with pytest.raises(error, match="scales: got"):
        create_model("deeplabv2", width=0.0625, scales=scales)


# DeepLab v1

FIELDS_OF_VIEW = [  # kernel, rate, channels, printed field of view, millions, true on 2×2 pools, true on 3×3 pools
    (7, 4, 4096, 224, 134.3, 404, 435),
    (4, 4, 4096, 128, 65.1, 308, 339),
    (4, 8, 4096, 224, 65.1, 404, 435),
    (3, 12, 1024, 224, 20.5, 404, 435),
]


@pytest.mark.parametrize(("kernel", "rate", "channels", "printed", "millions", "true", "actual"), FIELDS_OF_VIEW)
def test_v1s_table_of_fields_of_view(kernel, rate, channels, printed, millions, true, actual):
    with torch.device("meta"):
        model = create_model("deeplabv1", fc6_kernel=kernel, fc6_rate=rate, fc_channels=channels)
    assert round(parameter_count(model) / 1e6, 1) == millions
    assert 32 * (rate * (kernel - 1) / 4 + 1) == printed
    paper = [(3, 1, 1, 1), (3, 1, 1, 1), (2, 2, 0, 1)] * 2 + ([(3, 1, 1, 1)] * 3 + [(2, 2, 0, 1)]) * 3
    reached = arithmetic.receptive_field(paper)
    # The paper's own pools: to pool5, then fc6 in steps of 32 / 4 pixels.
    assert reached.size + 8 * rate * (kernel - 1) == true
    network = chain(model.backbone, model.average, model.fc6, model.fc7, model.score)
    field = arithmetic.receptive_field(network)
    assert (field.size, field.stride) == (actual, 8)


def test_v1s_stages_are_those_of_its_table():
    model = create_model("deeplabv1", width=0.0625).eval()
    with torch.no_grad():
        maps = model.backbone(torch.rand(1, 3, 321, 33))
        assert [m.shape[2] for m in maps.values()] == [161, 81, 41, 41, 41]
        assert model.logits(torch.rand(1, 3, 321, 33)).shape[2:] == (41, 5)
    convs = [m for m in model.backbone.modules() if isinstance(m, nn.Conv2d)]
    assert [conv.dilation[0] for conv in convs] == [1] * 10 + [2] * 3
    assert (model.fc6.kernel_size, model.fc6.dilation) == ((3, 3), (12, 12))


def test_v1_drops_single_activations_not_whole_channels():
    assert type(create_model("deeplabv1", width=0.0625).dropout) is nn.Dropout


@pytest.mark.parametrize(("kernel", "rate", "padding"), [(3, 12, 12), (7, 4, 12), (4, 4, 6), (4, 8, 12), (1, 5, 0)])
def test_padding_keeps_the_size(kernel, rate, padding):
    assert size_keeping_padding(kernel, rate) == padding
    assert arithmetic.conv_size(41, kernel, padding=padding, dilation=rate) == 41


@pytest.mark.parametrize(("kernel", "rate"), [(4, 3), (0, 4), (3, 0)])
def test_a_kernel_that_cannot_keep_the_size_is_refused(kernel, rate):
    with pytest.raises(ValueError, match=rf"fc6_kernel, fc6_rate: got \({kernel}, {rate}\)"):
        create_model("deeplabv1", width=0.0625, fc6_kernel=kernel, fc6_rate=rate)


# DilatedNet


def test_the_context_module_sees_as_far_as_its_table():
    layers = chain(Context(3, "basic"))
    sizes = [arithmetic.receptive_field(layers[: i + 1]).size for i in range(8)]
    assert sizes == [3, 5, 9, 17, 33, 65, 67, 67]
    assert [layer[3] for layer in layers] == [*CONTEXT_RATES, 1]


def test_the_front_end_sees_380_pixels_and_the_whole_908():
    with torch.device("meta"):
        model = create_model("dilatednet")
    front = chain(model.backbone, model.fc6, model.fc7, model.score)
    assert arithmetic.receptive_field(front).size == 380
    assert arithmetic.receptive_field(front + chain(model.context)).size == 380 + 8 * 66


@pytest.mark.parametrize("pad_once", [False, True])
@pytest.mark.parametrize(("form", "tolerance"), [("basic", 0.0), ("large", 0.05)])
def test_the_context_module_starts_as_the_identity(form, tolerance, pad_once):
    torch.manual_seed(0)
    scores = torch.rand(2, 3, 9, 11)
    context = Context(3, form, pad_once=pad_once)
    with torch.no_grad():
        assert (context(scores) - scores).abs().max() <= tolerance
        # Each layer ends in a ReLU: a negative score cannot pass.
        assert context(-scores).abs().max() <= tolerance


def test_copies_of_a_class_in_the_large_context_module_can_part():
    torch.manual_seed(0)
    first = Context(3, "large")[0].weight
    assert first.shape[0] == 6
    assert not torch.equal(first[0], first[1])


@pytest.mark.parametrize(("form", "channels"), [("basic", [21] * 8), ("large", [42, 42, 84, 168, 336, 672, 672, 21])])
def test_the_context_module_has_the_widths_of_its_table(form, channels):
    with torch.device("meta"):
        context = Context(21, form)
    assert [m.out_channels for m in context if isinstance(m, nn.Conv2d)] == channels


def test_the_fixed_deconvolution_interpolates_and_learns_nothing():
    upsample = BilinearDeconvolution(8)
    x = torch.rand(2, 5, 6, 7)
    y = upsample(x)
    assert y.shape == (2, 5, 48, 56)
    inside = (..., slice(4, -4), slice(4, -4))
    torch.testing.assert_close(y[inside], F.interpolate(x, scale_factor=8, mode="bilinear")[inside])
    assert list(upsample.parameters()) == []


@pytest.mark.parametrize("size", [8, 64, 320])
def test_a_mirrored_margin_of_186_leaves_an_eighth(size):
    n = size + 2 * 186
    for convs in (2, 2, 3):
        n = arithmetic.pool_size(n - 2 * convs, 2)
    n = n - 2 * 3 - 4 * 3  # conv4, and conv5 at rate 2
    assert arithmetic.conv_size(n, 7, dilation=4) == size // 8


def test_the_papers_form_has_no_padding_but_its_margin():
    model = create_model("dilatednet", width=0.0625, padding="valid").eval()
    convs = [m for part in (model.backbone, model.fc6) for m in part.modules() if isinstance(m, nn.Conv2d)]
    assert {conv.padding for conv in convs} == {(0, 0)}
    assert [conv.padding[0] for conv in model.context if isinstance(conv, nn.Conv2d)] == [33] + [0] * 7
    with torch.no_grad():
        assert model.logits(torch.rand(1, 3, 24, 37)).shape == (1, 21, 24, 37)


def test_both_forms_have_the_same_weights_and_agree_on_a_constant_image():
    torch.manual_seed(0)
    same = create_model("dilatednet", width=0.0625, context=None).eval()
    valid = create_model("dilatednet", width=0.0625, context=None, padding="valid").eval()
    valid.load_state_dict(same.state_dict())
    x = torch.full((1, 3, 424, 424), 0.5)
    with torch.no_grad():
        # In the middle of the large image no zero of the padding is seen.
        torch.testing.assert_close(same(x)[..., 208:216, 208:216], valid(x[..., :16, :16])[..., 4:12, 4:12])


def test_the_classifiers_weights_fill_the_front_end(monkeypatch):
    torch.manual_seed(0)
    published = torchvision.models.vgg16().state_dict()
    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", lambda self, **_: published)
    model = create_model("dilatednet", pretrained_backbone=True)
    assert torch.equal(model.backbone.conv5_3.weight, published["features.28.weight"])
    assert torch.equal(model.fc6.weight.flatten(1), published["classifier.0.weight"])
    assert torch.equal(model.fc7.weight.flatten(1), published["classifier.3.weight"])


@pytest.mark.parametrize(("option", "value"), [("context", "huge"), ("padding", "mirror")])
def test_dilatednet_names_its_forms(option, value):
    with pytest.raises(ValueError, match=rf"{option}: got '{value}'.*known are"):
        create_model("dilatednet", width=0.0625, **{option: value})


# Receptive fields, measured on the networks themselves


@pytest.mark.parametrize(
    ("name", "options", "layer", "size", "stride"),
    [
        ("fcn_resnet", {}, "backbone.layer4", 427, 8),
        ("fcn_resnet", {"output_stride": 16}, "backbone.layer4", 427, 16),
        ("deeplabv1", {}, "score", 435, 8),
        ("deeplabv2", {}, "backbone.layer4", 1027, 8),
        ("deeplabv2", {}, "aspp", 1411, 8),
        ("deeplabv3", {}, "classifier.0.convs.0", 427, 8),
        ("deeplabv3", {}, "classifier.0.convs.1", 619, 8),
        ("deeplabv3", {}, "classifier.0.convs.2", 811, 8),
        ("deeplabv3", {}, "classifier.0.convs.3", 1003, 8),
        ("deeplabv3", {}, "classifier.0.convs.4", math.inf, math.inf),
        ("deeplabv3", {"backbone": "resnet101"}, "backbone.layer4", 971, 8),
        ("deeplabv3plus", {"backbone": "xception65"}, "backbone.block2.inner", 35, 4),
        ("deeplabv3plus", {"backbone": "drn_d_54"}, "backbone.layer8", 519, 8),
        ("deeplabv3plus", {"backbone": "mobilenet_v2"}, "backbone.features.17", 491, 16),
        ("deeplabv3plus", {"backbone": "mobilenet_v2"}, None, math.inf, 1),
        ("dilatednet", {}, "score", 380, 8),
        ("dilatednet", {}, "context", 908, 8),
    ],
)
def test_the_measured_receptive_field_is_that_of_the_tables(name, options, layer, size, stride):
    field = receptive_field(create_model(name, width=0.0625, **options).eval(), layer=layer)
    assert field.size == (size, size)
    assert field.stride == (stride, stride)
