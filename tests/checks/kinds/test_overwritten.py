"""In-place operations on maps that are read again."""

import copy

import pytest
import torch
from torch import nn

from segviz import audit

KIND = "overwritten"


class Net(nn.Module):
    def __init__(self, use):
        super().__init__()
        self.use = use
        self.stem, self.norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.relu, self.body, self.score = nn.ReLU(inplace=True), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        return self.score(self.use(self, self.norm(self.stem(x))))


def found(use):
    return [finding for finding in audit(Net(use), (16, 16)) if finding.kind == KIND]


def block(net, x):
    return x + net.body(net.relu(x))


def test_a_relu_in_front_of_the_skip_is_found():
    (finding,) = found(block)
    assert (finding.severity, finding.layer) == ("fault", "relu")
    assert 0.2 < finding.measured["changed"] < 0.8


def test_turning_inplace_off_changes_that_network():
    net = Net(block).eval()
    other = copy.deepcopy(net)
    other.relu.inplace = False
    x = torch.rand(1, 3, 16, 16)
    assert not torch.allclose(net(x), other(x))


def accumulated(net, x):
    y = net.body(x)
    y += x
    return y


@pytest.mark.parametrize(
    "use",
    [
        lambda net, x: torch.cat([x, net.body(x.clamp_(min=0))], 1)[:, :8],
        lambda net, x: net.relu(x[:, :]) * net.body(x),
    ],
    ids=["a method", "a view"],
)
def test_methods_and_views_are_found(use):
    (finding,) = found(use)
    assert finding.severity == "fault"


@pytest.mark.parametrize(
    "use",
    [
        lambda net, x: net.body(net.relu(x)),
        lambda net, x: (y := net.relu(x)) + net.body(y),
        lambda net, x: x + net.body(torch.relu(x)),
        lambda net, x: (y := torch.relu(x)) + net.body(net.relu(y)),  # nothing is left to change
        accumulated,
    ],
    ids=["in a row", "the new map twice", "not in place", "rectified already", "sum"],
)
def test_in_place_where_nobody_looks_back_is_silent(use):
    assert found(use) == []
