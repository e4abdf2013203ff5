"""Chains of dilated 3×3 convolutions: small enough to train in a second, plain enough to reason about."""

import torch
from torch import Tensor, nn

from segviz.fields import effective_receptive_field, support


def chain(*rates: int, width: int = 8) -> nn.Sequential:
    """A 3×3 convolution with ReLU for each rate, of one input channel and `width` channels from there on.

    Maps keep their size: (N, 1, H, W) becomes (N, width, H, W).

    >>> chain(1, 5)(torch.zeros(1, 1, 4, 6)).shape
    torch.Size([1, 8, 4, 6])
    """
    layers: list[nn.Module] = []
    channels = 1
    for rate in rates:
        layers += [nn.Conv2d(channels, width, 3, padding=rate, dilation=rate), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers)


def field_of(*rates: int) -> int:
    """The side of the receptive field of such a chain.

    >>> field_of(1, 2, 5)
    17
    """
    return 1 + 2 * sum(rates)


def seen_by(*rates: int) -> Tensor:
    """Which pixels of its receptive field's box a unit sees: a bool map as large as the box.

    >>> seen_by(2).int().tolist()
    [[1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [1, 0, 1, 0, 1]]
    """
    side = field_of(*rates)
    return support(chain(*rates, width=1), (side, side))


def weights_of(*rates: int) -> Tensor:
    """The effective receptive field of a chain whose weights are all equal: shares (H, W) of its box, adding up to 1.

    >>> weights_of(3).sum(0)
    tensor([0.3333, 0.0000, 0.0000, 0.3333, 0.0000, 0.0000, 0.3333],
           dtype=torch.float64)
    """
    layers, side = chain(*rates, width=1), field_of(*rates)
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.fill_(1)
    return effective_receptive_field(layers, (side, side))
