"""Logits of another size than the picture's."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import audit

KIND = "output-size"


def found(model, size=(32, 32), **settings):
    return [finding for finding in audit(model, size, **settings) if finding.kind == KIND]


def strided(*after):
    return nn.Sequential(nn.Conv2d(3, 4, 3, 8, padding=1), nn.ReLU(), *after)


def test_a_fixed_factor_after_rounded_strides_gives_328_for_321():
    (finding,) = found(strided(nn.Upsample(scale_factor=8)), (321, 321), sizes=[])
    assert finding.severity == "fault"
    assert finding.measured == {"sizes": [[321, 321]], "outputs": [[328, 328]]}


def test_a_pool_that_rounds_down_loses_a_row_at_odd_sizes():
    (finding,) = found(nn.Sequential(nn.MaxPool2d(2), nn.Upsample(scale_factor=2)))
    assert finding.severity == "fault"


def test_a_layer_that_pads_too_much_grows_its_logits():
    (finding,) = found(nn.Conv2d(3, 2, 3, padding=2))
    assert finding.severity == "fault"


class Resized(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = strided()

    def forward(self, x):
        return F.interpolate(self.layers(x), x.shape[-2:])


@pytest.mark.parametrize("model", [Resized(), strided(), nn.MaxPool2d(2), nn.MaxPool2d(2, ceil_mode=True)])
def test_the_pictures_size_and_fixed_fractions_are_silent(model):
    assert found(model, channels=3) == []


def test_half_of_the_pictures_size_is_a_fixed_fraction():
    half = nn.Sequential(nn.Conv2d(3, 4, 3, 16, padding=1), nn.Upsample(scale_factor=8))
    assert found(half, (64, 64), sizes=[(128, 96)]) == []


def test_a_valid_network_loses_one_margin_and_that_is_a_note():
    (finding,) = found(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 5)))
    assert finding.severity == "note"
    assert finding.measured["margin"] == finding.measured["largest"] == 6


class ValidUNet(nn.Module):
    """Two levels of unpadded 3×3, two at each step, with cropped skips: 40 pixels are lost where 4 divides the size."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Sequential(nn.Conv2d(a, 2, 3), nn.Conv2d(2, 2, 3)) for a in (3, 2, 2))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2, 2, 2, 2) for _ in range(2))
        self.joined = nn.ModuleList(nn.Sequential(nn.Conv2d(4, 2, 3), nn.Conv2d(2, 2, 3)) for _ in range(2))

    def forward(self, x):
        skips = []
        for layers in self.down[:-1]:
            skips.append(layers(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)
        for up, joined in zip(self.up, self.joined, strict=True):
            x, skip = up(x), skips.pop()
            top, left = ((n - m) // 2 for n, m in zip(skip.shape[-2:], x.shape[-2:], strict=True))
            x = joined(torch.cat([x, skip[..., top : top + x.shape[2], left : left + x.shape[3]]], 1))
        return x


def test_a_valid_u_net_is_a_note_at_the_sizes_that_its_pools_halve_and_at_others():
    (finding,) = found(ValidUNet(), (64, 80), sizes=[(80, 64)])
    assert (finding.severity, finding.measured["margin"], finding.measured["largest"]) == ("note", 40, 40)
    (finding,) = found(ValidUNet(), (64, 80))
    assert (finding.severity, finding.measured["margin"], finding.measured["largest"]) == ("note", 40, 43)
