"""Transposed convolutions whose phases get unequal numbers of contributions."""

import pytest
import torch
from torch import nn

from segviz import arithmetic, audit

KIND = "uneven-overlap"


def found(layer):
    return [finding for finding in audit(layer, (8, 8), sizes=[]) if finding.kind == KIND]


@pytest.mark.parametrize("kernel_size", range(1, 7))
@pytest.mark.parametrize("stride", range(1, 4))
def test_it_is_found_where_the_formula_has_unequal_counts(kernel_size, stride):
    counts = arithmetic.overlap_counts(kernel_size, stride)
    findings = found(nn.ConvTranspose2d(1, 1, kernel_size, stride))
    assert [finding.measured["contributions"] for finding in findings] == (
        [[counts] * 2] if len(set(counts)) > 1 else []
    )


def test_a_dilated_kernel_is_counted_by_where_its_taps_land():
    layer = nn.ConvTranspose2d(1, 1, 4, stride=2, dilation=2)  # all four taps land on even outputs
    (finding,) = found(layer)
    ones = nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias)
    middle = layer(torch.ones(1, 1, 8, 8))[0, 0, 10, 10:12].tolist()
    assert ones and middle == [16, 0]
    assert finding.measured["contributions"] == [[4, 0], [4, 0]]


def test_one_axis_is_enough():
    (finding,) = found(nn.ConvTranspose2d(1, 1, (4, 3), stride=2))
    assert finding.measured["contributions"] == [[2, 2], [2, 1]] and finding.severity == "note"
