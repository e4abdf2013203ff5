"""Every network of the book in one line: its parts in words, its numbers computed from the network itself.

>>> fcn = facts("fcn32s")
>>> fcn.parameters, fcn.stride, fcn.field, fcn.least
(136152917, 32, 436, 32)
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import segviz
from segviz.shipped.leaderboard import operations
from segviz.widgets.titles import TITLES

SIDE = 512
_SOURCE = Path(__file__).with_suffix(".toml")
_SHRINKING = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)


@dataclass(frozen=True)
class Words:
    """What the table says of a network in words; `paper` is a key of the bibliography.

    `venue` tells apart papers that share authors and year.
    """

    title: str
    paper: str
    encoder: str
    decoder: str
    upsampling: str
    venue: str = ""


@dataclass(frozen=True)
class Facts:
    """What is computed: `parameters`; `multiplications`, multiply-adds on `SIDE` × `SIDE` pixels; `stride`, the
    encoder's; `field`, the side of an output pixel's receptive field in pixels; `least`, the smallest picture's side.
    """

    parameters: int
    multiplications: int
    stride: int
    field: float
    least: int


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(_SOURCE.read_text(encoding="utf-8"))


def words() -> dict[str, Words]:
    """The networks in words, by name, in the order of the book."""
    return {name: Words(TITLES[name], **_content()[name]) for name in segviz.list_models()}


def variants() -> list[tuple[str, dict[str, Any]]]:
    """Names with options: the networks' other backbones and forms."""
    return [(variant["name"], variant["options"]) for variant in _content()["variants"]]


def label(name: str, options: dict[str, Any]) -> str:
    """A network as `create_model` is asked for it.

    >>> label("deeplabv3", {"output_stride": 16})
    'deeplabv3, output_stride=16'
    """
    return ", ".join([name, *(f"{key}={value!r}" for key, value in options.items())])


def facts(name: str, **options: Any) -> Facts:
    """The numbers of one network at its paper's width, for 21 classes; nothing is computed but shapes."""
    with torch.device("meta"):
        model = segviz.create_model(name, **options).eval()
        picture = torch.empty(1, 3, SIDE, SIDE)
    return Facts(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        multiplications=operations(model, picture) // 2,
        stride=encoder_stride(model, picture),
        field=max(segviz.receptive_field(model).size),
        least=model.min_size,
    )


def encoder_stride(model: nn.Module, picture: Tensor) -> int:
    """How many pixels one step on the smallest map stands for that strides, not a global pool, have made.

    >>> encoder_stride(nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.MaxPool2d(2)), torch.ones(1, 3, 64, 64))
    4
    """
    strides = [1]

    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        shape = (output[0] if isinstance(output, tuple) else output).shape
        strides.append(2 ** round(math.log2(picture.shape[-1] / shape[-1])))

    strided = [m for m in model.modules() if isinstance(m, _SHRINKING) and m.stride not in (1, (1, 1))]
    hooks = [module.register_forward_hook(note) for module in strided]
    with torch.no_grad():
        model(picture)
    for hook in hooks:
        hook.remove()
    return max(strides)
