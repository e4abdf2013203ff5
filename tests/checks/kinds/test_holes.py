"""Runs of dilated convolutions with holes."""

import pytest
import torch
import torchvision
from torch import nn

from segviz import audit, support

KIND = "holes"


def run(*rates):
    layers = [layer for rate in rates for layer in (nn.Conv2d(1, 1, 3, padding=rate, dilation=rate), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def found(model, size=(32, 32), **settings):
    return [finding for finding in audit(model, size, sizes=[], **settings) if finding.kind == KIND]


@pytest.mark.parametrize(("rates", "share"), [((2, 2, 2), 0.29), ((2, 4, 8), 0.27), ((3, 3), 0.148)])
def test_rates_with_a_common_factor_leave_holes(rates, share):
    (finding,) = found(run(*rates))
    assert finding.severity == "note"
    assert finding.measured["share"] == pytest.approx(share, abs=0.005)
    seen = support(run(*rates), (64, 64))
    assert finding.measured["share"] == pytest.approx(seen.sum().item() / (1 + 2 * sum(rates)) ** 2)


def test_torchvisions_last_stage_sees_27_percent_of_what_it_reads():
    with torch.device("meta"):
        model = torchvision.models.segmentation.fcn_resnet50(weights=None, weights_backbone=None)
    (finding,) = found(model.to_empty(device="cpu"), (64, 64), channels=3)
    assert finding.layer == "backbone.layer4"
    assert finding.measured == {"share": (11 / 21) ** 2, "box": [21, 21], "rates": [2, 4, 4]}


@pytest.mark.parametrize("rates", [(1, 2, 5), (1, 2, 4, 8), (2,), (1, 1), (1, 1, 2, 4, 8, 16, 1)])
def test_rates_that_fill_their_box_and_single_layers_are_silent(rates):
    assert found(run(*rates)) == []


def test_branches_side_by_side_are_no_run():
    class Pyramid(nn.Module):
        def __init__(self):
            super().__init__()
            self.branches = nn.ModuleList(run(rate) for rate in (2, 4))

        def forward(self, x):
            return sum(branch(x) for branch in self.branches)

    assert found(Pyramid()) == []
