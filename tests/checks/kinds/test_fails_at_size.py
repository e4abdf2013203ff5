"""Sizes at which a network raises, and sizes that it refuses by name."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import audit

KIND = "fails-at-size"


class UNet(nn.Module):
    """Two levels: the map on the way up is laid beside the skip; `fit` brings the two to one size."""

    def __init__(self, fit=lambda up, skip: up):
        super().__init__()
        self.fit = fit
        self.down, self.low = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.score = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        skip = self.down(x).relu()
        up = self.up(self.low(F.max_pool2d(skip, 2)).relu())
        return self.score(torch.cat([skip, self.fit(up, skip)], 1))


def found(model, size, **settings):
    return [finding for finding in audit(model, size, **settings) if finding.kind == KIND]


def test_an_odd_size_that_a_pool_halves_fails_beside_its_skip():
    (finding,) = found(UNet(), (32, 32))
    assert finding.severity == "fault"
    assert [33, 33] in finding.measured["failed"] and [32, 32] in finding.measured["worked"]
    assert "Sizes of tensors must match" in finding.message  # PyTorch's own words
    assert "sizes that are multiples of 2 work" in finding.message
    assert " fail (" in finding.message


def test_a_single_size_fails():
    (finding,) = found(UNet(), (32, 32), sizes=[(33, 33)])
    assert finding.message.startswith("33×33 fails (")


@pytest.mark.parametrize(
    "fit",
    [
        lambda up, skip: F.interpolate(up, skip.shape[-2:]),
        lambda up, skip: F.pad(up, (0, skip.shape[3] - up.shape[3], 0, skip.shape[2] - up.shape[2])),
    ],
    ids=["resized", "padded"],
)
def test_a_network_that_fits_its_maps_takes_every_size(fit):
    assert found(UNet(fit), (32, 32)) == []


class Particular(nn.Module):
    """Takes sizes of the form 8k + 1, and says so, before or after its first layer."""

    def __init__(self, *, late=False, wordless=False):
        super().__init__()
        self.layer, self.late, self.wordless = nn.Conv2d(3, 2, 3, padding=1), late, wordless

    def forward(self, x):
        height, width = x.shape[-2:]
        if self.late:
            x = self.layer(x)
        if self.wordless:
            assert (height - 1) % 8 == 0 and (width - 1) % 8 == 0
        elif (height - 1) % 8 or (width - 1) % 8:
            raise RuntimeError(f"sizes must be 8k + 1, got {height}×{width}")
        return x if self.late else self.layer(x)


@pytest.mark.parametrize("settings", [{}, {"wordless": True}])
def test_a_size_refused_by_name_is_a_note(settings):
    (finding,) = found(Particular(**settings), (33, 33))
    assert finding.severity == "note"
    assert "n ≡ 1 (mod 8)" in finding.message


def test_what_fails_after_the_first_layer_is_a_fault_whoever_raises_it():
    (finding,) = found(Particular(late=True), (33, 33))
    assert finding.severity == "fault"


def test_a_least_size_is_described():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 9)

        def forward(self, x):
            return F.interpolate(self.layer(x), x.shape[-2:])

    (finding,) = found(Deep(), (12, 12), sizes=[(8, 12), (9, 9)])
    assert finding.measured == {"failed": [[8, 12]], "worked": [[12, 12], [9, 9]], "tried": 3}
    assert "sizes from 9 up work" in finding.message


def test_where_the_size_itself_fails_the_rest_is_measured_at_one_that_works():
    result = audit(Particular(), (32, 32))
    assert result.kinds == {KIND}
    assert any("33×33" in said for said in result.untried)
