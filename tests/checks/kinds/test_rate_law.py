"""Dilation in a stride's place."""

import pytest
import torch
import torchvision
from torch import nn

from segviz import audit

KIND = "rate-law"


def block(before, after, stride, rate):
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=rate, dilation=rate), nn.BatchNorm2d(after), nn.ReLU()
    )


def trunk(*stages):
    """Stages of two blocks, `(stride, rate of the first block, rate of the second)`."""
    channels, layers = 3, []
    for stride, first, second in stages:
        layers.append(nn.Sequential(block(channels, 8, stride, first), block(8, 8, 1, second)))
        channels = 8
    return nn.Sequential(*layers)


STRIDED = trunk((2, 1, 1), (2, 1, 1), (2, 1, 1))


def found(model, like=STRIDED, size=(48, 48)):
    return [finding for finding in audit(model, size, sizes=[], like=like) if finding.kind == KIND]


def test_a_strided_block_that_is_dilated_too_is_found_with_both_fields():
    (finding,) = found(trunk((2, 1, 1), (2, 1, 1), (1, 2, 2)))
    assert (finding.severity, finding.layer) == ("fault", "2.0.0")
    # Strided: 1 + 2·1 + 2·2 + 2·2 + 2·4 + 2·4; the next 3×3 reads at steps of 4, and one of rate 2 at steps of 8.
    assert finding.measured["like"] == [27 + 8, 27 + 8] or finding.measured["like"][0] < finding.measured["field"][0]
    assert finding.measured["difference"] > 1e-3 and finding.measured["every"] == 2


def test_equal_fields_prove_nothing_where_rates_are_exchanged():
    (finding,) = found(trunk((2, 1, 1), (2, 1, 1), (1, 2, 1)))
    assert finding.layer == "2.0.0"
    wide, narrow = trunk((2, 1, 1), (1, 2, 2)), trunk((2, 1, 1), (2, 1, 1))
    assert found(wide, narrow)


def test_values_are_compared_where_fields_agree():
    model, like = trunk((2, 1, 1), (1, 1, 2)), trunk((2, 1, 1), (2, 1, 1))
    like[1][0][0].padding_mode = "circular"
    like[1][0][0]._reversed_padding_repeated_twice = [1, 1, 1, 1]
    (finding,) = found(model, like)
    assert "difference" in finding.measured and "field" not in finding.measured


@pytest.mark.parametrize(
    "model",
    [
        trunk((2, 1, 1), (2, 1, 1), (1, 1, 2)),
        trunk((2, 1, 1), (1, 1, 2), (1, 2, 4)),
        trunk((2, 1, 1), (2, 1, 1), (2, 1, 1)),
    ],
)
def test_the_law_kept_is_silent(model):
    assert found(model) == []
    assert found(model, size=(45, 51)) == []


def test_other_weights_do_not_matter():
    torch.manual_seed(1)
    assert found(trunk((2, 1, 1), (2, 1, 1), (1, 1, 2))) == []


def test_nothing_is_said_without_a_network_to_compare_with():
    assert KIND not in audit(trunk((2, 1, 1), (2, 1, 1), (1, 2, 2)), (48, 48)).kinds


def test_torchvisions_dilated_resnet_keeps_the_law():
    plain = torchvision.models.resnet18()
    dilated = torchvision.models.resnet18()
    # ResNet-18's own switch is not there, so its last stage is dilated by hand: the first block keeps the rate.
    dilated.layer4[0].conv1.stride = dilated.layer4[0].downsample[0].stride = (1, 1)
    for layer in (dilated.layer4[0].conv2, dilated.layer4[1].conv1, dilated.layer4[1].conv2):
        layer.dilation = layer.padding = (2, 2)

    def maps(model):
        return nn.Sequential(*list(model.children())[:-2])

    assert found(maps(dilated), maps(plain), (64, 64)) == []
    dilated.layer4[0].conv1.dilation = dilated.layer4[0].conv1.padding = (2, 2)
    (finding,) = found(maps(dilated), maps(plain), (64, 64))
    assert finding.layer == "7.0.conv1"
