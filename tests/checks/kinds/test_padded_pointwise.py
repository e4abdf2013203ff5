"""1×1 convolutions with padding."""

import pytest
from torch import nn

from segviz import audit

KIND = "padded-pointwise"


def found(*layers):
    return [finding for finding in audit(nn.Sequential(*layers), (16, 16)) if finding.kind == KIND]


def test_a_branch_padded_as_if_it_were_larger_is_found():
    (finding,) = found(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 1, padding=1))
    assert (finding.severity, finding.layer) == ("fault", "2")
    assert finding.measured == {"padding": [1, 1], "input": [16, 16], "output": [18, 18]}


def test_padding_along_one_axis_is_enough():
    (finding,) = found(nn.Conv2d(3, 2, 1, padding=(0, 2)))
    assert finding.measured["output"] == [16, 20]


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 2, 1),
        nn.Conv2d(3, 2, 1, padding="same"),
        nn.Conv2d(3, 2, 1, stride=2),
        nn.Conv2d(3, 2, 3, padding=1),
        nn.Conv2d(3, 2, (1, 3), padding=(0, 1)),
    ],
)
def test_a_padding_that_the_kernel_needs_is_silent(layer):
    assert found(layer) == []
