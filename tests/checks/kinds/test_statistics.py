"""Batch norms with another framework's constants."""

import pytest
from torch import nn

from segviz import audit

KIND = "statistics"


def found(*norms):
    layers = [layer for norm in norms for layer in (nn.Conv2d(4, 4, 1), nn.ReLU(), norm)]
    return [finding for finding in audit(nn.Sequential(*layers), (8, 8)) if finding.kind == KIND]


def test_a_decay_taken_for_a_momentum_is_found_once_for_all_layers_alike():
    (finding,) = found(nn.BatchNorm2d(4, momentum=0.997), nn.BatchNorm2d(4, momentum=0.997), nn.BatchNorm2d(4))
    assert (finding.severity, finding.layer) == ("fault", "2")
    assert finding.measured == {"momentum": 0.997, "eps": 1e-5, "layers": 2}
    assert "here 0.003" in finding.message


def test_a_large_eps_is_found():
    (finding,) = found(nn.BatchNorm2d(4, eps=0.1))
    assert finding.measured["eps"] == 0.1


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(4),
        nn.BatchNorm2d(4, momentum=0.5, eps=0.01),
        nn.BatchNorm2d(4, momentum=None),
        nn.BatchNorm2d(4, momentum=0.997, track_running_stats=False),
        nn.InstanceNorm2d(4, momentum=0.997),
    ],
)
def test_usual_constants_and_norms_without_running_statistics_are_silent(norm):
    assert found(norm) == []
