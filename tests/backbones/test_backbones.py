"""Dilated trunks: the tables of their papers, and the same maps as the libraries they come from."""

from functools import partial

import pytest
import timm
import torch
import torchvision
from references import assert_close_in_scale, with_random_statistics
from torch import nn

from segviz import arithmetic
from segviz.backbones.drn import DRND54
from segviz.backbones.mobilenet import MobileNetV2
from segviz.backbones.resnet import ResNet
from segviz.backbones.xception import Xception65

SIZES = [(64, 64), (65, 97), (51, 33)]


def middle_convs(stage):
    return [block.conv2 for block in stage]


def rates(*stages):
    return [[conv.dilation[0] for conv in middle_convs(stage)] for stage in stages]


def main_path(resnet):
    """(kernel, stride, padding, dilation) of every layer on the longest way through a ResNet."""
    blocks = [block for stage in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4) for block in stage]
    convs = [conv for block in blocks for conv in (block.conv1, block.conv2, block.conv3)]
    pool = resnet.maxpool
    first = resnet.conv1
    return [
        (first.kernel_size[0], first.stride[0], first.padding[0], 1),
        (pool.kernel_size, pool.stride, pool.padding, 1),
        *((conv.kernel_size[0], conv.stride[0], conv.padding[0], conv.dilation[0]) for conv in convs),
    ]


# ResNet


@pytest.mark.parametrize(
    ("output_stride", "multi_grid", "layer3", "layer4"),
    [
        (32, None, [1] * 6, [1, 1, 1]),
        (16, None, [1] * 6, [1, 2, 2]),
        (8, None, [1] + [2] * 5, [2, 4, 4]),
        (16, (1, 2, 4), [1] * 6, [2, 4, 8]),
        (8, (1, 2, 4), [1] + [2] * 5, [4, 8, 16]),
        (8, (1, 1, 1), [1] + [2] * 5, [4, 4, 4]),
    ],
)
def test_resnet_has_the_rates_of_its_table(output_stride, multi_grid, layer3, layer4):
    trunk = ResNet("resnet50", width=0.125, output_stride=output_stride, multi_grid=multi_grid)
    assert rates(trunk.layer3, trunk.layer4) == [layer3, layer4]
    assert all(conv.padding == conv.dilation for conv in middle_convs(trunk.layer4))
    assert trunk(torch.rand(1, 3, 65, 97)).high.shape[2:] == (64 // output_stride + 1, 96 // output_stride + 1)


def test_caffes_resnet_strides_in_its_first_1x1_and_dilates_every_block():
    trunk = ResNet("resnet50", width=0.125, caffe=True)
    assert [block.conv1.stride[0] for block in trunk.layer2] == [2, 1, 1, 1]
    assert all(conv.stride == (1, 1) for conv in middle_convs(trunk.layer2))
    assert rates(trunk.layer3, trunk.layer4) == [[2] * 6, [4] * 3]


@pytest.mark.parametrize(("size", "map_size"), [(321, 41), (513, 65), (224, 29)])
def test_caffes_resnet_rounds_its_stem_pool_up(size, map_size):
    trunk = ResNet("resnet50", width=0.0625, caffe=True).eval()
    with torch.no_grad():
        assert trunk(torch.rand(1, 3, size, 9)).high.shape[2] == map_size


@pytest.mark.parametrize(
    ("multi_grid", "error"),
    [
        ((1, 2), ValueError),
        ((1, 2, 0), ValueError),
        ((1, 2, 4.0), TypeError),
        ((True, 1, 1), TypeError),
        (2, TypeError),
    ],
)
def test_a_multi_grid_of_other_than_three_rates_is_refused(multi_grid, error):
    with pytest.raises(error, match=r"multi_grid: got .* whole numbers"):
        ResNet("resnet50", width=0.0625, multi_grid=multi_grid)


@pytest.mark.parametrize(
    ("name", "settings", "size"),
    [
        ("resnet50", {"output_stride": 32}, 427),
        ("resnet50", {"output_stride": 8}, 427),
        ("resnet101", {"output_stride": 8}, 971),
        ("resnet50", {"output_stride": 8, "caffe": True}, 483),
        ("resnet101", {"output_stride": 8, "caffe": True}, 1027),
    ],
)
def test_dilation_keeps_resnets_receptive_field_and_caffes_stride_widens_it(name, settings, size):
    with torch.device("meta"):
        field = arithmetic.receptive_field(main_path(ResNet(name, **settings)))
    assert (field.size, field.stride) == (size, settings["output_stride"])


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", ["resnet50", "resnet101"])
def test_resnets_features_are_torchvisions(name, output_stride):
    torch.manual_seed(0)
    dilate = [False, output_stride == 8, output_stride <= 16]
    theirs = with_random_statistics(getattr(torchvision.models, name)(replace_stride_with_dilation=dilate))
    stages = {"layer1": "low", "layer3": "middle", "layer4": "high"}
    theirs = torchvision.models._utils.IntermediateLayerGetter(theirs, stages)
    ours = ResNet(name, output_stride=output_stride).eval()
    state = theirs.state_dict()
    ours.load_state_dict(state)
    for size in SIZES:
        x = torch.rand(1, 3, *size)
        with torch.no_grad():
            features, expected = ours(x), theirs(x)
        for level in stages.values():
            assert_close_in_scale(getattr(features, level), expected[level])


# Aligned Xception


def depthwise_rates(part):
    return {m.dilation[0] for m in part.modules() if isinstance(m, nn.Conv2d) and m.groups > 1}


@pytest.mark.parametrize(
    ("output_stride", "table"), [(32, [1, 1, 1, 1, 1]), (16, [1, 1, 1, 1, 2]), (8, [1, 1, 2, 2, 4])]
)
def test_every_convolution_of_an_xception_block_carries_its_rate(output_stride, table):
    trunk = Xception65(width=0.05, output_stride=output_stride)
    parts = (trunk.block2, trunk.block3, trunk.middle, trunk.exit1, trunk.exit2)
    assert [depthwise_rates(part) for part in parts] == [{rate} for rate in table]


def test_xception_normalizes_with_its_own_epsilon():
    assert {m.eps for m in Xception65(width=0.05).modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_xception_65_is_timms_once_the_weights_are_carried_over(output_stride):
    torch.manual_seed(0)
    theirs = with_random_statistics(timm.create_model("xception65", output_stride=output_stride, num_classes=0))
    ours = Xception65(output_stride=output_stride).eval()
    # The layers stand in the same order under other names.
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    taps = {}
    theirs.blocks[1].stack.conv2.register_forward_hook(lambda _, __, output: taps.update(low=output.clone()))
    for size in SIZES:
        x = torch.rand(1, 3, *size)
        with torch.no_grad():
            features, high = ours(x), theirs.forward_features(x)
        assert_close_in_scale(features.high, high)
        assert_close_in_scale(features.low, taps["low"])


# DRN


def test_drn_has_the_strides_and_rates_of_its_table():
    trunk = DRND54(width=0.125)
    assert rates(trunk.layer3, trunk.layer4, trunk.layer5, trunk.layer6) == [[1] * 3, [1] * 4, [2] * 6, [4] * 3]
    assert [layer[0].dilation[0] for layer in (trunk.layer7, trunk.layer8)] == [2, 1]
    low, _, high = trunk(torch.rand(1, 3, 65, 97))
    assert low.shape[2:] == (17, 25)
    assert high.shape[2:] == (9, 13)


def test_drn_has_no_max_pool_and_closes_without_a_skip():
    with torch.device("meta"):
        trunk = DRND54()
    assert not any(isinstance(module, nn.MaxPool2d) for module in trunk.modules())
    assert [type(module) for module in trunk.layer7] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]


def test_drns_bottleneck_stages_are_torchvisions():
    trunk = with_random_statistics(DRND54(width=0.25))
    stage = torchvision.models.resnet50(replace_stride_with_dilation=[False, False, True]).layer4
    x = torch.rand(1, trunk.layer5[0].conv1.in_channels, 12, 10)
    with torch.no_grad():
        expected = x
        for block in trunk.layer5:
            inner = block.bn1(block.conv1(expected)).relu()
            inner = block.bn2(nn.functional.conv2d(inner, block.conv2.weight, padding=2, dilation=2)).relu()
            inner = block.bn3(block.conv3(inner))
            skip = expected if block.downsample is None else block.downsample(expected)
            expected = (inner + skip).relu()
        assert_close_in_scale(trunk.layer5(x), expected)
    assert type(trunk.layer5[0]) is type(stage[0])


# MobileNet v2


@pytest.mark.parametrize(
    ("output_stride", "strided", "dilated"),
    [(32, [2, 4, 7, 14], {1: 17}), (16, [2, 4, 7], {1: 14, 2: 3}), (8, [2, 4], {1: 7, 2: 7, 4: 3})],
)
def test_mobilenet_has_the_strides_and_rates_of_its_table(output_stride, strided, dilated):
    trunk = MobileNetV2(output_stride=output_stride)
    depthwise = [block.conv[-3][0] for block in trunk.features[1:]]
    assert [i for i, conv in enumerate(depthwise, 1) if conv.stride == (2, 2)] == strided
    found = [conv.dilation[0] for conv in depthwise]
    assert {rate: found.count(rate) for rate in set(found)} == dilated


def test_mobilenets_features_are_torchvisions():
    torch.manual_seed(0)
    theirs = with_random_statistics(torchvision.models.mobilenet_v2())
    ours = MobileNetV2(output_stride=32).eval()
    ours.load_state_dict({key: theirs.state_dict()[key] for key in ours.state_dict()})
    for size in SIZES:
        x = torch.rand(1, 3, *size)
        with torch.no_grad():
            assert_close_in_scale(ours(x).high, theirs.features[:-1](x))


# Every trunk; that dilation keeps what strides computed is asked in test_a_trous_law.py


@pytest.mark.parametrize(
    "trunk", [partial(ResNet, "resnet50"), partial(ResNet, "resnet50", caffe=True), Xception65, MobileNetV2, DRND54]
)
def test_a_trunk_says_how_many_channels_its_maps_have(trunk):
    made = trunk(width=0.125, in_channels=5, output_stride=8).eval()
    with torch.no_grad():
        features = made(torch.rand(1, 5, 33, 47))
    assert [features.low.shape[1], features.middle.shape[1], features.high.shape[1]] == list(made.channels)
    assert features.low.shape[2] == 9


@pytest.mark.parametrize(("trunk", "name"), [(ResNet, "resnet50"), (MobileNetV2, "mobilenet_v2")])
def test_pretrained_trunks_take_torchvisions_weights(monkeypatch, trunk, name):
    published = getattr(torchvision.models, name)()
    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", lambda self, **_: published.state_dict())
    state = trunk(pretrained=True).state_dict()
    assert all(torch.equal(value, published.state_dict()[key]) for key, value in state.items())


@pytest.mark.parametrize("settings", [{"width": 0.5}, {"in_channels": 1}])
@pytest.mark.parametrize("trunk", [ResNet, MobileNetV2])
def test_pretrained_trunks_are_of_the_published_shape(trunk, settings):
    with pytest.raises(ValueError, match="pretrained_backbone"):
        trunk(pretrained=True, **settings)
