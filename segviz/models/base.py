"""What every network of the book promises: it checks its input, and its logits have the input's own size."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import torch
from torch import Tensor, nn

from segviz.layers import resize


class SegmentationModel(nn.Module):
    """A network from images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    A paper's class calls `super().__init__(num_classes, in_channels=…, min_size=…)` and writes `logits(x)`,
    which reads like the paper's figure and may end at any size; `forward` checks the images before, and
    resizes the logits bilinearly to the images' size after, where they do not have it yet.

    Attributes: `num_classes`, `in_channels`, `min_size` (pixels: the least height and the least width) and
    `align_corners` (how that last resize places its corners).
    """

    def __init__(self, num_classes: int, *, in_channels: int, min_size: int, align_corners: bool = False) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.min_size = min_size
        self.align_corners = align_corners

    def logits(self, x: Tensor) -> Tensor:
        """The class scores (N, num_classes, h, w), of whatever size the network ends with."""
        raise NotImplementedError(f"{type(self).__name__} does not define logits(x)")

    def forward(self, x: Tensor) -> Tensor:
        self.check_images(x)
        return resize(self.logits(x), x.shape[-2:], align_corners=self.align_corners)

    def check_images(self, x: Tensor) -> None:
        """Raises TypeError or ValueError where `x` is no batch of images that this network can take."""
        name, wanted = type(self).__name__, f"images are (N, {self.in_channels}, H, W)"
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: x is a {type(x).__name__}; {wanted}, a floating-point tensor")
        if x.ndim != 4:
            mend = "; add the batch axis with x[None]" if x.ndim == 3 else ""
            raise ValueError(f"{name}: x has {x.ndim} axes, shape {tuple(x.shape)}; {wanted}, four axes{mend}")
        height, width = x.shape[2:]
        if x.shape[1] != self.in_channels:
            raise ValueError(
                f"{name}: x has {x.shape[1]} channels, shape {tuple(x.shape)}; {wanted} for this network; "
                f"make it with in_channels={x.shape[1]}"
            )
        if not torch.is_floating_point(x):
            raise TypeError(f"{name}: x is {x.dtype}; {wanted}, floating point; convert with x.float() / 255")
        if min(height, width) < self.min_size:
            raise ValueError(
                f"{name}: x is {height}×{width} pixels; this network needs at least "
                f"{self.min_size}×{self.min_size}; resize or pad the images"
            )


def one_of(parameter: str, value: Any, known: Iterable[Any]) -> Any:
    """`value`, where it is one of `known`; else a ValueError that lists them and names the nearest."""
    known = list(known)
    if value in known:
        return value
    choices = ", ".join(map(repr, known))
    raise ValueError(f"{parameter}: got {value!r}{nearest(value, known)}; known are {choices}")


def nearest(value: Any, known: Iterable[Any]) -> str:
    """A question for an error message, as " (did you mean 'unet'?)", or nothing where nothing is near."""
    near = get_close_matches(str(value), [name for name in known if isinstance(name, str)], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def whole(parameter: str, value: int) -> int:
    """`value`, where it is a whole number of at least 1; else a TypeError or ValueError that names the parameter."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{parameter}: got {value!r}, a {type(value).__name__}; it is a whole number")
    if value < 1:
        raise ValueError(f"{parameter}: got {value}; it is at least 1")
    return value
