"""What the page can compute: for each PyTorch function the step that stands for it.

A function's reader has PyTorch's parameters. It gives the step's name, the maps that it reads and its settings:
numbers, pairs (rows, columns) and weights. Numbers may be `Size`s. None instead of a step hands the map on as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor

from segviz.widgets.engine.sizes import Size


class Reading(NamedTuple):
    """A step as it was read off a call: `settings` may hold weights, which are tensors, and `Size`s."""

    op: str
    reads: Sequence[Tensor]
    settings: dict[str, Any]


class NotComputed(ValueError):
    """What a network does that the page has no step for."""


Reader = Callable[..., Reading | None]
READERS: dict[Any, Reader] = {}


def _reads(*functions: Any) -> Callable[[Reader], Reader]:
    def kept(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(functions, reader))
        return reader

    return kept


def _pair(value: Any) -> list:
    values = list(value) if isinstance(value, (tuple, list)) else [value]
    return values * 2 if len(values) == 1 else values


def _refuse(what: str) -> NoReturn:
    raise NotComputed(f"{what} is nothing that the page computes")


# --- Convolutions -----------------------------------------------------------------------------------------------


@_reads(torch.conv2d)
def _conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Reading:
    if padding == "valid":
        padding = 0
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(_pair(dilation), weight.shape[2:], strict=True)]
        if any(total % 2 for total in reach):
            _refuse("conv2d with padding='same' and an odd number of zeros")
        padding = [total // 2 for total in reach]
    axes = {"stride": _pair(stride), "padding": _pair(padding), "dilation": _pair(dilation)}
    return Reading("conv2d", [input], {"weight": weight, "bias": bias, **axes, "groups": groups})


@_reads(torch.conv_transpose2d)
def _conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Reading:
    pairs = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    axes = {name: _pair(value) for name, value in pairs.items()}
    return Reading("conv_transpose2d", [input], {"weight": weight, "bias": bias, **axes, "groups": groups})


@_reads(F.batch_norm)
def _batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Reading:
    if training or running_mean is None:
        _refuse("batch_norm by the statistics of the batch")
    weights = {"mean": running_mean, "variance": running_var, "weight": weight, "bias": bias}
    return Reading("batch_norm", [input], {**weights, "eps": eps})


# --- Number by number -------------------------------------------------------------------------------------------


@_reads(F.relu, torch.relu, torch.Tensor.relu, torch.relu_, torch.Tensor.relu_)
def _relu(input: Tensor, inplace: bool = False) -> Reading:
    return Reading("relu", [input], {})


@_reads(F.hardtanh)
def _hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Reading:
    return Reading("hardtanh", [input], {"least": float(min_val), "most": float(max_val)})


@_reads(F.relu6)
def _relu6(input: Tensor, inplace: bool = False) -> Reading:
    return Reading("hardtanh", [input], {"least": 0.0, "most": 6.0})


@_reads(torch.sigmoid, F.sigmoid, torch.Tensor.sigmoid)
def _sigmoid(input: Tensor) -> Reading:
    return Reading("sigmoid", [input], {})


@_reads(F.silu)
def _silu(input: Tensor, inplace: bool = False) -> Reading:
    return Reading("silu", [input], {})


@_reads(F.hardsigmoid)
def _hardsigmoid(input: Tensor, inplace: bool = False) -> Reading:
    return Reading("hardsigmoid", [input], {})


@_reads(F.hardswish)
def _hardswish(input: Tensor, inplace: bool = False) -> Reading:
    return Reading("hardswish", [input], {})


@_reads(torch.add, torch.Tensor.add, torch.Tensor.add_)
def _add(input: Tensor, other: Any, *, alpha: float = 1) -> Reading:
    if alpha != 1 or not (isinstance(input, Tensor) and isinstance(other, Tensor)):
        _refuse("add of anything but two maps")
    return Reading("add", [input, other], {})


@_reads(torch.mul, torch.Tensor.mul, torch.Tensor.mul_)
def _mul(input: Any, other: Any) -> Reading | None:
    if not isinstance(input, Tensor):
        input, other = other, input
    if isinstance(other, Tensor):
        return Reading("mul", [input, other], {})
    if isinstance(other, Size):
        _refuse("mul of a map by its size")
    if other == 1:
        return None
    return Reading("scale", [input], {"by": float(other)})


@_reads(F.local_response_norm)
def _local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Reading:
    return Reading("local_response_norm", [input], {"size": size, "alpha": alpha, "beta": beta, "k": k})


@_reads(F.dropout, F.dropout2d)
def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> None:
    if training:
        _refuse("dropout in training")


@_reads(torch.Tensor.to, torch.Tensor.float)
def _to(input: Tensor, *target: Any) -> None:
    if any(isinstance(one, torch.dtype) and one != input.dtype for one in target):
        _refuse("a tensor of another type than the picture's")


@_reads(torch.Tensor.contiguous, torch.Tensor.clone, torch.clone, torch.Tensor.detach)
def _same(input: Tensor, *, memory_format: Any = None) -> None:
    return None


# --- Pools ------------------------------------------------------------------------------------------------------


@_reads(F.max_pool2d, F.max_pool2d_with_indices, torch.max_pool2d)
def _max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Reading:
    pairs = {"kernel": kernel_size, "stride": stride or kernel_size, "padding": padding, "dilation": dilation}
    settings = {name: _pair(value) for name, value in pairs.items()}
    return Reading("max_pool2d", [input], {**settings, "ceil_mode": bool(ceil_mode)})


@_reads(F.avg_pool2d)
def _avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Reading:
    if divisor_override is not None:
        _refuse("avg_pool2d with divisor_override")
    pairs = {"kernel": kernel_size, "stride": stride or kernel_size, "padding": padding}
    settings = {name: _pair(value) for name, value in pairs.items()}
    switches = {"ceil_mode": bool(ceil_mode), "count_include_pad": bool(count_include_pad)}
    return Reading("avg_pool2d", [input], {**settings, **switches})


@_reads(F.adaptive_avg_pool2d)
def _adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Reading:
    if _pair(output_size) != [1, 1]:
        _refuse(f"adaptive_avg_pool2d to {output_size}, which is not 1,")
    return Reading("mean", [input], {})


@_reads(torch.mean, torch.Tensor.mean)
def _mean(input: Tensor, dim: Any = None, keepdim: bool = False) -> Reading:
    axes = sorted(axis % 4 for axis in dim) if isinstance(dim, (tuple, list)) else [dim]
    if axes != [2, 3] or not keepdim:
        _refuse("mean of anything but the whole map with keepdim=True")
    return Reading("mean", [input], {})


@_reads(F.max_unpool2d)
def _max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Reading:
    size = list(output_size)[-2:] if output_size else None
    return Reading("max_unpool2d", [input, indices], {"size": size or _unpooled(input, kernel_size, stride, padding)})


def _unpooled(input: Tensor, kernel_size: Any, stride: Any, padding: Any) -> list:
    parts = zip(input.shape[2:], _pair(kernel_size), _pair(stride or kernel_size), _pair(padding), strict=True)
    return [(size - 1) * step - 2 * margin + kernel for size, kernel, step, margin in parts]


# --- Where a map lies -------------------------------------------------------------------------------------------


@_reads(F.interpolate)
def _interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Reading:
    if mode != "bilinear" or antialias:
        _refuse(f"interpolate with mode={mode!r}{' and antialias' if antialias else ''}")
    if size is None:
        if any(factor != int(factor) for factor in _pair(scale_factor)):
            _refuse(f"interpolate by {scale_factor}, which is not whole,")
        size = [side * int(factor) for side, factor in zip(input.shape[2:], _pair(scale_factor), strict=True)]
    return Reading("interpolate", [input], {"size": _pair(size), "align_corners": bool(align_corners)})


@_reads(torch.cat, torch.concat)
def _cat(tensors: Sequence[Tensor], dim: int = 0) -> Reading:
    if dim not in (1, -3):
        _refuse(f"cat along axis {dim}")
    return Reading("cat", list(tensors), {})


@_reads(F.pad)
def _pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Reading | None:
    if mode not in ("constant", "reflect") or len(pad) not in (2, 4):
        _refuse(f"pad with mode={mode!r} and {len(pad)} margins")
    left, right, top, bottom = [*pad, 0, 0][:4]
    if not any(isinstance(margin, Size) or margin for margin in pad):
        return None
    margins = {"before": [top, left], "after": [bottom, right]}
    return Reading("pad", [input], {"mode": mode, "value": float(value or 0), **margins})


@_reads(torch.Tensor.__getitem__)
def _slice(input: Tensor, key: Any) -> Reading | None:
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(one is Ellipsis for one in keys):
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (5 - len(keys))
    keys += [slice(None)] * (4 - len(keys))
    plain = all(isinstance(one, slice) and one.step in (None, 1) for one in keys)
    if not plain or keys[:2] != [slice(None)] * 2:
        _refuse(f"[{key}] of a map")
    if keys == [slice(None)] * 4:
        return None
    start = [0 if one.start is None else one.start for one in keys[2:]]
    return Reading("slice", [input], {"start": start, "stop": [one.stop for one in keys[2:]]})
