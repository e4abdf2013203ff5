"""Supports of drawn networks against their gradients: no pixel missed, and none too many."""

import random

import pytest
import torch
from torch import nn

from segviz import support
from segviz.fields.maps import UnsupportedOperation
from segviz.fields.rules import RULES, rule_of
from segviz.fields.tensors import Traced
from tests.fields.drawn import CHANNELS, KINDS, Drawn, gradients, maxima, output_size

pytestmark = pytest.mark.filterwarnings("ignore")


def agrees(net: nn.Module, size: tuple[int, int], at: tuple[int, int], draws: int) -> bool:
    """Whether the support is where gradients are; more inputs are drawn while some pixel has none yet."""
    seen, net = support(net, size, at=at), net.double()
    found = torch.zeros_like(seen)
    for _ in range(draws):
        found |= gradients(net, size, at, 1)
        if torch.equal(found, seen):
            return True
    return False


def check(rng: random.Random, count: int, kinds=KINDS, draws: int = 30) -> dict[str, int]:
    counts = {"right": 0, "refused": 0}
    while sum(counts.values()) < count:
        net, size = Drawn(rng, kinds).eval(), (rng.randint(5, 11), rng.randint(5, 11))
        units = output_size(net, size)
        if units is None:
            continue  # a kernel larger than its map
        at = (rng.randrange(units[0]), rng.randrange(units[1]))
        try:
            assert agrees(net, size, at, draws), (net, size, at)
            counts["right"] += 1
        except UnsupportedOperation:
            counts["refused"] += 1
        except RuntimeError as error:  # a gradient that PyTorch does not give
            assert "inplace operation" in str(error) or "derivative" in str(error)
    return counts


def test_supports_equal_the_gradients_of_drawn_networks():
    torch.manual_seed(0)
    counts = check(random.Random(0), 120)
    assert counts["refused"] <= 3


def test_supports_equal_the_gradients_of_networks_with_maxima():
    torch.manual_seed(1)
    counts = check(random.Random(1), 20, [maxima, *KINDS[:1]], draws=60)
    assert counts["refused"] <= 2


@pytest.mark.long
def test_supports_equal_the_gradients_of_thousands_of_drawn_networks():
    """`pytest tests/fields/test_drawn.py -m long`"""
    torch.manual_seed(2)
    counts = check(random.Random(2), 5000)
    with_maxima = check(random.Random(3), 500, [maxima, *KINDS], draws=100)
    assert counts["refused"] + with_maxima["refused"] <= 55


def test_every_rule_of_the_table_is_drawn():
    torch.manual_seed(4)
    used: set[str] = set()

    def noting(operation):
        name = operation._overloadpacket.__name__
        used.update({name, name.removesuffix("_")})
        return rule_of(operation)

    Traced.rules = staticmethod(noting)
    try:
        for seed in range(3):
            for kind in (*KINDS, maxima):
                for layer in kind(random.Random(seed)):
                    net = nn.Sequential(nn.Conv2d(2, CHANNELS, 3, padding=1), layer).eval()
                    if output_size(net, (8, 6)):
                        support(net, (8, 6))
    finally:
        Traced.rules = staticmethod(rule_of)
    assert set(RULES) <= used, set(RULES) - used
