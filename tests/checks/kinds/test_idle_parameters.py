"""Parameters without a gradient."""

import torch
from torch import nn

from segviz import audit

KIND = "idle-parameters"


class Net(nn.Module):
    def __init__(self, use=lambda net, x: net.score(x)):
        super().__init__()
        self.use = use
        self.score = nn.Conv2d(3, 2, 1)
        self.extra = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))

    def forward(self, x):
        return self.use(self, x)


def found(model):
    return [finding for finding in audit(model, (8, 8)) if finding.kind == KIND]


def test_a_branch_that_nobody_calls_is_found_as_a_whole():
    (finding,) = found(Net())
    assert (finding.severity, finding.layer) == ("waste", "extra")
    assert finding.measured == {"parameters": 16 + 8 + 10, "of": 16 + 8 + 10 + 8}


def test_a_branch_behind_detach_is_found():
    (finding,) = found(Net(lambda net, x: net.score(x) + net.extra(x).detach()))
    assert finding.layer == "extra"


def test_a_head_for_training_and_outputs_beside_the_first_are_silent():
    def auxiliary(net, x):
        return {"out": net.score(x), **({"aux": net.extra(x)} if net.training else {})}

    assert found(Net(auxiliary)) == []
    assert found(Net(lambda net, x: (net.score(x), [net.extra(x)]))) == []


def test_what_is_frozen_is_silent():
    net = Net()
    net.extra.requires_grad_(False)
    assert found(net) == []


def test_weights_that_start_at_zero_are_silent():
    net = Net(lambda net, x: net.score(x) + 0 * net.extra(x))
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    assert found(net) == []
