"""Receptive fields of whole networks: which input pixels a unit sees, and how much of it each one is.

The unmodified model is traced into relations between pixels (`segviz.tracing`), and one unit is pulled back through
them: along one axis for the receptive field, over the map for the support, as energy for the effective field.
All channels of a position count as one unit.
"""

import difflib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .arithmetic import whole_numbers
from .measurement import input_channels
from .relations import Window, grows_with_the_map, pull, pull_kernel
from .tracing import Edge, Node, Size, Traced, UnsupportedOperation, traced_input

MAX_PIXELS = 2**24  # 4096×4096
MAX_PHASES = 64

# Receptive fields are read off the middle of a map this large; powers of two, so that strides divide it.
NOMINAL_SIZES = (2**14, 2**17)


@dataclass(frozen=True)
class ReceptiveField:
    """What an interior unit sees, per axis `(h, w)`, in input pixels; `math.inf` where it sees everything.

    `size`: from the first input it sees to the last. `stride`: the step from one unit to the next.
    `padding`: how far the first unit's window begins before the input; negative where it begins inside.
    `phases`: the sizes of neighboring units, where upsampling makes them take turns; `size` is the largest.
    """

    size: tuple[int | float, int | float]
    stride: tuple[int | float, int | float]
    padding: tuple[int | float, int | float]
    phases: tuple[tuple[int | float, ...], tuple[int | float, ...]]


def receptive_field(model: nn.Module, *, layer: str | None = None, size: Size | None = None) -> ReceptiveField:
    """The receptive field of an interior unit of a layer, from the structure of the model alone.

    `layer` is a dotted module name (at its first call), None the output: of several, `out` or the first. `size`
    `(H, W)` is what the model is traced at, a large power of two if None; give one if it takes only certain sizes.
    Raises `ValueError` for an unknown layer, a model that fails, or an operation that cannot be traced.

    >>> receptive_field(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3)))
    ReceptiveField(size=(8, 8), stride=(2, 2), padding=(1, 1), phases=((8,), (8,)))
    """
    for nominal in [(n, n) for n in NOMINAL_SIZES] if size is None else [_checked_size(size)]:
        node = _trace(model, nominal, layer)
        axes = [_field_along(axis, node) for axis in (0, 1)]
        if None not in axes:
            sizes, strides, paddings, phases = zip(*axes, strict=True)
            return ReceptiveField(sizes, strides, paddings, phases)
    raise ValueError(
        f"the receptive field reaches the border of a map of {nominal[0]}×{nominal[1]} pixels: "
        f"size must be larger to see an interior unit"
    )


def support(model: nn.Module, size: Size, *, layer: str | None = None, at: Size | None = None) -> Tensor:
    """Exactly the input pixels that feed one unit: a bool tensor (H, W), holes included.

    `size` `(H, W)` is the input's, `at` the unit's `(row, col)` on its own map, the middle if None. Max-pooling
    and unpooling count every pixel that could win; what feeds a unit at one particular input is `connectivity`.
    Raises as `receptive_field` does, and for more than `MAX_PIXELS`.

    >>> support(nn.Conv2d(1, 1, 3, dilation=2, padding=2), (1, 5)).int().tolist()
    [[1, 0, 1, 0, 1]]
    """
    node, unit = _unit(model, size, layer, at)
    return torch.from_numpy(_pull_back(node, unit, _reach))


def effective_receptive_field(
    model: nn.Module, size: Size, *, layer: str | None = None, at: Size | None = None
) -> Tensor:
    """Each input pixel's share of a unit's expected squared derivative: a float tensor (H, W) adding up to 1.

    Expected over random signs of the weights: each layer passes energy on through its squared weights (evenly
    where they are all 0), a ReLU lets half of it through, a max-pool gives each of its window's pixels a chance.
    No sampling takes place. Luo et al., "Understanding the effective receptive field" (2016).
    Arguments and errors are those of `support`.

    >>> effective_receptive_field(nn.AvgPool2d((1, 2)), (1, 4), at=(0, 1)).tolist()
    [[0.0, 0.0, 0.5, 0.5]]
    """
    node, unit = _unit(model, size, layer, at)
    energy = _pull_back(node, unit.astype(float), _energy)
    if not energy.sum() > 0:
        raise ValueError("the unit sees no input pixel, so there are no shares to give")
    return torch.from_numpy(energy / energy.sum())


# --- Pulling a unit back to the input -------------------------------------------------------------------------


def _pull_back(node: Node, outputs: NDArray, pull_edge: Callable[[NDArray, Edge], NDArray]) -> NDArray:
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


def _reach(outputs: NDArray, edge: Edge) -> NDArray:
    return pull(pull(outputs, edge.rows, 0), edge.cols, 1)


def _energy(outputs: NDArray, edge: Edge) -> NDArray:
    gain = edge.gain() if callable(edge.gain) else edge.gain
    if edge.kernel is None:
        return gain * _reach(outputs, edge)
    assert isinstance(edge.rows, Window) and isinstance(edge.cols, Window)
    return gain * pull_kernel(outputs, edge.rows, edge.cols, edge.kernel())


# --- One axis at a time ---------------------------------------------------------------------------------------


def _field_along(axis: int, node: Node):
    """Size, stride, padding and phases; None where the map is too small to tell."""
    step = node.jump[axis]
    stride = _in_the_limit(step)
    units, phases = node.size[axis], _period(axis, node)
    first = units // 2 // phases * phases
    outputs = np.eye(phases, units, first, dtype=bool)
    reach, everything = _reach_along(axis, node, outputs)
    if everything:
        return math.inf, _plain(stride), math.inf, (math.inf,)
    if reach[:, [0, -1]].any():
        return None
    seen = [row.nonzero()[0].tolist() for row in reach]
    sizes = tuple(pixels[-1] + 1 - pixels[0] if pixels else 0 for pixels in seen)
    padding = max((step * (first + phase) - pixels[0] for phase, pixels in enumerate(seen) if pixels), default=0)
    return max(sizes), _plain(stride), _plain(padding if step == stride else round(padding)), sizes


def _reach_along(axis: int, node: Node, outputs: NDArray) -> tuple[NDArray, bool]:
    everything = False

    def reach(outputs: NDArray, edge: Edge) -> NDArray:
        nonlocal everything
        relation = (edge.rows, edge.cols)[axis]
        everything |= grows_with_the_map(relation) and bool(outputs.any())
        return pull(outputs, relation, 1)

    return _pull_back(node, outputs, reach), everything


def _period(axis: int, node: Node) -> int:
    """After how many units the pattern of what they see repeats: the coarsest step below, in steps of this map."""
    steps = {_in_the_limit(ancestor.jump[axis]) for ancestor in _ancestors(node)}
    exact = [step for step in steps if isinstance(step, Fraction)]
    coarsest = Fraction(math.lcm(*(step.numerator for step in exact)), math.gcd(*(step.denominator for step in exact)))
    return max(1, min(MAX_PHASES, node.size[axis], math.ceil(coarsest / _in_the_limit(node.jump[axis]))))


def _ancestors(node: Node) -> set[Node]:
    found, waiting = {node}, [node]
    while waiting:
        for edge in waiting.pop().edges:
            if edge.source not in found:
                found.add(edge.source)
                waiting.append(edge.source)
    return found


def _in_the_limit(step: Fraction | float) -> Fraction | float:
    """A step on an endless map: where rounded-up sizes are resized, 2049 to 16384, an eighth is meant."""
    return step.limit_denominator(256) if isinstance(step, Fraction) else step


def _plain(number: Fraction | float) -> int | float:
    return int(number) if number != math.inf and number == int(number) else float(number)


# --- Tracing the model ----------------------------------------------------------------------------------------


class _LayerReached(Exception):
    """Ends the forward pass as soon as the layer that was asked for has its output."""


def _trace(model: nn.Module, size: Size, layer: str | None) -> Node:
    """The node of the layer's output (the model's if None)."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    reached: list[object] = []

    def stop(module: nn.Module, args: object, output: object) -> None:
        reached.append(output)
        raise _LayerReached

    hook = None if layer is None else _module(model, layer).register_forward_hook(stop)
    try:
        with _evaluation_mode(model), torch.no_grad():
            reached.append(model(traced_input(input_channels(model), size)))
    except _LayerReached:
        pass
    except UnsupportedOperation:
        raise
    except Exception as error:
        raise ValueError(
            f"size {size} must be one that the model takes, but it raised {type(error).__name__}: {error}"
        ) from error
    finally:
        if hook is not None:
            hook.remove()
    output = _first_tensor(reached[0])
    if not isinstance(output, Traced):
        raise UnsupportedOperation(
            f"{layer or 'model'} must give a tensor that comes from the input, got {type(output).__name__}"
        )
    return output.node


def _module(model: nn.Module, layer: str) -> nn.Module:
    modules = dict(model.named_modules())
    if layer not in modules:
        nearest = ", ".join(difflib.get_close_matches(str(layer), modules, n=3, cutoff=0)) or "none"
        raise ValueError(f"layer must name a module of the model, got {layer!r}; the nearest are {nearest}")
    return modules[layer]


@contextmanager
def _evaluation_mode(model: nn.Module) -> Iterator[None]:
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True


def _first_tensor(output: object) -> object:
    if isinstance(output, dict):
        output = output.get("out", next(iter(output.values()), None))
    if isinstance(output, (tuple, list)):
        return _first_tensor(output[0]) if output else None
    return output


def _unit(model: nn.Module, size: Size, layer: str | None, at: Size | None) -> tuple[Node, NDArray]:
    """The layer's node, and its map with the one unit set."""
    size = _checked_size(size)
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"size may have {MAX_PIXELS:,} pixels (4096×4096) at most, got {size[0]}×{size[1]}")
    node = _trace(model, size, layer)
    row, col = (node.size[0] // 2, node.size[1] // 2) if at is None else _checked_place(at, node.size)
    unit = np.zeros(node.size, dtype=bool)
    unit[row, col] = True
    return node, unit


def _checked_size(size: Size) -> Size:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be (H, W), got {size!r}")
    height, width = (whole_numbers(size=side)[0] for side in size)
    return height, width


def _checked_place(at: Size, size: Size) -> Size:
    if not isinstance(at, (tuple, list)) or len(at) != 2:
        raise TypeError(f"at must be (row, col), got {at!r}")
    row, col = whole_numbers(row=at[0], col=at[1])
    if row >= size[0] or col >= size[1]:
        raise ValueError(f"at must be a unit of the {size[0]}×{size[1]} map, got {(row, col)}")
    return row, col
