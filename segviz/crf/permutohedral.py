"""A Gaussian filter over scattered points in time linear in their number: the permutohedral lattice.

Adams, Baek and Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice", Eurographics 2010.

Every point lies in one simplex of a lattice and shares its value among that simplex's d + 1 vertices (**splat**);
the vertices mix with their neighbors along each of d + 1 directions (**blur**); every point reads its own vertices
back (**slice**). Each of the three is a sparse matrix times the values, so each is one weighted sum of rows. PyTorch
has that sum fused, for CPU and GPU, under the name of its best known use, ``embedding_bag``.

The vertices, their weights and their order are those of Krähenbühl and Koltun's C++ library. Where that library
keeps vertices in a hash table, this file gives each one a whole number that is linear in its coordinates: sorting
puts equal vertices side by side, and every neighbor is found at the same difference.
"""

import math
from collections.abc import Callable
from copy import copy
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor


class Permutohedral:
    """A filter from (N, K) to (N, K) values that adds them up under a Gaussian of the distance between N points.

    Args:
        features: (N, d) float32, each axis divided by its standard deviation. ``ValueError`` when they spread so far
            that lattice vertices cannot be numbered in 64 bits.

    The result is exp(−½ |f − g|²) summed over all points g, up to a constant factor and to the lattice's own error of
    a few percent; a point hears itself too. Points on one spot share everything:

        >>> average = Permutohedral(torch.zeros(2, 3))
        >>> out = average(torch.tensor([[1.0], [3.0]]))
        >>> bool(out[0] == out[1])
        True
    """

    def __init__(self, features: Tensor):
        codes, self.weights, steps = _enclosing_simplices(features)
        ordered, source = codes.flatten().sort(stable=True)
        vertices, rank, counts = ordered.unique_consecutive(return_inverse=True, return_counts=True)

        # Indices in 32 bits: in the sums they are half of what is read beside the values.
        self.corners = torch.empty_like(rank).scatter_(0, source, rank).view_as(codes).int()  # (N, d + 1)
        self.members = (source // codes.shape[1]).int()  # the points around vertex 0, around vertex 1, …
        self.member_weights = self.weights.flatten()[source]
        # One bag more than there are vertices: it is empty, and stands for every neighbor that does not exist.
        self.starts = F.pad(counts.cumsum(0), (1, 0)).int()
        self.neighbors = [_neighbors(vertices, step).int() for step in steps]
        self.blur_weights = features.new_tensor([0.5, 1.0, 0.5]).repeat(len(vertices) + 1, 1)

    def __call__(self, values: Tensor) -> Tensor:
        return self.reader(values)(slice(None))

    def reader(self, values: Tensor) -> Callable[[slice], Tensor]:
        """What gives the sums of some points: the lattice is filled now, and read when that is called."""
        vertices = self._blur(self._splat(values))
        return lambda points: _weighted_sum(vertices, self.corners[points], self.weights[points])

    def scaled(self, before: Tensor, after: Tensor) -> Self:
        """This filter with each point's values (N, K) times ``before`` (N, 1), and its sums times ``after`` (N, 1).

        Both go into the weights of splat and slice, so that they cost no pass over the values.
        """
        twin = copy(self)
        twin.member_weights = self.member_weights * before.flatten()[self.members]
        twin.weights = self.weights * after
        return twin

    def _splat(self, values: Tensor) -> Tensor:
        return _weighted_sum(values, self.members, self.member_weights, self.starts)

    def _blur(self, values: Tensor) -> Tensor:
        for neighbors in self.neighbors:
            values = _weighted_sum(values, neighbors, self.blur_weights)
        return values


def _weighted_sum(rows: Tensor, which: Tensor, weights: Tensor, starts: Tensor | None = None) -> Tensor:
    return F.embedding_bag(which, rows, starts, per_sample_weights=weights, mode="sum")


def _enclosing_simplices(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The vertices around each point, as codes (N, d + 1); their barycentric weights (N, d + 1), adding up to 1; and
    what each of the d + 1 directions adds to a code."""
    d = features.shape[1]
    elevated = _elevate(features).T.contiguous()  # (d + 1, N): sums over long rows are quick
    whole = (elevated * (1 / (d + 1))).round()
    zero_vertex = whole * (d + 1)
    place = _place_values(zero_vertex)
    rest = elevated - zero_vertex
    rank = _ranks(rest)

    # Rounding axis by axis can leave the plane in which coordinates add up to 0. Turning the ranking by the excess
    # leads back: whatever goes over one end of the ranking moves by d + 1.
    turned = rank + whole.sum(dim=0)
    moved = (d + 1) * (turned / (d + 1)).floor()  # −(d + 1), 0 or d + 1
    rank = (turned - moved).long()
    rest = torch.empty_like(rest).scatter_(0, rank, (rest + moved) / (d + 1))

    weights = torch.empty_like(rest)
    weights[0] = 1 + rest[-1] - rest[0]
    weights[1:] = (rest[:-1] - rest[1:]).flip(0)

    # A vertex is known by its first d coordinates, so the last one counts for nothing in the code.
    codes = torch.empty_like(rank)
    zero_vertex, lowest = zero_vertex.long(), zero_vertex.min().long()
    codes[0] = ((zero_vertex - lowest - moved.long()) * place[:, None]).sum(dim=0)
    # From each vertex to the next, every coordinate gains 1 and the one ranked last of those left loses d + 1.
    ranked = torch.empty_like(rank).scatter_(0, rank, place[:, None].expand_as(rank))
    for vertex in range(1, d + 1):
        codes[vertex] = codes[vertex - 1] + place.sum() - (d + 1) * ranked[d + 1 - vertex]
    return codes.T.contiguous(), weights.T.contiguous(), (d + 1) * place - place.sum()


def _ranks(rows: Tensor) -> Tensor:
    """How many rows of (d + 1, N) are larger, column by column; of equal ones the first counts as larger."""
    ranks = torch.zeros_like(rows, dtype=torch.int8)
    for after in range(1, len(rows)):
        larger = rows[after] > rows[:after]
        ranks[:after] += larger
        ranks[after] = after - larger.sum(dim=0, dtype=torch.int8)
    return ranks


def _place_values(coordinates: Tensor) -> Tensor:
    """What each of the d + 1 coordinates, (d + 1, N), is worth in a code, such that no two vertices within reach share
    one."""
    d = len(coordinates) - 1
    reach = (coordinates.max() - coordinates.min()).item() + 6 * (d + 1)
    if not reach < 2 ** (63 / d):
        raise ValueError(
            f"features spread over {reach:.4g} lattice steps, more than can be numbered in 64 bits in {d} dimensions "
            f"({2 ** (63 / d):.4g}): divide them by larger standard deviations"
        )
    return torch.tensor([int(reach) ** axis for axis in range(d)] + [0], device=coordinates.device)


def _elevate(features: Tensor) -> Tensor:
    """The points (N, d) in d + 1 coordinates that add up to 0, at the scale where the blur has unit deviation."""
    d = features.shape[1]
    # Rounded and added up as the library does, so that a point between two simplices falls into the same one.
    scale = torch.tensor(math.sqrt(2 / 3) * (d + 1), dtype=torch.float32).item()
    scaled = features * features.new_tensor([scale / math.sqrt((i + 1) * (i + 2)) for i in range(d)])
    later = torch.zeros_like(scaled[:, 0])
    coordinates = []
    for axis in reversed(range(d)):
        coordinates.append(later - (axis + 1) * scaled[:, axis])
        later = later + scaled[:, axis]
    return torch.stack([later, *reversed(coordinates)]).T


def _neighbors(vertices: Tensor, step: Tensor) -> Tensor:
    """Before, itself and after, along one direction, of each vertex (M + 1, 3); M where there is none."""
    last = len(vertices)
    itself = torch.arange(last, device=vertices.device)
    found = torch.searchsorted(vertices, vertices + step).clamp(max=last - 1)
    exists = vertices[found] == vertices + step

    neighbors = torch.full((last + 1, 3), last, device=vertices.device)
    neighbors[:-1, 1] = itself
    neighbors[:-1, 2] = torch.where(exists, found, last)
    neighbors[found[exists], 0] = itself[exists]
    return neighbors
