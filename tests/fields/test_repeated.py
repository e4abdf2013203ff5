"""A call that comes again is answered as the first one was, with weights of its own."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import effective_receptive_field, receptive_field, support
from segviz.fields import repeated
from tests.fields.drawn import Function

SIZE = (24, 24)


def forgotten(ask, network):
    repeated._noted.clear()
    return ask(network, SIZE)


def alike():
    """Two layers of the same kind, and of other weights."""
    layers = [nn.Conv2d(4, 4, 3, padding=1, bias=False) for _ in range(3)]
    norms = [nn.BatchNorm2d(4) for _ in range(3)]
    for number, (layer, norm) in enumerate(zip(layers, norms, strict=True)):
        nn.init.uniform_(layer.weight[:, :, :, number], 3, 4)
        nn.init.constant_(norm.weight, 1 + number)
    return nn.Sequential(*(layer for pair in zip(layers, norms, strict=True) for layer in pair)).eval()


def test_layers_of_one_shape_keep_their_own_weights():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), alike())
    alone = nn.Sequential(network[0], *network[1])
    first, again = forgotten(effective_receptive_field, alone), effective_receptive_field(alone, SIZE)
    assert torch.equal(first, again)
    # Of three layers, one leans to the left, one not at all, one to the right: none of them stands for all.
    leaning = [effective_receptive_field(alone[: 2 * k + 2], SIZE).sum(0) for k in range(3)]
    places = torch.arange(SIZE[1], dtype=torch.float64)
    shifts = [((row * places).sum() - SIZE[1] // 2).item() for row in leaning]
    assert shifts[0] < -0.5 and shifts[1] == pytest.approx(shifts[0], abs=0.2) and abs(shifts[2]) < abs(shifts[0]) / 2


def test_a_change_of_weights_is_seen():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False), nn.BatchNorm2d(1)).eval()
    before = effective_receptive_field(network, SIZE)
    with torch.no_grad():
        network[0].weight.zero_()[0, 0, 1, 1] = 1.0
    assert not torch.equal(before, effective_receptive_field(network, SIZE))
    assert effective_receptive_field(network, SIZE).max() == 1


def test_what_a_call_reads_is_part_of_it():
    conv, norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)
    wide = nn.Sequential(nn.MaxPool2d(2), nn.Upsample(scale_factor=2), conv)
    assert [receptive_field(network).size[0] for network in (conv, wide, conv)] == [3, 4, 3]
    stepped = nn.Sequential(nn.Conv2d(3, 3, 2, stride=2), conv)
    for size, network in (((32, 32), conv), ((64, 64), stepped), ((32, 32), conv)):  # the same map, in other steps
        assert receptive_field(network, size=size).stride == ((1, 1) if network is conv else (2, 2))
    batch = Function(lambda x, norm: norm(x), norm)
    assert support(batch.eval(), (4, 4)).sum() == 1
    statistics = Function(lambda x, norm: F.batch_norm(x, None, None, norm.weight, norm.bias, True), norm)
    assert support(statistics, (4, 4)).sum() == 16
    assert support(batch, (4, 4)).sum() == 1
    weights = Function(lambda x, conv: F.conv2d(x, conv.weight * x.mean(), None, padding=1), conv)
    assert support(weights, (9, 9)).sum() == 81
    assert support(conv, (9, 9)).sum() == 9


def test_what_does_not_fit_is_refused_each_time():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(5, 4, 1))
    for _ in range(2):
        with pytest.raises(ValueError, match="channel"):
            support(network, (8, 8))
