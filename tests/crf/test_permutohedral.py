"""The permutohedral lattice against hand cases, the geometry it must satisfy, and the sum over all pairs."""

import pytest
import torch

from segviz.crf.mean_field import gaussian_sum
from segviz.crf.permutohedral import Permutohedral, _elevate, _enclosing_simplices


def features_of(points, dimensions, *, spread=3.0, seed=0):
    return spread * torch.randn(points, dimensions, generator=torch.Generator().manual_seed(seed))


def matrix_of(kernel, points):
    return kernel(torch.eye(points))


# --- Tiny hand cases ----------------------------------------------------------------------------------


def test_a_lone_point_on_a_vertex_hears_its_own_echo():
    # On a line the simplex has two vertices, and the point sits on one. Blurred one way, half goes to the other vertex;
    # blurred the other way, half of that comes back: 1 + ½ · ½.
    assert Permutohedral(torch.zeros(1, 1))(torch.tensor([[4.0, 8.0]])).tolist() == [[5.0, 10.0]]


def test_points_on_one_spot_read_the_same_sum():
    out = Permutohedral(torch.zeros(3, 2))(torch.tensor([[1.0], [2.0], [4.0]]))
    assert out.flatten().tolist() == [out[0].item()] * 3
    assert out[0] >= 7


def test_a_deviation_on_a_line_becomes_two_opposite_coordinates():
    # The scale is √(2/3) · 2 and the first axis is divided by √(1 · 2): 2 / √3.
    assert torch.allclose(_elevate(torch.tensor([[1.0]])), torch.tensor([[2.0, -2.0]]) / 3**0.5)


def test_points_far_apart_do_not_hear_each_other():
    out = Permutohedral(torch.tensor([[0.0, 0.0], [100.0, 100.0]]))(torch.tensor([[1.0], [0.0]]))
    assert out[0] > 0
    assert out[1] == 0


# --- Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("far", [1e6, 1e30, torch.inf])
def test_features_spread_too_far_to_number_are_refused(far):
    features = torch.zeros(2, 5)
    features[1] = far
    with pytest.raises(ValueError, match=r"features spread over .* divide them by larger standard deviations"):
        Permutohedral(features)


# --- Properties ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_barycentric_weights_are_a_partition(dimensions):
    _, weights, _ = _enclosing_simplices(features_of(500, dimensions))
    assert weights.min() > -1e-5
    assert torch.allclose(weights.sum(dim=1), torch.ones(500), atol=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 5])
def test_vertices_under_their_weights_give_the_point_back(dimensions):
    # A code is linear in the vertex's coordinates: the point's own code must be the weighted mean of its vertices'.
    features = features_of(500, dimensions)
    codes, weights, steps = _enclosing_simplices(features)
    place = (steps.double() - steps[-1].double()) / (dimensions + 1)
    of_points = _elevate(features).double() @ place
    of_vertices = (codes.double() * weights.double()).sum(dim=1)
    offset = of_vertices - of_points  # the codes count from the least coordinate
    assert torch.allclose(offset, offset[:1].expand(500), atol=1e-5 * place.abs().max().item(), rtol=0)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_every_vertex_is_its_neighbor_s_neighbor(dimensions):
    lattice = Permutohedral(features_of(300, dimensions, spread=1))
    missing = len(lattice.blur_weights) - 1
    for neighbors in lattice.neighbors:
        before, itself, after = neighbors.T
        assert itself.tolist() == list(range(missing + 1))
        there = after[:-1] < missing
        assert there.any()
        assert (before[after[:-1][there]] == itself[:-1][there]).all()
        assert (before[:-1] < missing).sum() == there.sum()
        assert neighbors[-1].tolist() == [missing] * 3


def test_the_filter_is_linear():
    kernel = Permutohedral(features_of(200, 5))
    a, b = torch.rand(2, 200, 4, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(kernel(2 * a + b), 2 * kernel(a) + kernel(b), atol=1e-4)


def test_scaled_is_the_filter_between_two_scales_and_leaves_the_filter_alone():
    kernel = Permutohedral(features_of(200, 5))
    draw = torch.Generator().manual_seed(1)
    values, before, after = (torch.rand(200, width, generator=draw) for width in (4, 1, 1))
    expected = after * kernel(before * values)
    assert torch.allclose(kernel.scaled(before, after)(values), expected, atol=1e-5)
    assert torch.allclose(after * kernel(before * values), expected)


def test_columns_do_not_mix():
    kernel = Permutohedral(features_of(50, 2))
    values = torch.rand(50, 3, generator=torch.Generator().manual_seed(1))
    alone = torch.cat([kernel(column[:, None].contiguous()) for column in values.T], dim=1)
    assert torch.allclose(kernel(values), alone)


def test_order_of_points_does_not_matter():
    features = features_of(200, 5)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    values = torch.rand(200, 2, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(
        Permutohedral(features[order])(values[order]), Permutohedral(features)(values)[order], atol=1e-4
    )


# --- Independent oracle: the sum over all pairs -------------------------------------------------------


def test_a_dense_plane_of_points_gets_a_gaussian():
    grid = torch.cartesian_prod(torch.arange(30.0), torch.arange(30.0)) / 3
    lattice, exact = matrix_of(Permutohedral(grid), 900), matrix_of(gaussian_sum(grid), 900)
    middle = 15 * 30 + 15
    lattice, exact = lattice[middle] / lattice[middle].sum(), exact[middle] / exact[middle].sum()
    assert (lattice - exact).abs().max() < 0.15 * exact.max()
    assert (lattice - exact).abs().sum() < 0.15


@pytest.mark.parametrize("dimensions", [2, 3, 5])
def test_normalized_filtering_comes_near_the_exact_sum(dimensions):
    features = features_of(2000, dimensions, spread=1)
    values = features[:, :1].tanh().contiguous()
    ones = torch.ones_like(values)
    kernels = Permutohedral(features), gaussian_sum(features)
    lattice, exact = (kernel(values) / kernel(ones) for kernel in kernels)
    assert (lattice - exact).norm() < 0.1 * exact.norm()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_gpu_gives_the_cpu_s_sums():
    features = features_of(5000, 5)
    values = torch.rand(5000, 21, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(
        Permutohedral(features.cuda())(values.cuda()).cpu(), Permutohedral(features)(values), atol=1e-3
    )
