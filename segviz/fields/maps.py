"""Maps without values: what a forward pass leaves behind when only the shapes flow through it.

A `Traced` tensor has a shape and no values. Each PyTorch function that meets one is looked up in `Traced.rules` and
leaves a `Node` that says which pixels of which earlier nodes it reads. A function without a rule is named in an
`UnsupportedOperation`: nothing is passed over in silence. All channels of a position are taken together.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from .relations import Relation

Size = tuple[int, int]
# How many input pixels one step on a map is, along each axis; infinite below a global pool.
Jump = tuple[Fraction | float, Fraction | float]

# What these give shares its memory with what they are given.
_VIEWING = "__getitem__ narrow chunk split view reshape flatten squeeze unsqueeze permute transpose expand detach"
_VIEWS = frozenset(_VIEWING.split())


class UnsupportedOperation(ValueError):
    """An operation whose reach over the map is not known."""


@dataclass(frozen=True)
class Edge:
    """One way in which a node reads an earlier one. The two callables give energies, and run only if asked for."""

    source: "Node"
    rows: Relation = None
    cols: Relation = None
    gain: Callable[[], float] | float = 1.0
    kernel: Callable[[], NDArray] | None = None


@dataclass(frozen=True, eq=False)
class Node:
    """One map. `flat`: its positions were strung out by a flatten, and nothing has mixed them yet."""

    size: Size
    jump: Jump
    edges: tuple[Edge, ...] = ()
    flat: bool = False
    index: int = field(default_factory=itertools.count().__next__)


class Traced(torch.Tensor):
    """A tensor without values. `dims` are its rows and columns, counted from the end; None once they are lost."""

    node: Node
    dims: Size | None
    is_view: bool
    rules: ClassVar[Mapping[str, Callable[..., Any]]] = {}  # by function name; set in `segviz.fields.tracing`

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__
        if name == "__get__":
            return _attribute(func, args[0])
        if name not in cls.rules:
            return _fact(func, args, kwargs)
        result = cls.rules[name](*args, **kwargs)
        for view in (result if isinstance(result, list) else [result]) if name in _VIEWS else []:
            view.is_view = True
        in_place = kwargs.get("inplace") or name.startswith("__i") or (name[-1] == "_" and name[-2] != "_")
        return _written(args[0], result) if in_place and isinstance(args[0], Traced) else result


def _written(target: "Traced", result: "Traced") -> "Traced":
    """An in-place operation's result, which is also its target from now on."""
    if target.is_view and any(edge.source is not target.node for edge in result.node.edges):
        raise UnsupportedOperation("adding to a view of another tensor in place cannot be traced")
    target.node, target.dims = result.node, result.dims
    return target


def traced(shape: Sequence[int], node: Node, dims: Size | None = (-2, -1)) -> Traced:
    tensor = torch.Tensor._make_subclass(Traced, torch.empty(shape, device="meta"))
    tensor.node, tensor.dims, tensor.is_view = node, dims, False
    return tensor


def traced_input(channels: int, size: Size) -> Traced:
    return traced((1, channels, *size), Node(size, (Fraction(1), Fraction(1))))


def _attribute(getter: Any, tensor: Traced) -> Any:
    name = getter.__self__.__name__
    if name == "device":  # so that what the model makes beside it is an ordinary tensor
        return torch.device("cpu")
    if name == "data":
        return tensor
    value = run_on_shapes(getter, (tensor,), {})
    if isinstance(value, Tensor):
        raise UnsupportedOperation(f"the reach of Tensor.{name} is not known, so the model cannot be traced")
    return value


_FACTS = (bool, int, float, str, torch.Size, torch.dtype, torch.device, torch.layout)


def _fact(func: Callable, args: Iterable, kwargs: dict) -> Any:
    """A size, a type, …; what gives a tensor, gives nothing or cannot run without values is not supported."""
    try:
        result = run_on_shapes(func, args, kwargs)
    except Exception:
        result = None
    if not isinstance(result, _FACTS):
        raise UnsupportedOperation(f"the reach of {_title(func)} is not known, so the model cannot be traced")
    return result


def run_on_shapes(func: Callable, args: Iterable, kwargs: dict) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return func(*args, **kwargs)


def shape_of(func: Callable, *args: Any, **kwargs: Any) -> torch.Size:
    return run_on_shapes(func, args, kwargs).shape


def traced_among(tensors: Iterable[Tensor]) -> list[Traced]:
    """Those that come from the input; the others are constants, unless the way they came was lost."""
    tensors = list(tensors)
    if any(type(x) is Tensor and x.is_meta for x in tensors):
        raise UnsupportedOperation("a tensor came out of an operation that cannot be traced (torch.jit.script?)")
    return [x for x in tensors if isinstance(x, Traced)]


def _title(func: Callable) -> str:
    return f"{getattr(func, '__module__', None) or 'torch.Tensor'}.{func.__name__}"
