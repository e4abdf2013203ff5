"""Unpooling that loses values."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import audit

KIND = "lost-switches"


class Net(nn.Module):
    def __init__(self, pool, *, given=lambda x: x.shape[-2:], pad=False):
        super().__init__()
        self.pool, self.given, self.pad = pool, given, pad
        self.before, self.after = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1)
        self.unpool = nn.MaxUnpool2d(pool.kernel_size, pool.stride, pool.padding)

    def forward(self, x):
        size = x.shape[-2:]
        if self.pad:
            x = F.pad(x, (0, -size[1] % 2, 0, -size[0] % 2))
        x = self.before(x).relu()
        pooled, switches = self.pool(x)
        x = self.unpool(pooled, switches, output_size=self.given(x))
        return self.after(x)[..., : size[0], : size[1]]


def pool(*settings, **more):
    return nn.MaxPool2d(*settings, return_indices=True, **more)


def found(model, size=(16, 16), **settings):
    return [finding for finding in audit(model, size, **settings) if finding.kind == KIND]


def test_overlapping_windows_are_found():
    (finding,) = found(Net(pool(3, 2, 1)))
    assert (finding.severity, finding.layer) == ("fault", "unpool")
    assert finding.measured == {"kernel": [3, 3], "stride": [2, 2]}


def test_they_do_lose_values():
    pooled, switches = pool(3, 2, 1)(torch.rand(1, 8, 32, 32, generator=torch.Generator().manual_seed(0)))
    kept = (F.max_unpool2d(pooled, switches, 3, 2, 1, output_size=(32, 32)) != 0).sum().item()
    assert kept < 0.8 * pooled.numel()


def test_a_guessed_size_is_found_at_the_size_where_it_is_wrong():
    (finding,) = found(Net(pool(2, ceil_mode=True), given=lambda x: None), (16, 16), sizes=[(16, 17)])
    assert finding.measured == {"pooled_from": [16, 17], "unpooled_to": [16, 18]}


def test_a_given_size_that_is_not_the_pooled_maps_is_found():
    (finding,) = found(Net(pool(2), given=lambda x: (x.shape[-2] + 1, x.shape[-1] + 1)), (16, 16), sizes=[])
    assert "given as 17×17" in finding.message


@pytest.mark.parametrize(
    "model",
    [
        Net(pool(2)),
        Net(pool(2, ceil_mode=True)),
        Net(pool(2, 3)),  # gaps lose nothing that was pooled
        Net(pool(2), given=lambda x: None, pad=True),  # a guess that is always right
    ],
)
def test_switches_that_fit_are_silent(model):
    assert found(model) == []
