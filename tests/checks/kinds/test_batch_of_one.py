"""Training on one picture."""

import pytest
from torch import nn

from segviz import audit
from segviz.layers import BatchNorm2d

KIND = "batch-of-one"


class Pooled(nn.Module):
    def __init__(self, norm, size=1):
        super().__init__()
        self.image = nn.Sequential(nn.AdaptiveAvgPool2d(size), nn.Conv2d(3, 4, 1), norm)
        self.score = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.score(nn.functional.interpolate(self.image(x), x.shape[-2:]))


def found(model):
    return [finding for finding in audit(model, (8, 8)) if finding.kind == KIND]


def test_batch_norm_behind_a_global_pool_is_a_note():
    (finding,) = found(Pooled(nn.BatchNorm2d(4)))
    assert (finding.severity, finding.layer) == ("note", "image.2")
    assert "Expected more than 1 value per channel" in finding.message


@pytest.mark.parametrize("model", [Pooled(nn.Identity()), Pooled(nn.BatchNorm2d(4), 2), Pooled(BatchNorm2d(4))])
def test_what_trains_on_one_picture_is_silent(model):
    assert found(model) == []
