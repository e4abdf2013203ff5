"""The middle of a unit's window, against the window itself far from any border."""

import math
import pickle

import pytest
import torch
from torch import nn

from segviz import receptive_field, support

MARGIN = 17  # nearer to the border, windows are cut and resizes clamp


def conv(kernel_size=3, **settings):
    return nn.Conv2d(1, 1, kernel_size, **settings)


NETWORKS = {
    "one layer": nn.Sequential(conv(5, stride=2, padding=2)),
    "unpadded": nn.Sequential(conv(4), nn.MaxPool2d(3, 2)),
    "dilated": nn.Sequential(conv(3, dilation=(2, 1), padding=(0, 1)), conv((1, 4), stride=(1, 3))),
    "bilinear ×8 behind stride 8": nn.Sequential(
        conv(3, stride=8, padding=1), nn.Upsample(scale_factor=8, mode="bilinear")
    ),
    "transposed 3/2": nn.Sequential(conv(3, stride=2), nn.ConvTranspose2d(1, 1, 3, stride=2)),
    "transposed 16/8": nn.Sequential(
        conv(3, stride=8, padding=1), nn.ConvTranspose2d(1, 1, 16, 8, 4), conv(3, padding=1)
    ),
    "nearest": nn.Sequential(nn.AvgPool2d(4), nn.Upsample(scale_factor=2, mode="nearest"), conv(3)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_the_middle_of_every_unit_s_own_window(name):
    field, size = receptive_field(NETWORKS[name]), (96, 112)
    seen = {}
    for row in range(200):
        try:
            seen[row] = support(NETWORKS[name], size, at=(row, 3))
        except ValueError:
            break
    checked = 0
    for row, pixels in seen.items():
        rows = pixels.any(1).nonzero().flatten().tolist()
        if rows and rows[0] > MARGIN and rows[-1] < size[0] - MARGIN:
            assert field.center((row, 3))[0] == (rows[0] + rows[-1]) / 2
            checked += 1
    assert checked > 5


def test_the_first_unit_s_window_is_not_cut_by_the_border():
    field = receptive_field(conv(7, stride=2, padding=3))
    assert field.center((0, 1)) == (0, 2)
    assert field.center((0, 0))[0] == field.stride[0] * 0 + (field.size[0] - 1) / 2 - field.padding[0]


def test_branches_that_see_everything_do_not_count():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.local, self.image = conv(3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1)

        def forward(self, x):
            return self.local(x) + self.image(x)

    field = receptive_field(Both())
    assert field.size == (math.inf, math.inf) and field.center((2, 5)) == (4, 10)
    assert all(math.isnan(place) for place in receptive_field(nn.AdaptiveAvgPool2d(1)).center((0, 0)))


def test_no_unit_is_refused_by_name():
    field = receptive_field(conv())
    with pytest.raises(TypeError, match=r"unit must be \(row, col\), got 3"):
        field.center(3)
    with pytest.raises(ValueError, match="row must be at least 0, got -1"):
        field.center((-1, 0))


def test_a_field_is_compared_printed_and_pickled_without_its_network():
    field = receptive_field(conv(5, padding=2))
    again = pickle.loads(pickle.dumps(field))
    assert again == field == receptive_field(conv(5, padding=2)) and again.center((4, 4)) == (4, 4)
    assert "middles" not in repr(field)
    assert isinstance(field.center((1, 1))[0], float) and torch.is_grad_enabled()
