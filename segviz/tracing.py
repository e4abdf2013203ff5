"""A model's layers as relations between pixels: traced by calling the unmodified model, computing nothing.

The model is called with a `Traced` tensor, which has a shape and no values. Each PyTorch function it meets is looked
up in one table, `RULES`, and leaves a `Node` that says which pixels of which earlier nodes it reads. A function
that is not in the table is named in an `UnsupportedOperation`: nothing is passed over in silence.

Rules have the parameters of the functions they stand for. All channels of a position are taken together.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .arithmetic import conv_size, conv_transpose_size, pool_size
from .relations import Everything, Relation, Table, Window, grows_with_the_map

Size = tuple[int, int]
# How many input pixels one step on a map is, along each axis; infinite below a global pool.
Jump = tuple[Fraction | float, Fraction | float]


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

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__
        if name == "__get__":
            return _attribute(func, args[0])
        if name not in RULES:
            return _fact(func, args, kwargs)
        result = RULES[name](*args, **kwargs)
        for view in (result if isinstance(result, list) else [result]) if name in VIEWS else []:
            view.is_view = True
        in_place = kwargs.get("inplace") or name.startswith("__i") or (name[-1] == "_" and name[-2] != "_")
        return _written(args[0], result) if in_place and isinstance(args[0], Traced) else result


def _written(target: "Traced", result: "Traced") -> "Traced":
    """An in-place operation's result, which is also its target from now on."""
    if target.is_view and any(edge.source is not target.node for edge in result.node.edges):
        raise UnsupportedOperation("adding to a view of another tensor in place cannot be traced")
    target.node, target.dims = result.node, result.dims
    return target


_FACTS = (bool, int, float, str, torch.Size, torch.dtype, torch.device, torch.layout)


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
    value = _run_on_shapes(getter, (tensor,), {})
    if isinstance(value, Tensor):
        raise UnsupportedOperation(f"the reach of Tensor.{name} is not known, so the model cannot be traced")
    return value


def _fact(func: Callable, args: Iterable, kwargs: dict) -> Any:
    """A size, a type, …; what gives a tensor, gives nothing or cannot run without values is not supported."""
    try:
        result = _run_on_shapes(func, args, kwargs)
    except Exception:
        result = None
    if not isinstance(result, _FACTS):
        raise UnsupportedOperation(f"the reach of {_title(func)} is not known, so the model cannot be traced")
    return result


def _run_on_shapes(func: Callable, args: Iterable, kwargs: dict) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return func(*args, **kwargs)


def _shape(func: Callable, *args: Any, **kwargs: Any) -> torch.Size:
    return _run_on_shapes(func, args, kwargs).shape


def _traced_among(tensors: Iterable[Tensor]) -> list[Traced]:
    """Those that come from the input; the others are constants, unless the way they came was lost."""
    tensors = list(tensors)
    if any(type(x) is Tensor and x.is_meta for x in tensors):
        raise UnsupportedOperation("a tensor came out of an operation that cannot be traced (torch.jit.script?)")
    return [x for x in tensors if isinstance(x, Traced)]


def _title(func: Callable) -> str:
    return f"{getattr(func, '__module__', None) or 'torch.Tensor'}.{func.__name__}"


# --- What rules are made of -----------------------------------------------------------------------------------


def _pair(value: Any) -> tuple[Any, Any]:
    """PyTorch's habit: one value for both axes, or one each."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    return (values * 2)[:2]


def _require_maps(x: Traced, name: str) -> None:
    if x.dims != (-2, -1) or x.ndim != 4:
        raise UnsupportedOperation(f"{name} must get maps (N, C, H, W) to be traced, got the shape {tuple(x.shape)}")


def _spatial(
    x: Traced,
    channels: int,
    rows: Relation,
    cols: Relation,
    size: Size,
    kernel: Callable[[], NDArray] | None = None,
) -> Traced:
    """The output of a layer that reads one map."""
    node = Node(size, _jumps(x, rows, cols), (Edge(x.node, rows, cols, kernel=kernel),))
    return traced((*x.shape[:-3], channels, *size), node)


def _jumps(x: Traced, rows: Relation, cols: Relation) -> Jump:
    return _jump(x.node.jump[0], rows), _jump(x.node.jump[1], cols)


def _jump(step: Fraction | float, relation: Relation) -> Fraction | float:
    if relation is None or step == math.inf:
        return step
    if isinstance(relation, Window):
        return step / relation.stride if relation.transposed else step * relation.stride
    if grows_with_the_map(relation):
        return math.inf
    return step * relation.step if isinstance(relation, Table) else step


def _join(shape: Sequence[int], parts: Iterable[tuple[Traced, float]]) -> Traced:
    """The output of an operation that reads several tensors position by position, broadcasting single ones."""
    parts = list(parts)
    wide = [x for x, _ in parts if x.node.size != (1, 1)] or [x for x, _ in parts]
    if len({x.dims for x in wide}) > 1:
        raise UnsupportedOperation("tensors are combined whose rows and columns lie in different dimensions")
    dims = wide[0].dims
    size = (1, 1) if dims is None else (shape[dims[0]], shape[dims[1]])
    jump = tuple(min(steps, key=_plainness) for steps in zip(*(x.node.jump for x in wide), strict=True))
    edges = []
    for x, gain in parts:
        rows, cols = (None if n == m else Everything(n) for n, m in zip(x.node.size, size, strict=True))
        edges.append(Edge(x.node, rows, cols, gain))
    flat = any(x.node.flat for x, _ in parts)
    return traced(shape, Node(size, jump, tuple(edges), flat), dims)  # type: ignore[arg-type]


def _plainness(step: Fraction | float) -> tuple[float, Fraction | float]:
    return (step.denominator, step) if isinstance(step, Fraction) else (math.inf, step)


def _pointwise(gain: float = 1.0) -> Callable[..., Traced]:
    """Any function that treats positions one by one; further tensors are broadcast as PyTorch does."""

    def rule(*args: Any, **kwargs: Any) -> Traced:
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
        operands = _traced_among(tensors)
        if len(tensors) == 1:
            return _one_by_one(operands[0], gain)
        return _join(torch.broadcast_shapes(*(x.shape for x in tensors)), [(x, gain) for x in operands])

    return rule


def _one_by_one(x: Traced, gain: Callable[[], float] | float = 1.0) -> Traced:
    node = Node(x.node.size, x.node.jump, (Edge(x.node, gain=gain),), x.node.flat)
    return traced(x.shape, node, x.dims)


def _collapse(x: Traced, shape: Sequence[int], *, flat: bool) -> Traced:
    """Rows and columns are lost: averaged away, or strung out for a layer that mixes them."""
    rows, cols = (None if n == 1 else Everything(n, 1 / n if flat else 1 / n**2) for n in x.node.size)
    jump = _jumps(x, rows, cols)
    return traced(shape, Node((1, 1), jump, (Edge(x.node, rows, cols),), flat), None)


# --- Convolution ----------------------------------------------------------------------------------------------


def _energy_of(weight: Tensor, channels: int) -> Callable[[], NDArray]:
    """The expected energy each tap passes on: squared weights, or even ones where all of them are still 0."""

    if isinstance(weight, Traced):
        raise UnsupportedOperation("a kernel that is itself computed from the input cannot be traced")

    def kernel() -> NDArray:
        taps = weight.detach().square().sum((0, 1), dtype=torch.float64).cpu().numpy() / channels
        return taps if taps.any() else np.full(taps.shape, 1 / taps.size)

    return kernel


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Traced:
    _require_maps(x, "conv2d")
    pads = (padding, padding) if isinstance(padding, str) else _pair(padding)
    rows, cols = map(_conv_window, x.node.size, weight.shape[2:], _pair(stride), pads, _pair(dilation))
    size = (rows.out_size, cols.out_size)
    return _spatial(x, weight.shape[0], rows, cols, size, kernel=_energy_of(weight, weight.shape[0]))


@lru_cache
def _conv_window(size: int, kernel_size: int, stride: int, padding: int | str, dilation: int) -> Window:
    if padding == "same":
        return Window(size, size, kernel_size, stride, dilation * (kernel_size - 1) // 2, dilation)
    pad = 0 if isinstance(padding, str) else padding
    out_size = conv_size(size, kernel_size, stride=stride, padding=pad, dilation=dilation)
    return Window(out_size, size, kernel_size, stride, pad, dilation)


def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> Traced:
    _require_maps(x, "conv_transpose2d")
    settings = map(_pair, (stride, padding, output_padding, dilation))
    rows, cols = map(_transposed_window, x.node.size, weight.shape[2:], *settings)
    channels, size = weight.shape[1] * groups, (rows.out_size, cols.out_size)
    return _spatial(x, channels, rows, cols, size, kernel=_energy_of(weight, channels))


@lru_cache
def _transposed_window(
    size: int, kernel_size: int, stride: int, padding: int, output_padding: int, dilation: int
) -> Window:
    out_size = conv_transpose_size(
        size, kernel_size, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    return Window(out_size, size, kernel_size, stride, padding, dilation, transposed=True)


def linear(x, weight, bias=None) -> Traced:
    if x.dims is not None and x.dims[1] == -1 and x.node.size != (1, 1):
        raise UnsupportedOperation("linear along the columns of a map is not a layer that can be traced")
    energy = _energy_of(weight[..., None, None], weight.shape[0])
    node = Node(x.node.size, x.node.jump, (Edge(x.node, gain=lambda: energy().item()),))
    return traced((*x.shape[:-1], weight.shape[0]), node, None if x.node.size == (1, 1) else x.dims)


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    def gain() -> float:
        scale = torch.ones(1) if weight is None or not weight.any() else weight.detach()
        variance = torch.ones(1) if running_var is None else running_var
        return float((scale.double().square().cpu() / (variance.double().cpu() + eps)).mean())

    return _one_by_one(x, gain)


# --- Pooling --------------------------------------------------------------------------------------------------


def _pool(x, kernel_size, stride, padding, dilation, ceil_mode, *, mean: bool) -> Traced:
    _require_maps(x, "pooling")
    strides = _pair(kernel_size if stride is None or stride == [] else stride)
    settings = (_pair(kernel_size), strides, _pair(padding), _pair(dilation), (bool(ceil_mode),) * 2, (mean,) * 2)
    rows, cols = map(_pool_window, x.node.size, *settings)
    return _spatial(x, x.shape[1], rows, cols, (rows.out_size, cols.out_size))


@lru_cache
def _pool_window(
    size: int, kernel_size: int, stride: int, padding: int, dilation: int, ceil_mode: bool, mean: bool
) -> Window:
    """A maximum is each pixel's with equal chance; a mean divides every derivative, and squared that is energy."""
    out_size = pool_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    energy = 1 / kernel_size ** (2 if mean else 1)
    return Window(out_size, size, kernel_size, stride, padding, dilation, energy=energy)


def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _pool(x, kernel_size, stride, padding, dilation, ceil_mode, mean=False)


def max_pool2d_with_indices(*args, **kwargs):
    pooled = max_pool2d(*args, **kwargs)
    return pooled, pooled


def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    return _pool(x, kernel_size, stride, padding, 1, ceil_mode, mean=True)


def lp_pool2d(x, norm_type, kernel_size, stride=None, ceil_mode=False):
    return _pool(x, kernel_size, stride, 0, 1, ceil_mode, mean=True)


def max_unpool2d(x, indices, kernel_size, stride=None, padding=0, output_size=None) -> Traced:
    """Every place that the stored indices could name: where in its window a maximum lay depends on the input."""
    _require_maps(x, "max_unpool2d")
    strides = _pair(kernel_size if stride is None or stride == [] else stride)
    targets = (None, None) if output_size is None else output_size[-2:]
    rows, cols = map(_unpool_window, x.node.size, _pair(kernel_size), strides, _pair(padding), targets)
    return _spatial(x, x.shape[1], rows, cols, (rows.out_size, cols.out_size))


def _unpool_window(size: int, kernel_size: int, stride: int, padding: int, target: int | None) -> Window:
    out_size = target or conv_transpose_size(size, kernel_size, stride=stride, padding=padding)
    return Window(out_size, size, kernel_size, stride, padding, transposed=True, energy=1 / kernel_size)


def _adaptive_pool(x, output_size, *, mean: bool) -> Traced:
    _require_maps(x, "adaptive pooling")
    targets = tuple(n if t is None else t for t, n in zip(_pair(output_size), x.node.size, strict=True))
    rows, cols = (_bins(n, out, mean) for n, out in zip(x.node.size, targets, strict=True))
    return _spatial(x, x.shape[1], rows, cols, targets)


def _bins(size: int, out_size: int, mean: bool, *, bounded: bool = False) -> Relation:
    if out_size == size:
        return None
    if out_size == 1:
        return Everything(size, energy=1 / size ** (2 if mean else 1))
    starts = [q * size // out_size for q in range(out_size)]
    stops = [-(-(q + 1) * size // out_size) for q in range(out_size)]
    lengths = np.subtract(stops, starts)
    out_index = np.repeat(np.arange(out_size), lengths)
    in_index = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])
    energy = 1 / lengths[out_index] ** (2.0 if mean else 1.0)
    return Table(size, out_index, in_index, energy, step=Fraction(size, out_size), bounded=bounded)


def adaptive_avg_pool2d(x, output_size):
    return _adaptive_pool(x, output_size, mean=True)


def adaptive_max_pool2d(x, output_size, return_indices=False):
    return _adaptive_pool(x, output_size, mean=False)


def adaptive_max_pool2d_with_indices(x, output_size, return_indices=False):
    pooled = _adaptive_pool(x, output_size, mean=False)
    return pooled, pooled


def reduction(x, dim=None, keepdim=False, **kwargs) -> Traced:
    """mean, sum, max, … over some dimensions."""
    dim = kwargs.get("axis", dim)
    reduced = range(x.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
    gone = {d % x.ndim - x.ndim for d in reduced}
    shape = [1 if d in gone else n for d, n in zip(range(-x.ndim, 0), x.shape, strict=True)]
    short = [n for d, n in zip(range(-x.ndim, 0), x.shape, strict=True) if d not in gone]
    if x.dims is None:
        return traced(shape if keepdim else short, x.node, None)
    lost = [d in gone for d in x.dims]
    if all(lost) and not keepdim:
        return _collapse(x, short, flat=False)
    if any(lost) and not keepdim:
        raise UnsupportedOperation("a reduction over rows or columns alone cannot be traced without keepdim=True")
    rows, cols = (Everything(n, energy=1 / n**2) if g else None for g, n in zip(lost, x.node.size, strict=True))
    size = (1 if lost[0] else x.node.size[0], 1 if lost[1] else x.node.size[1])
    node = Node(size, _jumps(x, rows, cols), (Edge(x.node, rows, cols),))
    if keepdim:
        return traced(shape, node, x.dims)
    above, left = x.dims
    return traced(short, node, (above + sum(g > above for g in gone), left + sum(g > left for g in gone)))


def reduction_with_indices(x, *args, **kwargs):
    if not args and not kwargs:
        return reduction(x)
    if args and isinstance(args[0], Tensor):  # torch.max(a, b)
        return _pointwise()(x, *args)
    reduced = reduction(x, *args, **kwargs)
    return torch.return_types.max((reduced, reduced))


def variance(x, dim=None, unbiased=True, keepdim=False, **kwargs) -> Traced:
    return reduction(x, None if isinstance(dim, bool) else dim, keepdim, **kwargs)


def norm(x, p="fro", dim=None, keepdim=False, **kwargs) -> Traced:
    return reduction(x, dim, keepdim, **kwargs)


def _over(size: int) -> Relation:
    return None if size == 1 else Everything(size, energy=1 / size**2)


def _statistics(over_rows_and_columns: bool) -> Callable[..., Traced]:
    """A normalization whose mean and variance are taken over the whole map makes every output read all of it."""

    def rule(x, *args, **kwargs):
        if not over_rows_and_columns or x.dims is None:
            return _pointwise()(x)
        # A position's derivative by any other, through the statistics, is of the order of 1/HW.
        jump, (height, width) = x.node.jump, x.node.size
        statistics = Node((1, 1), jump, (Edge(x.node, _over(height), _over(width)),))
        back = Edge(statistics, None if height == 1 else Everything(1), None if width == 1 else Everything(1))
        return traced(x.shape, Node(x.node.size, jump, (Edge(x.node), back)), x.dims)

    return rule


def layer_norm(x, normalized_shape, *args, **kwargs):
    covered = set(range(-len(normalized_shape), 0))
    return _statistics(x.dims is not None and bool(covered & set(x.dims)))(x)


def along_dim(x, *args, **kwargs):
    """softmax and its kind: positions one by one where the dimension is the channels."""
    dim = kwargs.get("dim", args[0] if args else 1)
    if x.dims is not None and dim is not None and dim % x.ndim - x.ndim in x.dims:
        return _statistics(True)(x)
    return _pointwise()(x)


def normalize(x, p=2.0, dim=1, eps=1e-12, out=None):
    return along_dim(x, dim)


# --- Resizing -------------------------------------------------------------------------------------------------


def interpolate(
    x,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
) -> Traced:
    _require_maps(x, "interpolate")
    if mode not in _RESIZES or antialias:
        raise UnsupportedOperation(f"interpolate with mode {mode!r} and antialias={antialias} cannot be traced")
    scales = (None, None) if scale_factor is None else _pair(scale_factor)
    targets = _pair(size) if size is not None else (None, None)
    height, width = (
        int(target) if target is not None else math.floor(n * scale)
        for n, target, scale in zip(x.node.size, targets, scales, strict=True)
    )
    if recompute_scale_factor:
        scales = (None, None)
    rows = _RESIZES[mode](x.node.size[0], height, scales[0], align_corners)
    cols = _RESIZES[mode](x.node.size[1], width, scales[1], align_corners)
    return _spatial(x, x.shape[1], rows, cols, (height, width))


def _read_ramp(mode: str, size: int, out_size: int, scale: float | None, align_corners: bool | None) -> NDArray:
    """Where each output pixel reads, by letting the real operation resize the numbers 0, 1, 2, …"""
    ramp = torch.arange(size, dtype=torch.float64).view(1, 1, -1)
    target: dict[str, Any] = {"size": out_size} if scale is None else {"scale_factor": float(scale)}
    if mode == "linear":
        target["align_corners"] = align_corners
    return F.interpolate(ramp, mode=mode, **target).flatten().numpy()


def _nearest(mode: str) -> Callable[..., Table]:
    def relation(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
        positions = _read_ramp(mode, size, out_size, scale, None).astype(int)
        return _taps(size, [(positions, np.ones(out_size))], None)

    return relation


def _linear(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
    positions = _read_ramp("linear", size, out_size, scale, align_corners).round(9)
    left = np.floor(positions).astype(int)
    return _taps(size, [(left, 1 - (positions - left)), (left + 1, positions - left)], align_corners)


def _cubic(size: int, out_size: int, scale: float | None, align_corners: bool | None) -> Table:
    q = np.arange(out_size)
    if align_corners:
        positions = q * ((size - 1) / max(1, out_size - 1))
    else:
        positions = (q + 0.5) * (1 / scale if scale else size / out_size) - 0.5
    positions = positions.round(9)
    left = np.floor(positions).astype(int)
    taps = [(left + tap, _cubic_weight(np.abs(positions - left - tap))) for tap in (-1, 0, 1, 2)]
    return _taps(size, taps, align_corners)


def _cubic_weight(distance: NDArray) -> NDArray:
    """Keys's kernel with the slope −0.75 that PyTorch takes."""
    near = (1.25 * distance - 2.25) * distance**2 + 1
    far = ((-0.75 * distance + 3.75) * distance - 6) * distance + 3
    return np.where(distance <= 1, near, far)


def _taps(size: int, taps: list[tuple[NDArray, NDArray]], align_corners: bool | None) -> Table:
    """A table of a few taps an output; those that fall off the map read its border pixel."""
    out_index = np.concatenate([np.arange(len(places)) for places, _ in taps])
    in_index = np.concatenate([places for places, _ in taps]).clip(0, size - 1)
    weights = np.concatenate([weight for _, weight in taps])
    used = np.abs(weights) > 1e-9
    out_size = len(taps[0][0])
    step = Fraction(size, out_size)
    if align_corners and min(size, out_size) > 1:
        step = Fraction(size - 1, out_size - 1)
    return Table(size, out_index[used], in_index[used], weights[used] ** 2, step=step)


_RESIZES: dict[str, Callable[..., Relation]] = {
    "nearest": _nearest("nearest"),
    "nearest-exact": _nearest("nearest-exact"),
    "bilinear": _linear,
    "bicubic": _cubic,
    "area": lambda size, out_size, scale, align_corners: _bins(size, out_size, True, bounded=True),
}


def pixel_shuffle(x, upscale_factor) -> Traced:
    _require_maps(x, "pixel_shuffle")
    r = upscale_factor
    rows, cols = (Window(n * r, n, r, r, transposed=True) for n in x.node.size)
    return _spatial(x, x.shape[1] // r**2, rows, cols, (rows.out_size, cols.out_size))


def pixel_unshuffle(x, downscale_factor) -> Traced:
    _require_maps(x, "pixel_unshuffle")
    r = downscale_factor
    rows, cols = (Window(n // r, n, r, r, energy=1 / r) for n in x.node.size)
    return _spatial(x, x.shape[1] * r**2, rows, cols, (rows.out_size, cols.out_size))


# --- Padding, cropping, joining -------------------------------------------------------------------------------


def pad(x, pad, mode="constant", value=None) -> Traced:
    ends = list(pad) + [0] * (2 * x.ndim - len(pad))
    shape = [n + ends[2 * k] + ends[2 * k + 1] for k, n in enumerate(reversed(x.shape))][::-1]
    if x.dims is None:
        raise UnsupportedOperation("pad after rows and columns are lost cannot be traced")
    rows, cols = (
        _padded(n, ends[-2 * dim - 2], ends[-2 * dim - 1], mode) for n, dim in zip(x.node.size, x.dims, strict=True)
    )
    size = (shape[x.dims[0]], shape[x.dims[1]])
    return traced(shape, Node(size, x.node.jump, (Edge(x.node, rows, cols),)), x.dims)


def _padded(size: int, before: int, after: int, mode: str) -> Relation:
    if before == after == 0:
        return None
    out_size = size + before + after
    if mode == "constant":
        return Window(out_size, size, padding=before)
    places = np.arange(-before, size + after)
    if mode == "reflect":
        places = size - 1 - np.abs(size - 1 - places % max(1, 2 * size - 2))
    elif mode == "circular":
        places = places % size
    return Table(size, np.arange(out_size), places.clip(0, size - 1), np.ones(out_size))


def getitem(x, key) -> Traced:
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(not isinstance(k, (slice, int)) and k is not Ellipsis for k in keys):
        raise UnsupportedOperation(f"indexing with {key!r} cannot be traced: only slices and whole numbers can")
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (x.ndim - len(keys) + 1)
    keys += [slice(None)] * (x.ndim - len(keys))
    if x.dims is None:
        return traced(_shape(Tensor.__getitem__, x, tuple(keys)), x.node, None)
    relations: list[Relation] = []
    for dim, size in zip(x.dims, x.node.size, strict=True):
        if isinstance(keys[dim], int):
            raise UnsupportedOperation(f"indexing with {key!r} takes single rows or columns: use a slice")
        start, stop, step = keys[dim].indices(size)
        out_size = len(range(start, stop, step))
        whole = (start, step, out_size) == (0, 1, size)
        relations.append(None if whole else Window(out_size, size, stride=step, padding=-start))
    rows, cols = relations
    removed = [d - x.ndim for d, k in enumerate(keys) if isinstance(k, int)]
    dims = (x.dims[0] + sum(r > x.dims[0] for r in removed), x.dims[1] + sum(r > x.dims[1] for r in removed))
    shape = _shape(Tensor.__getitem__, x, tuple(keys))
    size = (shape[dims[0]], shape[dims[1]])
    return traced(shape, Node(size, _jumps(x, rows, cols), (Edge(x.node, rows, cols),)), dims)


def narrow(x, dim, start, length) -> Traced:
    key = [slice(None)] * x.ndim
    key[dim] = slice(start, start + length)
    return getitem(x, tuple(key))


def _split(func: Callable) -> Callable[..., list[Traced]]:
    def rule(x, size_or_sections, dim=0) -> list[Traced]:
        lengths = [piece.shape[dim] for piece in _run_on_shapes(func, (x, size_or_sections, dim), {})]
        starts = itertools.accumulate(lengths, initial=0)
        return [narrow(x, dim, start, length) for start, length in zip(starts, lengths, strict=False)]

    return rule


def cat(tensors, dim=0, *, axis=None) -> Traced:
    tensors = list(tensors)
    known = _traced_among(tensors)
    dim = (dim if axis is None else axis) % known[0].ndim - known[0].ndim
    shape = list(known[0].shape)
    shape[dim] = total = sum(x.shape[dim] for x in tensors)
    dims = known[0].dims
    if dims is None or dim not in dims:
        return _join(shape, [(x, x.shape[dim] / total) for x in known])
    axis_of_map = dims.index(dim)
    edges, start = [], 0
    for x in tensors:
        if isinstance(x, Traced):
            piece = Window(total, x.shape[dim], padding=start)
            edges.append(Edge(x.node, *((piece, None) if axis_of_map == 0 else (None, piece))))
        start += x.shape[dim]
    size = (shape[dims[0]], shape[dims[1]])
    return traced(shape, Node(size, known[0].node.jump, tuple(edges)), dims)


def _reshaped(func: Callable) -> Callable[..., Traced]:
    """view, flatten, …: rows and columns may stay as they are, or be lost in a longer dimension, but not be cut up."""

    def rule(x, *args, **kwargs) -> Traced:
        shape = _shape(func, x, *args, **kwargs)
        if x.node.size == (1, 1):
            if len(shape) < 4 or tuple(shape[-2:]) == (1, 1):
                return traced(shape, x.node, (-2, -1) if len(shape) >= 4 else None)
            if x.node.flat:
                raise UnsupportedOperation(f"{func.__name__} to {tuple(shape)} makes a map out of a flattened one")
            return _widen(traced((*shape[:-2], 1, 1), x.node), shape)
        assert x.dims is not None
        kept = -x.dims[0]  # from the rows on, nothing may change
        if len(shape) >= kept and shape[-kept:] == x.shape[-kept:]:
            return traced(shape, x.node, x.dims)
        return _collapse(x, shape, flat=True)

    return rule


def permute(x, *order) -> Traced:
    order = order[0] if len(order) == 1 and not isinstance(order[0], int) else order
    places = [d % x.ndim for d in order]
    shape = [x.shape[d] for d in places]
    if x.dims is None:
        return traced(shape, x.node, None)
    dims = tuple(places.index(d + x.ndim) - x.ndim for d in x.dims)
    return traced(shape, x.node, dims)  # type: ignore[arg-type]


def transpose(x, dim0, dim1) -> Traced:
    order = list(range(x.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(x, order)


def same(x, *args, **kwargs) -> Traced:
    """detach, contiguous, to, … : nothing moves."""
    return traced(x.shape, x.node, x.dims)


def expand(x, *shape) -> Traced:
    shape = _shape(Tensor.expand, x, *shape)
    if x.dims is None:
        return traced(shape, x.node, None)
    return _join(shape, [(x, 1.0)]) if (shape[x.dims[0]], shape[x.dims[1]]) == x.node.size else _widen(x, shape)


def _widen(x: Traced, shape: Sequence[int]) -> Traced:
    assert x.dims is not None
    size = (shape[x.dims[0]], shape[x.dims[1]])
    rows, cols = (None if n == m else Everything(n) for n, m in zip(x.node.size, size, strict=True))
    return traced(shape, Node(size, x.node.jump, (Edge(x.node, rows, cols),)), x.dims)


def constant(x, *args, **kwargs) -> Tensor:
    """zeros_like and its kind: a tensor that reads nothing."""
    return torch.zeros(()).expand(x.shape)


def one_by_one(x, *args, **kwargs) -> Traced:
    """Functions whose further tensors are indexed by channel."""
    return _one_by_one(x)


def glu(x, dim=-1) -> Traced:
    first, _ = _split(torch.chunk)(x, 2, dim)
    return _pointwise()(first)


# --- The table ------------------------------------------------------------------------------------------------

_RELUS = (
    "relu relu_ relu6 hardtanh hardtanh_ leaky_relu leaky_relu_ rrelu elu elu_ selu selu_ celu gelu silu mish hardswish"
)
_POINTWISE = (
    "sigmoid sigmoid_ hardsigmoid tanh tanh_ softplus softsign tanhshrink hardshrink softshrink logsigmoid "
    "_threshold threshold exp log log1p sqrt rsqrt abs square reciprocal sin cos erf clamp clamp_ clamp_min clip "
    "neg __neg__ pow __pow__ __rpow__ add add_ __add__ __radd__ __iadd__ sub sub_ __sub__ __rsub__ __isub__ rsub "
    "mul mul_ __mul__ __rmul__ __imul__ div div_ true_divide __truediv__ __rtruediv__ __itruediv__ "
    "maximum minimum where lerp addcmul dropout dropout_ dropout2d dropout1d alpha_dropout feature_dropout "
    "feature_alpha_dropout clone"
)
_SAME = "detach contiguous to float double half bfloat16 type type_as cpu cuda requires_grad_ identity"

RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_RELUS.split(), _pointwise(gain=0.5)),  # half of all units are off
    **dict.fromkeys(_POINTWISE.split(), _pointwise()),
    **dict.fromkeys(_SAME.split(), same),
    **dict.fromkeys(("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like"), constant),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "logsumexp"), reduction),
    **dict.fromkeys(("std", "var"), variance),
    "norm": norm,
    **dict.fromkeys(("max", "min", "median"), reduction_with_indices),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), along_dim),
    **dict.fromkeys(("group_norm", "instance_norm"), _statistics(True)),
    **{name: _reshaped(getattr(Tensor, name)) for name in ("view", "reshape", "squeeze", "unsqueeze")},
    "flatten": _reshaped(torch.flatten),
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": linear,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "local_response_norm": one_by_one,
    "prelu": one_by_one,
    "normalize": normalize,
    "max_pool2d": max_pool2d,
    "max_pool2d_with_indices": max_pool2d_with_indices,
    "avg_pool2d": avg_pool2d,
    "lp_pool2d": lp_pool2d,
    "max_unpool2d": max_unpool2d,
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "adaptive_max_pool2d": adaptive_max_pool2d,
    "adaptive_max_pool2d_with_indices": adaptive_max_pool2d_with_indices,
    "interpolate": interpolate,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "pad": pad,
    "__getitem__": getitem,
    "narrow": narrow,
    "chunk": _split(torch.chunk),
    "split": _split(torch.split),
    "cat": cat,
    "concat": cat,
    "permute": permute,
    "transpose": transpose,
    "expand": expand,
    "glu": glu,
}

# What these give shares its memory with what they are given.
_VIEWING = "__getitem__ narrow chunk split view reshape flatten squeeze unsqueeze permute transpose expand detach"
VIEWS = frozenset(_VIEWING.split())
