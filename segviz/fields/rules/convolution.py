"""Convolution, transposed convolution, and their windows laid side by side (unfold, fold)."""

from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arithmetic import conv_size, conv_transpose_size
from ..answers import Shape
from ..layouts import COLS, ROWS, regrouped, size_of, whole
from ..placing import Placed
from ..relations import Window
from .outputs import along, constant, windowed, with_all_of


def convolution(out, x, weight, bias, stride, padding, dilation, transposed, output_padding) -> Placed:
    traced_weight = isinstance(weight, Placed)
    if not isinstance(x, Placed) or x.node is None:
        return with_all_of(constant(out), [weight, bias], out)
    channels = out.size[1]

    def window(number: int, size: int) -> Window:
        taps = kernel_sizes[number]
        s, p, d = along(stride, number), along(padding, number), along(dilation, number)
        if transposed:
            return _transposed_window(size, taps, s, p, along(output_padding, number), d)
        return conv_window(size, taps, s, p, d)

    kernel_sizes = _kernel_sizes(weight)
    spatial = len(out.size) - 2
    kernel = None if traced_weight or spatial != 2 else partial(_energy_of, weight, channels)
    return with_all_of(windowed(x, out, "convolution", window, spatial=spatial, kernel=kernel), [weight, bias], out)


def _kernel_sizes(weight: Tensor | Placed) -> list[int]:
    return list(map(size_of, weight.layout[2:])) if isinstance(weight, Placed) else list(weight.shape[2:])


@lru_cache
def conv_window(size: int, kernel_size: int, stride: int, padding: int, dilation: int) -> Window:
    out_size = conv_size(size, kernel_size, stride=stride, padding=padding, dilation=dilation)
    return Window(out_size, size, kernel_size, stride, padding, dilation)


@lru_cache
def _transposed_window(
    size: int, kernel_size: int, stride: int, padding: int, output_padding: int, dilation: int
) -> Window:
    out_size = conv_transpose_size(
        size, kernel_size, stride=stride, padding=padding, output_padding=output_padding, dilation=dilation
    )
    return Window(out_size, size, kernel_size, stride, padding, dilation, transposed=True)


def _energy_of(weight: Tensor, channels: int) -> NDArray:
    """The expected energy each tap passes on: squared weights, or even ones where all of them are still 0."""
    taps = weight.detach().square().sum((0, 1), dtype=torch.float64).cpu().numpy() / channels
    return taps if taps.any() else np.full(taps.shape, 1 / taps.size)


def im2col(out, x, kernel_size, dilation, padding, stride) -> Placed:
    """`F.unfold`: the windows stand one after the other in the last dimension, each window's taps in the channels."""

    def window(number: int, size: int) -> Window:
        return conv_window(size, *(along(value, number) for value in (kernel_size, stride, padding, dilation)))

    sizes = [window(number, n).out_size for number, n in enumerate(map(size_of, x.layout[-2:]))]
    spread = windowed(x, Shape((*out.size[:2], *sizes), out.dtype), "unfold", window)
    return Placed(spread.node, (*spread.layout[:-2], whole(ROWS, sizes[0]) + whole(COLS, sizes[1])))


def col2im(out, x, output_size, kernel_size, dilation, padding, stride) -> Placed:
    """`F.fold`: the windows are laid back where they were, and added where they overlap."""
    windows = [
        conv_window(n, *(along(value, number) for value in (kernel_size, stride, padding, dilation)))
        for number, n in enumerate(output_size)
    ]
    layout = regrouped(x.layout, (*map(size_of, x.layout[:-1]), *(window.out_size for window in windows)))

    def window(number: int, size: int) -> Window:
        taps, s, p, d = (along(value, number) for value in (kernel_size, stride, padding, dilation))
        return Window(output_size[number], size, taps, s, p, d, transposed=True)

    return windowed(Placed(x.node, layout), out, "fold", window)
