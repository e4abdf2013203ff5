"""Where units look: the middle of each unit's own window, and the center law, layer by layer.

The middle is that of a window: its first and its last input pixel, for every phase of upsampling by itself. The law
is that of weights: with every tap of a layer weighing the same and no border cutting anything, the mean input of unit
u is a straight line, start + step·u, and each layer moves that line by its own kernel, stride and padding
(Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019).
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .maps import Edge, Node, ancestors
from .pulling import _in_the_limit, _period, pull_back
from .relations import Everything, Relation, Table, Window, grows_with_the_map, pull

# --- The middle of a unit's window ----------------------------------------------------------------------------------


class Middles:
    """The middles of all units' windows along both axes, found when first asked for."""

    def __init__(self, node: Node):
        self._node: Node | None = node
        self._axes: list[tuple[float, list[float]]] = []

    def of(self, unit: tuple[int, int]) -> tuple[float, float]:
        return self._along(0, unit[0]), self._along(1, unit[1])

    def _along(self, axis: int, unit: int) -> float:
        step, middles = self._found()[axis]
        period, phase = divmod(unit, len(middles))
        return middles[phase] + period * len(middles) * step

    def _found(self) -> list[tuple[float, list[float]]]:
        if self._node is not None:
            self._axes = [middles_along(axis, self._node) for axis in (0, 1)]
            self._node = None
        return self._axes

    def __getstate__(self) -> dict:  # a node cannot be pickled
        return {"_node": None, "_axes": self._found()}


def middles_along(axis: int, node: Node) -> tuple[float, list[float]]:
    """The step from one unit to the next, and the middle of the windows of units 0, 1, … up to a whole period.

    They are read off in the middle of the map, where no border cuts them. What sees everything is left out; NaN
    where nothing else is left.
    """
    step, phases = float(_in_the_limit(node.jump[axis])), _period(axis, node)
    first = node.size[axis] // 2 // phases * phases
    reached = pull_back(node, np.eye(phases, node.size[axis], first, dtype=bool), _unless_global(axis))
    seen = [row.nonzero()[0] for row in reached]
    return step, [float(pixels[0] + pixels[-1]) / 2 - first * step if pixels.size else math.nan for pixels in seen]


def _unless_global(axis: int):
    def pull_edge(outputs: NDArray, edge: Edge) -> NDArray:
        relation = (edge.rows, edge.cols)[axis]
        if grows_with_the_map(relation):
            return np.zeros((*outputs.shape[:-1], edge.source.size[axis]), bool)
        return pull(outputs, relation, 1)

    return pull_edge


# --- The center law -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Law:
    """Along one axis: unit u looks at start + step·u, on the average over the phases of any upsampling.

    `coarsest`: the largest step on the way, `extent`: about how many input pixels a unit sees; of several branches
    the one with the least is the finest. `clear`: the units, first and last, that no resize holds at its rim.
    """

    start: float
    step: float
    coarsest: float
    extent: float
    clear: tuple[float, float]

    def at(self, unit: float) -> float:
        return self.start + self.step * unit


def center_laws(node: Node) -> tuple[Law | None, Law | None]:
    """The law of a node's units along rows and columns; None where they see everything or nothing."""
    order = sorted(ancestors(node), key=lambda ancestor: ancestor.index)
    found = []
    for axis in (0, 1):
        laws: dict[Node, Law | None] = {}
        for ancestor in order:
            laws[ancestor] = _law_of(axis, ancestor, laws)
        found.append(laws[node])
    return found[0], found[1]


def _law_of(axis: int, node: Node, laws: dict[Node, Law | None]) -> Law | None:
    last = node.size[axis] - 1
    if not node.edges:
        return Law(0.0, 1.0, 1.0, 1.0, (0.0, last))
    branches = []
    for edge in node.edges:
        law, relation = laws[edge.source], (edge.rows, edge.cols)[axis]
        beyond = None if law is None else _through(relation, law, node.size[axis])
        if beyond is not None:
            low, high = beyond.clear
            coarsest = max(beyond.coarsest, abs(beyond.step))
            branches.append(replace(beyond, coarsest=coarsest, clear=(max(low, 0.0), min(high, last))))
    return min(branches, key=lambda law: (law.coarsest, law.extent), default=None)


def _through(relation: Relation, law: Law, size: int) -> Law | None:
    """The law behind one layer whose outputs are `size` in number."""
    if relation is None:
        return law
    if isinstance(relation, Everything):
        return None
    if isinstance(relation, Window):
        return _through_window(relation, law, size)
    return _through_table(relation, law, size)


def _through_window(window: Window, law: Law, size: int) -> Law:
    span, everywhere = (window.kernel_size - 1) * window.dilation, (0.0, size - 1.0)
    if window.transposed:
        step = law.step / window.stride
        start = law.start + step * (window.padding - span / 2)
        return Law(start, step, law.coarsest, law.extent + abs(step) * span, everywhere)
    step = law.step * window.stride
    start = law.start + law.step * (span / 2 - window.padding)
    # A crop or a 1×1 reads what a rim holds as it stands; a wider window is taken as if the map went on.
    low, high = law.clear
    moved = ((low + window.padding) / window.stride, (high + window.padding) / window.stride)
    return Law(start, step, law.coarsest, law.extent + abs(law.step) * span, everywhere if span else moved)


def _through_table(table: Table, law: Law, size: int) -> Law | None:
    """A resize and its kind: a straight line whose height is read off over one period in the middle."""
    if table.in_size == 1:
        return None
    reads = _mean_reads(table, size)
    slope, period = _slope(reads, table.step)
    first = (size - period) // 2
    middle = slice(first, first + period)
    offset = float(np.mean((reads - slope * np.arange(size))[middle]))
    low, high = law.clear
    edges = (max(low, 0.0), min(high, table.in_size - 1.0))
    clear = ((edges[0] - offset) / slope - 1e-6, (edges[1] - offset) / slope + 1e-6)
    extent = law.extent + abs(law.step) * max(1.0, slope)
    return Law(law.at(offset), law.step * slope, law.coarsest, extent, clear)


def _slope(reads: NDArray, step: Fraction) -> tuple[float, int]:
    """The step between neighbors and after how many it repeats: read off where it is even, as between two scales."""
    steps = np.diff(reads)[len(reads) // 4 : -(len(reads) // 4) or None]
    if len(steps) >= 3 and np.ptp(steps) < 1e-9 and steps[0] > 0:
        return float(steps.mean()), 1
    return float(step), min(step.denominator, len(reads))


def _mean_reads(table: Table, size: int) -> NDArray:
    """Where each output reads on the average; the squared weights that a table holds are unsquared."""
    counts = np.diff(np.append(table._starts, len(table._out_index)))
    in_index, weights = np.repeat(table._inputs, counts), np.sqrt(table._energy)
    total = np.bincount(table._out_index, weights, size)
    return np.bincount(table._out_index, weights * in_index, size) / np.where(total > 0, total, 1.0)
