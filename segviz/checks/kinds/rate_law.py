"""Dilation put in a stride's place that changes what the layers compute.

Taking a stride away and dilating what follows changes neither the field nor the values at every s-th unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from segviz.fields.interior import SIZES
from segviz.fields.maps import Node
from segviz.fields.pulling import field_along
from segviz.fields.tensors import Traced

from ..findings import Finding
from ..subject import Subject, quietly, run_at
from ..twins import with_values

KIND, MORE = "rate-law", "chapters/dilation-and-receptive-field"

TOLERANCE = 1e-3  # of the scale of the values


def find(subject: Subject) -> Iterator[Finding]:
    if subject.like is None:
        return
    ours, theirs = _nodes(subject, subject.model), _nodes(subject, subject.like)
    shared = [name for name in ours if name in theirs]
    field = next((name for name in shared if _field(ours[name]) != _field(theirs[name])), None)
    values = _first_other_values(subject)
    order = list(ours) or [name for name, _ in subject.model.named_modules()]
    if values is not None and (field is None or order.index(values[0]) < order.index(field)):
        name, difference, stride = values
        message = (
            f"With the weights of the strided network every {stride}th unit differs from it by {difference:.1%} of the "
            f"largest value, first at this layer; where a stride is taken away all that follows is dilated by it, and "
            f"nothing before, so let the block that had the stride keep the previous rate."
        )
        yield Finding(KIND, "fault", name, {"difference": difference, "every": stride}, message, MORE)
    elif field is not None:
        here, there = _field(ours[field]), _field(theirs[field])
        message = (
            f"The receptive field is {here[0]:g}×{here[1]:g} where the strided network's is "
            f"{there[0]:g}×{there[1]:g}, first at this layer; where a stride is taken away all that follows is "
            "dilated by it, and nothing before, so let the block that had the stride keep the previous rate."
        )
        measured: dict[str, Any] = {"field": list(here), "like": list(there)}
        if values is not None and values[0] == field:
            measured |= {"difference": values[1], "every": values[2]}
        yield Finding(KIND, "fault", field, measured, message, MORE)


# --- Fields ----------------------------------------------------------------------------------------------------------


def _nodes(subject: Subject, model: nn.Module) -> dict[str, Node]:
    """The map behind each layer at its first call, in the order in which the layers end."""
    for size in ((SIZES[2],) * 2, subject.at):
        kept: dict[str, Node] = {}
        if subject.traced(model, size, partial(_watch, use=partial(_keep, kept)), quiet=size != subject.at):
            return kept
    return {}


def _keep(kept: dict[str, Node], name: str, output: object) -> None:
    if isinstance(output, Traced) and output.placed.node:
        kept.setdefault(name, output.node)


def _field(node: Node) -> tuple[float, float]:
    sizes = [along and along[0] for along in (field_along(axis, node) for axis in (0, 1))]
    return sizes[0] or 0, sizes[1] or 0  # 0 where the map is too small to tell: for both networks alike


# --- Values ----------------------------------------------------------------------------------------------------------


def _first_other_values(subject: Subject) -> tuple[str, float, int] | None:
    """The first layer whose values at every s-th unit are not those of `like`, with its weights in both."""
    assert subject.like is not None
    ours, theirs = with_values(subject.model), with_values(subject.like)
    fitting = _take_weights(ours, theirs)
    expected: dict[str, Tensor] = {}

    def expect(name: str, output: object) -> None:
        if isinstance(output, Tensor) and name not in expected:
            expected[name] = output.clone()

    found: list[tuple[str, float, int]] = []
    unfit: list[str] = []

    def compare(name: str, values: object) -> None:
        if name not in fitting:
            unfit.append(name)
        if found or unfit or name not in expected or not isinstance(values, Tensor):
            return
        difference = _difference(values, expected.pop(name))
        if difference is not None and not difference[0] <= TOLERANCE:
            found.append((name, *difference))

    _watch(theirs, expect)
    _watch(ours, compare)
    with quietly(), torch.no_grad():
        for twin in (theirs, ours):
            run_at(twin.eval(), subject.picture(subject.at), subject.at)
    return found[0] if found else None


def _take_weights(ours: nn.Module, theirs: nn.Module) -> set[str]:
    """Gives the first network the second's weights, and names the layers that could take all of theirs."""
    fitting = set()
    given = dict(theirs.named_modules())
    for name, module in ours.named_modules():
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        other = given.get(name)
        source = {} if other is None else {**other._parameters, **other._buffers}
        if all(source.get(key) is not None and source[key].shape == tensor.shape for key, tensor in own):  # type: ignore[union-attr]
            fitting.add(name)
            for key, tensor in own:
                tensor.data = source[key].data  # type: ignore[union-attr]
    return fitting


def _watch(twin: nn.Module, use: Callable[[str, Any], object]) -> None:
    """Calls `use` with the name and the output of each layer as it ends."""

    def hook_for(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, output: object) -> None:  # what a hook gives would be the output
            use(name, output)

        return hook

    for name, module in twin.named_modules():
        if name:
            module.register_forward_hook(hook_for(name))


def _difference(ours: Tensor, theirs: Tensor) -> tuple[float, int] | None:
    """The largest difference at every s-th unit as a share of the largest value, and s; None where none fits."""
    if ours.ndim != 4 or theirs.ndim != 4 or ours.shape[:2] != theirs.shape[:2]:
        return None
    strides = [-(-n // m) for n, m in zip(ours.shape[2:], theirs.shape[2:], strict=True)]
    sampled = ours[..., :: strides[0], :: strides[1]]
    if sampled.shape != theirs.shape:
        return None
    scale = theirs.abs().max().item()
    return (sampled - theirs).abs().max().item() / scale if scale else 0.0, strides[0]
