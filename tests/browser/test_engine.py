"""The engine in a real browser beside PyTorch: the layers of every network, and each operation by itself."""

import pytest
from engine_pages import EnginePage, compared, worst

from segviz import create_model, list_models
from segviz.data import Scenes
from segviz.widgets.engine.packing import shipped_file, unpacked


@pytest.fixture(scope="module")
def page(browser):
    opened = EnginePage(browser)
    yield opened
    opened.close()


def some(names, most):
    """At most so many of the names of modules, spread over the network."""
    run = [name for name, value in names.items() if name and value is not None]
    return run[:: -(-len(run) // most)]


@pytest.mark.parametrize("name", list_models())
def test_the_layers_of_a_shipped_network_are_pytorchs(page, name):
    file, model = shipped_file(name), create_model(name, weights="scenes").eval()
    side = max(64, model.min_size)
    picture = Scenes(1, size=(side, side + 13), seed=7)[0][0][None]
    result = compared(page, file, some(unpacked(file)[0]["names"], 24), model, picture)
    share, layer = worst(result)
    assert share <= 1e-4, layer
    assert result["labels"] >= (0.995 if result["switches"] else 0.999)
    assert result["flipped"] <= 0.001 * result["switches"]
