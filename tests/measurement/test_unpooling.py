"""Unpooling with overlapping windows: the matrix is that of the layer, which PyTorch's derivative is not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import connectivity


@pytest.fixture(autouse=True)
def one_thread():
    """Several threads race for a place that two values claim."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def differences(layer, values):
    """What a step in each value moves, each by itself: the layer is linear, so any step is exact."""
    columns = []
    for pixel in range(values[0, 0].numel()):
        step = torch.zeros_like(values)
        step.flatten(2)[..., pixel] = 1.0
        columns.append((layer(values + step) - layer(values)).sum(1).flatten())
    return torch.stack(columns, 1)


def test_two_switches_to_one_place_give_9_and_not_18():
    values, switches = torch.full((1, 1, 1, 2), 9.0), torch.tensor([[[[2, 2]]]])

    def unpool(x):
        return F.max_unpool2d(x, switches, (1, 3), stride=(1, 2))

    seen = connectivity(unpool, values)
    assert unpool(values).flatten().tolist() == [0, 0, 9, 0, 0]
    assert (seen.matrix @ values.double().flatten()).tolist() == [0, 0, 9, 0, 0]
    assert seen.inputs_of(0, 2) == [(0, 1)] and seen.outputs_of(0, 0) == []


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (3, 1), (2, 1), (5, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_matrix_is_what_a_step_in_each_value_moves(kernel, stride, channels):
    generator = torch.Generator().manual_seed(kernel + 10 * stride)
    image = torch.rand(1, channels, 7, 7, generator=generator, dtype=torch.float64)
    pooled, switches = F.max_pool2d(image, kernel, stride, return_indices=True)

    def unpool(x):
        return F.max_unpool2d(x, switches, kernel, stride, output_size=(7, 7))

    seen = connectivity(unpool, pooled)
    assert torch.allclose(seen.matrix, differences(unpool, pooled))
    if channels == 1:
        assert torch.allclose(seen.matrix @ pooled.flatten(), unpool(pooled).flatten())
    assert torch.equal(seen.connected, differences(lambda x: unpool(x), pooled) != 0)


class AutoEncoder(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.pool = nn.MaxPool2d(kernel, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(kernel, 2)

    def forward(self, x):
        pooled, switches = self.pool(x)
        return self.unpool(pooled, switches, output_size=x.shape[-2:])


def test_of_a_pool_and_its_unpooling_each_maximum_feeds_its_place_once():
    torch.manual_seed(0)
    image = torch.rand(1, 1, 9, 9)
    matrix = connectivity(AutoEncoder(3), image).matrix
    assert set(matrix.unique().tolist()) == {0, 1}
    assert torch.equal((matrix @ image.double().flatten()).float(), AutoEncoder(3)(image).flatten())
    assert torch.equal(matrix, torch.diag(matrix.diagonal()))


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch.jit, in newer releases
def test_scripted_code_that_unpools_overlapping_windows_is_refused_by_name_and_other_measured():
    image = torch.rand(1, 1, 9, 9, generator=torch.Generator().manual_seed(0))

    def autoencoder(x: torch.Tensor, kernel: int) -> torch.Tensor:
        pooled, switches = F.max_pool2d_with_indices(x, kernel, 2)
        return torch._C._nn.max_unpool2d(pooled, switches, [9, 9])

    scripted = torch.jit.script(autoencoder)
    traced = torch.jit.trace(lambda x: scripted(x, 3), image)
    for op in (traced, lambda x: traced(x)):
        with pytest.raises(ValueError, match=r"^op unpools overlapping windows in scripted code.*before torch\.jit"):
            connectivity(op, image)
    separate = torch.jit.trace(lambda x: scripted(x, 2), image)
    assert torch.equal(connectivity(separate, image).matrix, connectivity(AutoEncoder(2), image).matrix)
