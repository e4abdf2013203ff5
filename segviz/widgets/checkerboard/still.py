"""The explorer's still picture, for readers without JavaScript: the real layers' output over a map of ones."""

from collections.abc import Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from segviz.palette import LIGHT

TITLES = {"ones": "all ones: the counts", "bilinear": "bilinear", "random": "random, positive"}


def still_figure(state: dict) -> Figure:
    """For each kind of weights: the output in gray, and the pointed row's sums by phase as bars."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    heights = [3, 1] if state["dimensions"] == 2 else [1, 2]
    maps, bars = figure.subplots(2, 3, height_ratios=heights, sharey="row")
    period = state["stride"] ** state["layers"]
    for map_axes, bar_axes, (weights, title) in zip(maps, bars, TITLES.items(), strict=True):
        output = interior(layers_of(weights, state), period)
        mean = output.mean()
        map_axes.imshow(output, cmap="gray", vmin=0, vmax=2 * mean, aspect="auto" if len(output) == 1 else "equal")
        map_axes.set_title(title, color=LIGHT["kernel-text"])
        sums = output[state["at"][0] % period % len(output), :period]
        bar_axes.bar(range(period), sums / mean, color=LIGHT["output"])
        bar_axes.axhline(1, color=LIGHT["edge"], linestyle="--")
        bar_axes.set_xlabel("output phase", color=LIGHT["output-text"])
        for axes in (map_axes, bar_axes):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
    return figure


def layers_of(weights: str, state: dict) -> nn.Sequential:
    """The real layers, two-dimensional in any case: one dimension is a map of one row."""
    across, flat = state["kernel_size"], state["dimensions"] == 1
    shape = (1 if flat else across, across)
    stride = (1 if flat else state["stride"], state["stride"])
    numbers = random_numbers(state["seed"])
    layers = nn.Sequential()
    for _ in range(state["layers"]):
        layer = nn.ConvTranspose2d(1, 1, shape, stride, bias=False, dtype=torch.float64)
        tents = [bilinear(length) for length in shape]
        kernel = {
            "ones": lambda: torch.ones(shape),
            "bilinear": lambda tents=tents: torch.outer(*tents),
            "random": lambda: torch.tensor([next(numbers) for _ in range(shape[0] * shape[1])]).reshape(shape),
        }[weights]()
        layer.weight = nn.Parameter(kernel.to(torch.float64).reshape(1, 1, *shape), requires_grad=False)
        layers.append(layer)
    return layers


def interior(layers: nn.Sequential, period: int, periods: int | None = None) -> Tensor:
    """Whole periods of the layers' output over ones, far from its border; at least 24 pixels unless said."""
    periods = periods or max(2 if period <= 32 else 1, -(-24 // period))
    flat = layers[0].kernel_size[0] == 1 and layers[0].stride[0] == 1
    margin = 8 * len(layers)  # as many inputs as any kernel here can mix in
    length = periods + 2 * margin
    output = layers(torch.ones(1, 1, 1 if flat else length, length, dtype=torch.float64))[0, 0]
    inside = slice(margin * period, (margin + periods) * period)
    return output[:, inside] if flat else output[inside, inside]


def bilinear(size: int) -> Tensor:
    """The tent that upsamples bilinearly along one axis, as FCN starts its deconvolutions."""
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 else factor - 0.5
    return 1 - (torch.arange(size) - center).abs() / factor


def random_numbers(seed: int) -> Iterator[float]:
    """The numbers that geometry.js draws for the same seed."""
    state = (seed * 7919 + 12345) % 2147483647
    while True:
        state = state * 48271 % 2147483647
        yield state / 2147483647
