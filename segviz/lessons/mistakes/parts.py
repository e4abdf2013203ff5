"""What the small networks are made of, and how a chapter shows their code."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 11  # of the book's scenes
WIDTH = 8


class Network(nn.Module):
    """A trunk, a head, and a resize of the logits to the picture's size.

    `forward` takes (N, 3, H, W) and gives logits (N, 11, H, W).
    """

    trunk: nn.Module
    head: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        return resize(self.head(self.trunk(x)), x)


def resize(x: Tensor, like: Tensor) -> Tensor:
    """`x` (N, C, h, w) at the size of `like` (N, C′, H, W): bilinear, by half pixels."""
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)


def block(inputs: int, outputs: int, kernel_size: int = 3, **settings: Any) -> nn.Sequential:
    """Convolution, batch normalization and ReLU, all PyTorch's own; without `padding` it keeps the size at stride 1.

    Unlike `segviz.layers.conv_bn_relu`, it complains as PyTorch does where a batch has no statistics.
    """
    settings.setdefault("padding", settings.get("dilation", 1) * (kernel_size - 1) // 2)
    convolution = nn.Conv2d(inputs, outputs, kernel_size, bias=False, **settings)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


def pooled_blocks(count: int, width: int = WIDTH) -> nn.Sequential:
    """A trunk: `count` times a 3 × 3 block and a 2 × 2 max-pool, so that its output stride is 2 to the `count`."""
    layers: list[nn.Module] = []
    for i in range(count):
        layers += [block(width if i else 3, width), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


class Listing:
    """Source code, colored in a notebook and plain elsewhere."""

    def __init__(self, source: str):
        self.source = source

    def __repr__(self) -> str:
        return self.source

    def _repr_html_(self) -> str:
        from IPython.display import Code  # a notebook has it; reading the package needs none

        return Code(self.source, language="python")._repr_html_()


def listing(*things: Callable[..., Any]) -> Listing:
    """The code of classes or functions as it stands in the package, without what is said to others.

    Docstrings would tell a reader too much, and remarks are for the type checker.

    >>> listing(resize)
    def resize(x: Tensor, like: Tensor) -> Tensor:
        return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)
    """
    return Listing("\n\n".join(_without_docstrings(textwrap.dedent(inspect.getsource(thing))) for thing in things))


def _without_docstrings(source: str) -> str:
    told: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            told |= set(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    lines = [line for number, line in enumerate(source.splitlines(), start=1) if number not in told]
    lines = [line.split("  # type: ignore")[0] for line in lines]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1] and not kept[-1].startswith("class ")):  # the docstring's empty line goes, too
            kept.append(line)
    return "\n".join(kept)
