"""Resizes of both conventions in one network."""

import pytest
from torch import nn

from segviz import audit

KIND = "mixed-corners"


def up(align_corners, mode="bilinear"):
    return nn.Upsample(scale_factor=2, mode=mode, align_corners=align_corners)


def found(*layers):
    return [finding for finding in audit(nn.Sequential(*layers), (8, 8)) if finding.kind == KIND]


def test_both_conventions_are_a_note_at_the_rarer_one():
    (finding,) = found(up(False), nn.Conv2d(1, 1, 1), up(True), up(False))
    assert (finding.severity, finding.layer) == ("note", "2")
    assert finding.measured == {"aligned": 1, "half_pixel": 2}


@pytest.mark.parametrize(
    "layers",
    [
        [up(True), up(True)],
        [up(False), up(None)],
        [up(True), nn.Upsample(scale_factor=2, mode="nearest")],
        [up(True), nn.Upsample(size=16, mode="bilinear", align_corners=False)],  # keeps its size
        [up(True), nn.AdaptiveAvgPool2d(1), nn.Upsample(size=16, mode="bilinear")],  # from one pixel
    ],
)
def test_one_convention_and_resizes_without_any_are_silent(layers):
    assert found(*layers) == []
