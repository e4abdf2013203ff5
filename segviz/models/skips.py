"""Skips, one by one: where each enters its network, and the network as it is without some of them.

Nothing is retrained. What a cut skip brought is replaced, at every place alike, by zeros or by each channel's mean:

    with cut(unet, 1, fill=means(unet, images)):
        blind = unet(images)

A skip is named by the stride of the map that it carries: U-Net has 1, 2, 4 and 8, FC-DenseNet also 16, FCN-8s 8 and 16.

>>> from segviz.models.unet import UNet
>>> list(skips(UNet(2, width=0.1)))
[1, 2, 4, 8]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from segviz.models.fcdensenet import FCDenseNet
from segviz.models.fcn import FCN
from segviz.models.unet import UNet


class Skip(NamedTuple):
    """Where a skip can be taken hold of.

    `part` is what of `module` it is: the "first half" of the channels that it reads, its "second" argument, or its
    whole "output", which is added.
    """

    module: nn.Module
    part: str


def skips(model: nn.Module) -> dict[int, Skip]:
    """The skips of a U-Net, an FC-DenseNet or an FCN by their strides, the finest first.

    Raises ValueError for another network, and for FCN-32s, which has none.
    """
    found: dict[int, Skip] = {}
    if isinstance(model, UNet):
        found = {1 << n: Skip(block, "first half") for n, block in enumerate(reversed(model.expansive))}
    elif isinstance(model, FCDenseNet):
        found = {1 << n: Skip(up, "second") for n, up in enumerate(reversed(model.transitions_up))}
    elif isinstance(model, FCN) and model.stride <= 16:
        scored = {8: "score_pool3", 16: "score_pool4"}
        found = {s: Skip(model.get_submodule(scored[s]), "output") for s in scored if s >= model.stride}
    if not found:
        raise ValueError(f"model: got a {type(model).__name__} without skips; FCN-16s and 8s, U-Net, FC-DenseNet have")
    return found


@contextmanager
def cut(model: nn.Module, *strides: int, fill: Mapping[int, Tensor] | None = None) -> Iterator[None]:
    """Within this context the skips of these strides bring nothing: `fill[stride]` (C,) everywhere, or zeros.

    Raises ValueError for a stride that the model has no skip of.
    """
    own = skips(model)
    for stride in strides:
        if stride not in own:
            raise ValueError(f"strides: got {stride}; the skips of this {type(model).__name__} have {list(own)}")

    def emptied(stride: int, brought: Tensor) -> Tensor:
        value = torch.zeros(brought.shape[1]) if fill is None else fill[stride]
        return value.to(brought)[:, None, None].expand_as(brought)

    with _held(own, strides, emptied):
        yield


@torch.no_grad()
def means(model: nn.Module, images: Tensor) -> dict[int, Tensor]:
    """What each skip brings on the mean over images (N, C, H, W) and places: stride → (channels,)."""
    found: dict[int, Tensor] = {}

    def noted(stride: int, brought: Tensor) -> Tensor:
        found[stride] = brought.mean((0, 2, 3))
        return brought

    own = skips(model)
    with _held(own, tuple(own), noted):
        model(images)
    return {stride: found[stride] for stride in own}


@contextmanager
def _held(own: Mapping[int, Skip], strides: tuple[int, ...], change: Any) -> Iterator[None]:
    """What the skips bring, passed through `change(stride, brought)` on its way."""
    handles = []
    for stride in strides:
        module, part = own[stride]
        if part == "output":
            handles.append(module.register_forward_hook(lambda _m, _in, out, s=stride: change(s, out)))
        else:
            handles.append(module.register_forward_pre_hook(_before(stride, part, change)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _before(stride: int, part: str, change: Any) -> Any:
    def hook(_module: nn.Module, read: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if part == "second":
            return read[0], change(stride, read[1])
        skip, up = read[0].chunk(2, dim=1)
        return (torch.cat([change(stride, skip), up], dim=1),)

    return hook
