"""Chains of dilated convolutions: their fields, holes and weights."""

import pytest
import torch

from segviz import arithmetic
from segviz.lessons.chains import chain, field_of, seen_by, weights_of

RATES = [(1,), (2,), (1, 2, 5), (2, 4, 8), (3, 1, 1, 7)]


def test_one_layer_by_hand():
    assert field_of(2) == 5
    assert seen_by(2).nonzero().tolist() == [[row, column] for row in (0, 2, 4) for column in (0, 2, 4)]
    assert weights_of(1).flatten().tolist() == pytest.approx([1 / 9] * 9)


def test_no_layer_sees_its_own_pixel():
    assert field_of() == 1
    assert seen_by().tolist() == [[True]]


def test_maps_keep_their_size():
    assert chain(1, 4, width=3)(torch.zeros(2, 1, 5, 9)).shape == (2, 3, 5, 9)


@pytest.mark.parametrize("rates", RATES)
def test_the_field_is_the_closed_form(rates):
    assert field_of(*rates) == arithmetic.receptive_field([(3, 1, rate, rate) for rate in rates]).size


@pytest.mark.parametrize("rates", RATES)
def test_weight_lies_where_a_pixel_is_seen_and_adds_up_to_one(rates):
    assert torch.equal(weights_of(*rates) > 0, seen_by(*rates))
    assert weights_of(*rates).sum() == pytest.approx(1)


@pytest.mark.parametrize("rates", RATES)
def test_the_weights_are_the_paths_counted_by_convolution(rates):
    paths = torch.ones(1, 1, 1, dtype=torch.float64)
    for rate in rates:
        paths = torch.conv_transpose1d(paths, torch.ones(1, 1, 3, dtype=torch.float64), dilation=rate)
    torch.testing.assert_close(weights_of(*rates).sum(0), (paths / paths.sum())[0, 0])
