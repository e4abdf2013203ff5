"""Weights of dilated filters beside the map."""

import pytest
import torch
from torch import nn

from segviz import arithmetic, audit

KIND = "off-the-map"


def found(layer, size):
    return [finding for finding in audit(layer, size, sizes=[]) if finding.kind == KIND]


def branch(rate, **settings):
    return nn.Conv2d(1, 1, 3, padding=rate, dilation=rate, **settings)


def test_a_rate_as_large_as_the_map_is_a_1x1():
    (finding,) = found(branch(36), (28, 28))
    assert finding.severity == "waste"
    assert finding.measured["pointwise"] == 1 and finding.measured["lost"] == pytest.approx(8 / 9)
    assert "this branch is a 1×1" in finding.message


@pytest.mark.parametrize(("size", "rate"), [((14, 14), 12), ((33, 33), 18), ((20, 31), 15)])
def test_the_shares_are_the_formulas(size, rate):
    (finding,) = found(branch(rate), size)
    shares = arithmetic.valid_weights(size, rate)
    assert finding.measured["lost"] == pytest.approx(1 - sum(count * share for count, share in shares.items()) / 9)
    assert finding.measured["pointwise"] == pytest.approx(shares[1])


def test_the_share_is_what_a_real_layer_loses():
    layer = branch(9, stride=2)
    torch.nn.init.ones_(layer.weight), torch.nn.init.zeros_(layer.bias)
    on_the_map = layer(torch.ones(1, 1, 13, 13)).mean().item() / 9
    (finding,) = found(layer, (13, 13))
    assert finding.measured["lost"] == pytest.approx(1 - on_the_map)


@pytest.mark.parametrize(
    ("layer", "size"),
    [
        (branch(12), (33, 33)),  # 43 % are lost
        (branch(6), (33, 33)),
        (branch(1), (1, 1)),  # not dilated
        (nn.Conv2d(1, 1, 3, dilation=2), (9, 9)),  # unpadded: no weight is ever beside the map
    ],
)
def test_most_weights_on_the_map_are_silent(layer, size):
    assert found(layer, size) == []
