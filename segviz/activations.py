"""What a network holds inside: capture it, choose the channels that tell most, lay them out as one picture."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _Captured(Exception):
    """Thrown by the last hook: nothing behind it has to run."""


@torch.no_grad()
def capture(model: nn.Module, x: Tensor, layers: str | Iterable[str]) -> dict[str, Tensor]:
    """The output of each named module for the input `x`, as a dict from dotted name to tensor.

    The tensors are copies, so an in-place ReLU that follows does not change them, and carry no gradients. The
    forward pass ends at the last of the modules: an early layer costs no more than what leads to it. A module
    that runs several times under one name gives its first output; of one with several names, each has its own. Of a
    dict `out` is taken, else of dicts, tuples and lists the first tensor. The model runs in the mode it is in; call
    `model.eval()` first unless training mode is what is to be seen.

    Raises ValueError for a name the model does not have, with the nearest it has, and for a module that the
    forward pass does not reach; TypeError where a module's output holds no tensor.

    >>> net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(inplace=True))
    >>> nn.init.constant_(net[0].weight, -1); nn.init.zeros_(net[0].bias)   # doctest: +ELLIPSIS
    Parameter...
    Parameter...
    >>> capture(net, torch.ones(1, 1, 1, 1), ["0", "1"])
    {'0': tensor([[[[-1.]]]]), '1': tensor([[[[0.]]]])}
    """
    names = [layers] if isinstance(layers, str) else list(dict.fromkeys(layers))
    captured: dict[str, Tensor] = {}
    if isinstance(model, torch.jit.ScriptModule) and any(names):
        raise ValueError(
            "layers: a model made by torch.jit runs its modules unseen; capture from the model it was made of"
        )
    with modules_at(model, names) as modules:
        handles = [module.register_forward_hook(_keep(name, names, captured)) for name, module in modules.items()]
        try:
            if names:
                model(x)
        except _Captured:
            pass
        finally:
            for handle in handles:
                handle.remove()
    for name in names:
        if name not in captured:
            raise ValueError(f"layers: the forward pass does not run module {name!r}{_exported(model, name)}")
    return {name: captured[name] for name in names}


def _exported(model: nn.Module, name: str) -> str:
    """Why a graph does not run the module: `torch.export` puts operations in its place."""
    if not isinstance(model, torch.fx.GraphModule) or name in {node.target for node in model.graph.nodes}:
        return ""
    return (
        "; its graph has operations in place of it, as an exported program has: capture from the model it was made of"
    )


def _keep(name: str, names: list[str], captured: dict[str, Tensor]) -> Any:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if name not in captured:
            tensor = first_tensor(output)
            if tensor is None:
                raise TypeError(f"layers: module {name!r} gives {type(output).__name__}, which holds no tensor")
            captured[name] = tensor.clone()
        if len(captured) == len(names):
            raise _Captured

    return hook


@contextmanager
def modules_at(model: nn.Module, names: Iterable[str], *, parameter: str = "layers") -> Iterator[dict[str, nn.Module]]:
    """The modules of dotted names, each to be hooked where it stands: what it does under another name is not heard.

    One module may have several names (a ReLU that is both `relu1` and `relu2`; a layer that comes after itself in an
    `nn.Sequential`), and a hook on it would be called for all of them. So while this lasts, each name asked for that
    is not the only one has a stand-in of its own in the model, with the same parameters and buffers.

    Raises ValueError, under the name of `parameter`, for a name that the model does not have.

    >>> relu = nn.ReLU()
    >>> net = nn.Sequential(relu, nn.Conv2d(1, 1, 1), relu)
    >>> with modules_at(net, ["0", "2"]) as modules:
    ...     modules["0"] is modules["2"]
    False
    >>> net[0] is net[2]
    True
    """
    places = Counter(id(child) for module in model.modules() for child in module._modules.values())
    stand_ins: set[int] = set()
    replaced: list[tuple[dict[str, nn.Module | None], str, nn.Module]] = []

    def at(name: str) -> nn.Module:
        module, several = model, False
        for key in name.split(".") if name else ():
            children = module._modules
            child = children.get(key)
            if child is None:
                raise ValueError(f"{parameter}: the model has no module {name!r}{_nearest(name, model)}")
            several = several or places[id(child)] > 1 or id(child) in stand_ins
            if several and id(child) not in stand_ins:
                replaced.append((children, key, child))
                children[key] = child = _stand_in(child)
                stand_ins.add(id(child))
            module = child
        return module

    try:
        yield {name: at(name) for name in names}
    finally:
        for children, key, child in reversed(replaced):
            children[key] = child


def _stand_in(module: nn.Module) -> nn.Module:
    """Another module of the same parameters, buffers and submodules, with hooks and a list of submodules of its own."""
    other = object.__new__(type(module))
    other.__dict__ = dict(module.__dict__)
    for own in ("_modules", "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called"):
        other.__dict__[own] = copy.copy(module.__dict__[own])
    return other


def first_tensor(output: Any) -> Tensor | None:
    """The tensor that stands for what a module gives: of a dict `out`, else of a dict, tuple or list the first.

    None where there is none.

    >>> first_tensor({"aux": torch.tensor(1), "out": [torch.tensor(2)]})
    tensor(2)
    """
    if isinstance(output, Tensor):
        return output
    values: list[Any] = []
    if isinstance(output, Mapping):
        values = [output.get("out"), *output.values()]
    elif isinstance(output, tuple | list):
        values = list(output)
    return next((tensor for value in values if (tensor := first_tensor(value)) is not None), None)


def _nearest(name: str, model: nn.Module) -> str:
    named = [other for other, _ in model.named_modules() if other]
    near = get_close_matches(name, named, n=3, cutoff=0.4) or named[:3]
    return f"; the nearest are {', '.join(map(repr, near))}" if near else ""


def telling_channels(maps: Tensor, count: int) -> list[int]:
    """The `count` channels of maps (C, H, W) that together tell most, the most telling first.

    The first is the channel that varies most over the picture. What it tells is then taken out of all the
    others (they are made orthogonal to it), and the next is the one that still varies most: so a channel that
    repeats another is not chosen, however strong it is. This is Gram–Schmidt with pivoting.

    Raises ValueError for maps of another form, and for a `count` outside [1, C].

    >>> ramp = torch.arange(4.0).reshape(2, 2)
    >>> telling_channels(torch.stack([torch.ones(2, 2), 3 * ramp, 2 * ramp, ramp.T]), 2)
    [1, 3]
    """
    _check_maps(maps)
    if not 1 <= count <= len(maps):
        raise ValueError(f"count must be in [1, {len(maps)}], the number of channels, got {count}")
    left = maps.detach().double().flatten(1)
    left = left - left.mean(1, keepdim=True)
    untold = left.square().sum(1)
    chosen: list[int] = []
    for _ in range(count):
        best = int(untold.argmax())
        chosen.append(best)
        direction = F.normalize(left[best], dim=0)
        left = left - torch.outer(left @ direction, direction)
        untold = left.square().sum(1)
        untold[chosen] = -1
    return chosen


def tile(maps: Tensor, *, columns: int | None = None, gap: int = 1, fill: float = math.nan) -> Tensor:
    """Maps (C, H, W) side by side in one picture, `columns` in a row (a square grid if None).

    Gives (rows·(H + gap) - gap, columns·(W + gap) - gap), with `fill` in the gaps and in places left over.
    Raises ValueError for maps of another form, columns below 1 and a gap below 0.

    >>> tile(torch.tensor([[[1.0]], [[2.0]], [[3.0]]]), columns=2, gap=0, fill=0)
    tensor([[1., 2.],
            [3., 0.]])
    """
    _check_maps(maps)
    count, height, width = maps.shape
    columns = math.ceil(math.sqrt(count)) if columns is None else columns
    if columns < 1 or gap < 0:
        raise ValueError(f"columns must be at least 1 and gap at least 0, got {columns} and {gap}")
    rows = math.ceil(count / columns)
    cells = F.pad(maps.detach().float(), (0, gap, 0, gap, 0, rows * columns - count), value=fill)
    cells = cells.reshape(rows, columns, height + gap, width + gap).transpose(1, 2)
    picture = cells.reshape(rows * (height + gap), columns * (width + gap))
    return picture[: picture.shape[0] - gap, : picture.shape[1] - gap]


def stretch(maps: Tensor, *, together: bool = False) -> Tensor:
    """Maps (C, H, W) brought to [0, 1], each by its own least and greatest value, or all by the same two.

    A map of a single value becomes 0.

    >>> stretch(torch.tensor([[[0.0, 2.0]], [[0.0, 4.0]]]), together=True).tolist()
    [[[0.0, 0.5]], [[0.0, 1.0]]]
    """
    _check_maps(maps)
    flat = maps.detach().float().reshape(1 if together else len(maps), -1)
    low, high = flat.amin(1)[:, None, None], flat.amax(1)[:, None, None]
    return (maps.detach().float() - low) / torch.where(high > low, high - low, 1.0)


def _check_maps(maps: Tensor) -> None:
    if not isinstance(maps, Tensor) or maps.ndim != 3 or not maps.numel():
        shape = tuple(maps.shape) if isinstance(maps, Tensor) else type(maps).__name__
        raise ValueError(f"maps must be (C, H, W) and not empty, got {shape}; of a batch, take one: maps[0]")
