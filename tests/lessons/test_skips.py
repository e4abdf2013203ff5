"""What chapter 5 asks of networks, against their formulas."""

import pytest
import torch

from segviz import create_model
from segviz.lessons.skips import dense_connections, sizes_taken


def paper():
    with torch.device("meta"):
        return create_model("unet", 2, in_channels=1, width=0.01, padding="valid")


def test_the_real_network_takes_the_sizes_of_the_formula_up_to_1000():
    model = paper()
    found = sizes_taken(model, range(16, 1001))
    assert found == list(range(188, 1001, 16)) == [n for n in range(1001) if n % 16 == 12 and n >= 188]
    assert model.mirrors and not model.pool._forward_pre_hooks


@pytest.mark.parametrize(("depth", "blocks"), [(56, [4] * 11), (103, [4, 5, 7, 10, 12, 15, 12, 10, 7, 5, 4])])
def test_a_block_of_n_layers_has_every_pair(depth, blocks):
    with torch.device("meta"):
        model = create_model(f"fcdensenet{depth}")
    assert dense_connections(model) == sum(n * (n + 1) // 2 for n in blocks)
