"""Pictures continued to a size that a network knows."""

import torch
from torch import nn

from segviz.lessons.continued import Continued


def test_the_network_sees_the_mirrored_picture_and_the_logits_are_cropped():
    seen = []

    class Seen(nn.Module):
        def forward(self, x):
            seen.append(x)
            return x

    x = torch.arange(35.0).view(1, 1, 5, 7)
    assert torch.equal(Continued(Seen(), step=4)(x), x)
    assert seen[0].shape == (1, 1, 8, 8)
    assert torch.equal(seen[0][..., 5:, :7], x[..., [3, 2, 1], :])


def test_a_size_that_fits_is_left_alone():
    model = nn.Conv2d(3, 2, 3, padding=1)
    x = torch.rand(1, 3, 8, 16)
    assert torch.equal(Continued(model, step=8)(x), model(x))


def test_it_is_in_the_mode_of_its_network():
    assert not Continued(nn.Conv2d(3, 2, 3).eval(), step=8).training
