"""Calls that come again: what a function made of the same shapes in the same places, noted once.

A network is made of a few different layers, and is run again for each of them that is asked for. PyTorch has answered
the first such call, and the rules have said what it reads; the next one differs in its weights alone.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .answers import Shape
from .maps import Edge, Jump, Node, Size, ancestors
from .placing import Placed

# Most calls of a convolutional network. Each has one tensor that comes from the input, and weights whose values no
# rule looks at before energies are asked for.
REPEATED = frozenset([torch.conv2d, F.batch_norm])


class Call(NamedTuple):
    """One call: what of it decides what is read, the map that it reads, and the weights that it uses."""

    key: tuple
    x: Placed
    weights: list[Tensor]


class Outcome(NamedTuple):
    shape: Shape
    placed: Placed
    sized: bool


class _Weight(NamedTuple):
    """Stands for one of a call's weights."""

    number: int


class _Step(NamedTuple):
    """A node to be made. The sources of its edges are numbers, 0 the map that the call reads."""

    size: Size
    jump: Jump
    edges: tuple[tuple[int, Any, Any, Any, Any], ...]


class _Noted(NamedTuple):
    jump: Jump
    shape: Shape
    placed: Placed
    sized: bool
    steps: list[_Step]


_MOST = 4096
_noted: dict[tuple, _Noted] = {}


def call_of(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], kind: type[Tensor]) -> Call | None:
    """None for a call that is not to be noted, with none or several tensors that come from the input (of `kind`)."""
    x, weights, key = None, [], [func, *kwargs]
    for value in (*args, *kwargs.values()):
        if type(value) is kind:
            if x is not None or value.placed.node is None or value.view_of is not None:  # type: ignore[attr-defined]
                return None
            x = value.placed  # type: ignore[attr-defined]
            key += (value.described, x.layout, x.node.size)  # type: ignore[attr-defined]
        elif isinstance(value, Tensor):
            weights.append(value)
            key += (value.shape, value.dtype)
        else:
            key.append(tuple(value) if type(value) is list else value)
    return None if x is None else Call(tuple(key), x, weights)


def outcome(call: Call) -> Outcome | None:
    """What came of such a call before, with this one's map and weights."""
    noted = _noted.get(call.key)
    node = call.x.node
    assert node is not None
    if noted is None or noted.jump != node.jump:
        return None
    nodes = [node]
    for size, jump, edges in noted.steps:
        # Where a step leaves the step between units as it is, the very same one is kept: it is compared by identity.
        nodes.append(
            Node(
                size,
                node.jump if jump is noted.jump else jump,
                tuple(
                    [
                        Edge(nodes[source], rows, cols, _bound(gain, call), _bound(kernel, call))
                        for source, rows, cols, gain, kernel in edges
                    ]
                ),
            )
        )
    return Outcome(noted.shape, noted.placed._replace(node=nodes[-1]), noted.sized)


def _bound(energy: Any, call: Call) -> Any:
    if type(energy) is not partial:
        return energy
    weights = call.weights
    return partial(energy.func, *[weights[a.number] if type(a) is _Weight else a for a in energy.args])


def note(call: Call, shape: Shape, placed: Placed, sized: bool) -> None:
    """Keeps what came of a call, unless it holds on to something that another call would not have."""
    try:
        steps = _steps(call, placed)
    except LookupError:
        return
    if len(_noted) >= _MOST:
        _noted.clear()
    _noted[call.key] = _Noted(call.x.node.jump, shape, placed._replace(node=None), sized, steps)  # type: ignore[union-attr]


def _steps(call: Call, placed: Placed) -> list[_Step]:
    """The nodes between the map that a call reads and the one that it gives, the earlier ones first."""
    numbers, steps = {call.x.node: 0}, []
    weights = {id(weight): _Weight(number) for number, weight in enumerate(call.weights)}

    def free(energy: Any) -> Any:
        if isinstance(energy, partial):
            arguments = [weights[id(a)] if isinstance(a, Tensor) else a for a in energy.args]
            if energy.keywords or any(callable(a) for a in arguments):
                raise LookupError(energy)
            return partial(energy.func, *arguments)
        if callable(energy):
            raise LookupError(energy)
        return energy

    assert placed.node is not None and call.x.node is not None
    between = ancestors(placed.node, until=call.x.node) - {call.x.node}
    for node in sorted(between, key=lambda node: node.index):
        edges = [
            (numbers[e.source], e.rows, e.cols, free(e.gain), None if e.kernel is None else free(e.kernel))
            for e in node.edges
        ]
        steps.append(_Step(node.size, node.jump, tuple(edges)))
        numbers[node] = len(steps)
    return steps
