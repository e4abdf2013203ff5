"""The explorer's still picture, for readers without JavaScript: the real layers' output over a map of ones."""

from collections.abc import Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from segviz.palette import LIGHT

TITLES = {"ones": "all ones: the counts", "tent": "tent", "random": "random, positive"}


def still_figure(state: dict) -> Figure:
    """For each kind of weights: the output in gray, and the pointed row's sums by phase as bars."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    heights = [3, 1] if state["dimensions"] == 2 else [1, 2]
    maps, bars = figure.subplots(2, 3, height_ratios=heights, sharey="row")
    period = state["stride"] ** state["layers"]
    for map_axes, bar_axes, (weights, title) in zip(maps, bars, TITLES.items(), strict=True):
        output = interior(layers_of(weights, state), period, flat=state["dimensions"] == 1).numpy()
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
    flat = state["dimensions"] == 1
    shape = (1 if flat else state["kernel_size"], state["kernel_size"])
    stride = (1 if flat else state["stride"], state["stride"])
    numbers = random_numbers(state["seed"])
    layers = nn.Sequential()
    for _ in range(state["layers"]):
        layer = nn.ConvTranspose2d(1, 1, shape, stride, bias=False, dtype=torch.float64)
        layer.weight = nn.Parameter(kernel_of(weights, shape, numbers)[None, None], requires_grad=False)
        layers.append(layer)
    return layers


def kernel_of(weights: str, shape: tuple[int, int], numbers: Iterator[float]) -> Tensor:
    if weights == "ones":
        return torch.ones(shape, dtype=torch.float64)
    if weights == "tent":
        return torch.outer(tent(shape[0]), tent(shape[1]))
    return torch.tensor([next(numbers) for _ in range(shape[0] * shape[1])], dtype=torch.float64).reshape(shape)


def interior(layers: nn.Sequential, period: int, *, flat: bool) -> Tensor:
    """Whole periods of the layers' output over ones, far from its border: as many as the widget draws."""
    periods = max(2 if period <= 32 else 1, -(-24 // period))
    margin = 8 * len(layers)  # as many inputs as any kernel here can mix in
    length = periods + 2 * margin
    output = layers(torch.ones(1, 1, 1 if flat else length, length, dtype=torch.float64))[0, 0]
    inside = slice(margin * period, (margin + periods) * period)
    return output[:, inside] if flat else output[inside, inside]


def tent(size: int) -> Tensor:
    """The tent with which FCN starts its deconvolutions: bilinear along one axis, where its factor is the stride."""
    factor = (size + 1) // 2
    center = factor - 1 if size % 2 else factor - 0.5
    return 1 - (torch.arange(size, dtype=torch.float64) - center).abs() / factor


def random_numbers(seed: int) -> Iterator[float]:
    """The numbers that geometry.js draws for the same seed."""
    state = (seed * 7919 + 12345) % 2147483647
    while True:
        state = state * 48271 % 2147483647
        yield state / 2147483647
