"""Logits behind a ReLU."""

import pytest
import torch
from torch import nn

from segviz import audit

KIND = "rectified-logits"


def found(*layers):
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1), *layers)
    return [finding for finding in audit(model, (16, 16)) if finding.kind == KIND]


def test_batch_norm_and_relu_on_the_logits_are_found():
    (finding,) = found(nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    assert (finding.severity, finding.layer) == ("fault", "4")
    assert finding.measured["least"] == 0 and finding.measured["normalized"] == 1
    assert 0.1 < finding.measured["zeros"] < 0.9


@pytest.mark.parametrize(
    "layers",
    [
        [nn.ReLU()],
        [nn.ReLU6()],
        [nn.ReLU(), nn.Dropout(), nn.Upsample(scale_factor=2, mode="bilinear")],
        [nn.ReLU(), nn.UpsamplingBilinear2d(scale_factor=2)],
    ],
    ids=lambda layers: type(layers[-1]).__name__,
)
def test_a_relu_shows_through_what_keeps_signs(layers):
    (finding,) = found(*layers)
    assert finding.measured["normalized"] == 0


def test_a_relu_shows_through_as_tensor():
    class Wrapped(nn.Sequential):
        def forward(self, x):
            return torch.as_tensor(super().forward(x))

    result = audit(Wrapped(nn.Conv2d(3, 2, 1), nn.ReLU()), (8, 8))
    assert KIND in result.kinds


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [nn.LeakyReLU()],
        [nn.Softmax(dim=1)],
        [nn.Sigmoid()],
        [nn.ReLU(), nn.Conv2d(4, 4, 1)],
        [nn.ReLU(), nn.BatchNorm2d(4)],
        [nn.Hardtanh()],
    ],
    ids=lambda layers: type(layers[-1]).__name__ if layers else "bare",
)
def test_other_last_operations_are_silent(layers):
    assert found(*layers) == []
