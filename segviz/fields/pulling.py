"""Pulling units back through the traced maps to the input: over the map, or along one axis alone."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .maps import Edge, Node, ancestors
from .relations import Window, grows_with_the_map, pull, pull_kernel

MAX_PHASES = 64


def pull_back(node: Node, outputs: NDArray, pull_edge: Callable[[NDArray, Edge], NDArray]) -> NDArray:
    """From a node's units to the input's pixels, later nodes first; where paths meet they add up."""
    pending = {node: outputs}
    while True:
        node = max(pending, key=lambda waiting: waiting.index)
        outputs = pending.pop(node)
        if not node.edges:
            return outputs
        for edge in node.edges:
            inputs = pull_edge(outputs, edge)
            pending[edge.source] = pending[edge.source] + inputs if edge.source in pending else inputs


def reach(outputs: NDArray, edge: Edge) -> NDArray:
    """The inputs that the outputs read."""
    return pull(pull(outputs, edge.rows, 0), edge.cols, 1)


def energy(outputs: NDArray, edge: Edge) -> NDArray:
    """The outputs' energy, handed on to the inputs."""
    gain = edge.gain() if callable(edge.gain) else edge.gain
    if edge.kernel is None:
        return gain * reach(outputs, edge)
    assert isinstance(edge.rows, Window) and isinstance(edge.cols, Window)
    return gain * pull_kernel(outputs, edge.rows, edge.cols, edge.kernel())


# --- One axis at a time ---------------------------------------------------------------------------------------


def field_along(axis: int, node: Node):
    """Size, stride, padding and phases; None where the map is too small to tell."""
    step = node.jump[axis]
    stride = _in_the_limit(step)
    units, phases = node.size[axis], _period(axis, node)
    first = units // 2 // phases * phases
    outputs = np.eye(phases, units, first, dtype=bool)
    reached, everything = _reach_along(axis, node, outputs)
    if everything:
        return math.inf, _plain(stride), math.inf, (math.inf,)
    if reached[:, [0, -1]].any():
        return None
    seen = [row.nonzero()[0].tolist() for row in reached]
    sizes = tuple(pixels[-1] + 1 - pixels[0] if pixels else 0 for pixels in seen)
    padding = max((step * (first + phase) - pixels[0] for phase, pixels in enumerate(seen) if pixels), default=0)
    return max(sizes), _plain(stride), _plain(padding if step == stride else round(padding)), sizes


def _reach_along(axis: int, node: Node, outputs: NDArray) -> tuple[NDArray, bool]:
    everything = False

    def pull_edge(outputs: NDArray, edge: Edge) -> NDArray:
        nonlocal everything
        relation = (edge.rows, edge.cols)[axis]
        everything |= grows_with_the_map(relation) and bool(outputs.any())
        return pull(outputs, relation, 1)

    return pull_back(node, outputs, pull_edge), everything


def _period(axis: int, node: Node) -> int:
    """After how many units the pattern of what they see repeats: the coarsest step below, in steps of this map."""
    jumps = {id(ancestor.jump): ancestor.jump[axis] for ancestor in ancestors(node)}  # most maps share their step
    steps = {_in_the_limit(step) for step in jumps.values()}
    exact = [step for step in steps if isinstance(step, Fraction)]
    coarsest = Fraction(math.lcm(*(step.numerator for step in exact)), math.gcd(*(step.denominator for step in exact)))
    return max(1, min(MAX_PHASES, node.size[axis], math.ceil(abs(float(coarsest / _in_the_limit(node.jump[axis]))))))


def _in_the_limit(step: Fraction | float) -> Fraction | float:
    """A step on an endless map: where rounded-up sizes are resized, 2049 to 16384, an eighth is meant.

    What is a plain fraction already is meant as it stands; 340/341, of a map of 1024, stands for 1.
    """
    if not isinstance(step, Fraction) or step.denominator <= 256:
        return step
    return step.limit_denominator(64)


def _plain(number: Fraction | float) -> int | float:
    return int(number) if number != math.inf and number == int(number) else float(number)
