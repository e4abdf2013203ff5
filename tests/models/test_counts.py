"""Every network at its defaults has exactly the parameters that its layers have on paper."""

import pytest
import torch

from segviz import create_model, list_models

COUNTS = [
    ("fcn32s", 21, {}, 136_152_917),
    ("fcn16s", 21, {}, 134_815_994),
    ("fcn8s", 21, {}, 134_489_759),
    ("fcn8s", 21, {"padding": "paper"}, 134_489_759),
    ("fcn_resnet", 21, {"aux": True}, 35_322_218),
    ("fcn_resnet", 21, {"backbone": "resnet101", "aux": True}, 54_314_346),
    ("deconvnet", 21, {}, 251_805_653),
    ("segnet", 21, {}, 29_455_125),
    ("segnet", 11, {}, 29_449_355),
    ("segnet_basic", 11, {}, 1_416_587),
    ("unet", 2, {"in_channels": 1}, 31_030_658),
    ("unet", 2, {"in_channels": 1, "padding": "valid"}, 31_030_658),
    ("unet", 21, {}, 31_033_045),
    ("fcdensenet56", 11, {}, 1_376_795),
    ("fcdensenet67", 11, {}, 3_463_243),
    ("fcdensenet103", 11, {}, 9_322_091),
    ("deeplabv1", 21, {}, 20_505_429),
    ("dilatednet", 21, {"context": None}, 134_346_581),
    ("dilatednet", 21, {"context": "basic"}, 134_346_581 + 28_392),
    ("dilatednet", 21, {"context": "large"}, 134_346_581 + 6_803_139),
    ("deeplabv2", 21, {}, 44_048_532),
    ("deeplabv3", 21, {}, 39_638_869),
    ("deeplabv3", 21, {"aux": True}, 42_004_074),
    ("deeplabv3", 21, {"backbone": "resnet101"}, 58_630_997),
    ("deeplabv3", 21, {"backbone": "resnet101", "aux": True}, 60_996_202),
    ("deeplabv3plus", 21, {}, 59_344_309),
    ("deeplabv3plus", 21, {"backbone": "xception65"}, 54_711_461),
    ("deeplabv3plus", 21, {"backbone": "drn_d_54"}, 40_737_061),
    ("deeplabv3plus", 21, {"backbone": "mobilenet_v2"}, 5_816_053),
]


def parameter_count(name, num_classes, options):
    with torch.device("meta"):  # shapes without memory
        model = create_model(name, num_classes, **options)
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("name", "num_classes", "options", "count"), COUNTS)
def test_the_network_has_the_published_count(name, num_classes, options, count):
    assert parameter_count(name, num_classes, options) == count


def test_the_table_has_every_network():
    assert {name for name, *_ in COUNTS} == set(list_models())


@pytest.mark.parametrize(("depth", "millions"), [(56, 1.398), (67, 3.503), (103, 9.425)])
def test_fc_densenets_printed_counts_are_nearer_with_bns_running_statistics(depth, millions):
    with torch.device("meta"):
        state = create_model(f"fcdensenet{depth}", 11).state_dict()
    assert round(sum(value.numel() for value in state.values() if value.ndim) / 1e6, 3) == millions
