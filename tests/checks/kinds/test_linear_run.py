"""Convolutions in a row that are one convolution."""

import pytest
import torch
from torch import nn

from segviz import audit

KIND = "linear-run"


def found(*layers, channels=16):
    model = nn.Sequential(*layers)
    return [finding for finding in audit(model, (24, 24), channels=channels) if finding.kind == KIND]


def conv(before, after, kernel_size=3, **settings):
    return nn.Conv2d(before, after, kernel_size, padding=settings.pop("padding", 0), **settings)


def test_a_deep_head_without_relu_is_one_3x3():
    (finding,) = found(conv(16, 64, dilation=2), nn.Dropout2d(), conv(64, 64, 1), nn.Dropout2d(), conv(64, 5, 1))
    assert (finding.severity, finding.layer) == ("waste", "0")
    assert finding.measured == {"convolutions": 3, "parameters": 9280 + 4160 + 325, "needed": 16 * 9 * 5 + 5}


def test_the_one_layer_that_is_named_gives_the_same_values():
    first, second = conv(2, 8, 3, stride=2), conv(8, 2, 2, dilation=2)
    (finding,) = found(first, second, channels=2)
    # Its weight is what an impulse leaves behind: 7×7, of which 5×5 taps at 0, 1, 2 and 4, 5, 6 are used.
    run = nn.Sequential(first, second).double()
    impulses = torch.eye(2 * 49, dtype=torch.float64).view(98, 2, 7, 7)
    weight = (run(impulses) - run(torch.zeros(1, 2, 7, 7).double())).view(2, 49, 2).permute(2, 0, 1).reshape(2, 2, 7, 7)
    used = int((weight.abs().sum((0, 1)) > 1e-12).sum())
    assert used == 36
    assert finding.measured["needed"] == 2 * 2 * used + 2


def test_batch_norm_between_is_linear_and_a_relu_is_not():
    (finding,) = found(conv(16, 16), nn.BatchNorm2d(16), conv(16, 16, 1))
    assert finding.measured["needed"] == 9 * 256 + 16
    assert found(conv(16, 16), nn.BatchNorm2d(16), nn.ReLU(), conv(16, 16, 1)) == []


class Residual(nn.Module):
    """The middle map is read twice, so the two layers are not one."""

    def __init__(self):
        super().__init__()
        self.first, self.second = conv(16, 16, padding=1), conv(16, 16, 1)

    def forward(self, x):
        x = self.first(x)
        return x + self.second(x).relu()


@pytest.mark.parametrize(
    "layers",
    [
        [conv(16, 16, groups=16), conv(16, 4, 1)],  # depthwise, then pointwise
        [conv(16, 16, groups=16), conv(16, 1, 1)],  # even where the pair has more
        [conv(16, 2, 1), conv(2, 16)],  # a bottleneck that saves
        [conv(16, 5, (7, 1)), conv(5, 5, (1, 7))],  # a large kernel, factored
        [conv(16, 8, 1), conv(8, 4, 1)],  # two 1×1
        [conv(16, 16, padding=1), nn.MaxPool2d(2), conv(16, 4, 1)],
        [Residual()],
    ],
    ids=["separable", "separable to one", "bottleneck", "factored", "pointwise", "pool", "residual"],
)
def test_factorings_on_purpose_are_silent(layers):
    assert found(*layers) == []
