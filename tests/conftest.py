import pytest
import torch

# One process a core is faster than two that share every core; xdist does not tell torch.
torch.set_num_threads(1)


@pytest.hookimpl(trylast=True)  # after pytest has put together what shares a fixture
def pytest_collection_modifyitems(items):
    """The slow ones first: a minute of one process that begins last would be a minute of waiting for the other."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
