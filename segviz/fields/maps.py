"""Maps: which pixels of which earlier maps each one reads. All channels of a position are taken together."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from numpy.typing import NDArray

from .relations import Relation

Size = tuple[int, int]
# How many input pixels one step on a map is, along each axis; infinite below a global pool.
Jump = tuple[Fraction | float, Fraction | float]


class UnsupportedOperation(ValueError):
    """An operation whose reach over the map is not known."""


class Edge(NamedTuple):
    """One way in which a node reads an earlier one. The two callables give energies, and run only if asked for."""

    source: "Node"
    rows: Relation = None
    cols: Relation = None
    gain: Callable[[], float] | float = 1.0
    kernel: Callable[[], NDArray] | None = None


_numbers = itertools.count()


@dataclass(eq=False, slots=True)
class Node:
    """One map, never changed. Only the input's has no edges."""

    size: Size
    jump: Jump
    edges: tuple[Edge, ...] = ()
    index: int = field(default_factory=_numbers.__next__)


def ancestors(node: Node, *, until: Node | None = None) -> set[Node]:
    """The node and all that it reads, directly or through others; behind `until` the search ends."""
    found, waiting = {node}, [node]
    while waiting:
        read = waiting.pop()
        for edge in () if read is until else read.edges:
            if edge.source not in found:
                found.add(edge.source)
                waiting.append(edge.source)
    return found
