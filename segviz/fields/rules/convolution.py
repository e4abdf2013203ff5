"""Convolution, transposed convolution and linear layers."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arithmetic import conv_size, conv_transpose_size
from ..maps import Edge, Node, Traced, UnsupportedOperation, traced
from ..relations import Window
from .outputs import pair, require_maps, spatial


def conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Traced:
    require_maps(x, "conv2d")
    pads = (padding, padding) if isinstance(padding, str) else pair(padding)
    rows, cols = map(_conv_window, x.node.size, weight.shape[2:], pair(stride), pads, pair(dilation))
    size = (rows.out_size, cols.out_size)
    return spatial(x, weight.shape[0], rows, cols, size, kernel=_energy_of(weight, weight.shape[0]))


@lru_cache
def _conv_window(size: int, kernel_size: int, stride: int, padding: int | str, dilation: int) -> Window:
    if padding == "same":
        return Window(size, size, kernel_size, stride, dilation * (kernel_size - 1) // 2, dilation)
    pad = 0 if isinstance(padding, str) else padding
    out_size = conv_size(size, kernel_size, stride=stride, padding=pad, dilation=dilation)
    return Window(out_size, size, kernel_size, stride, pad, dilation)


def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1) -> Traced:
    require_maps(x, "conv_transpose2d")
    settings = map(pair, (stride, padding, output_padding, dilation))
    rows, cols = map(_transposed_window, x.node.size, weight.shape[2:], *settings)
    channels, size = weight.shape[1] * groups, (rows.out_size, cols.out_size)
    return spatial(x, channels, rows, cols, size, kernel=_energy_of(weight, channels))


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


def _energy_of(weight: Tensor, channels: int) -> Callable[[], NDArray]:
    """The expected energy each tap passes on: squared weights, or even ones where all of them are still 0."""

    if isinstance(weight, Traced):
        raise UnsupportedOperation("a kernel that is itself computed from the input cannot be traced")

    def kernel() -> NDArray:
        taps = weight.detach().square().sum((0, 1), dtype=torch.float64).cpu().numpy() / channels
        return taps if taps.any() else np.full(taps.shape, 1 / taps.size)

    return kernel
