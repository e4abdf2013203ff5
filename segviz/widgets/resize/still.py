"""The resize explorer's still picture, for readers without JavaScript: where the real `interpolate` reads a ramp."""

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch.nn import functional as F

from segviz.palette import LIGHT

NAMES = {"bilinear": ("align_corners=True", "align_corners=False"), "nearest": ("nearest", "nearest-exact")}


def still_figure(state: dict) -> Figure:
    """The input's pixels with the outputs' positions, for both ways, and the distance between them."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    upper, lower, curve = figure.subplots(3, 1, height_ratios=[1, 1, 2])
    if int(state["size"] * state["scale_factor"]) < 1 and state["by"] == "scale_factor":
        figure.text(0.5, 0.5, "PyTorch refuses this: there would be no output", ha="center")
        return figure
    both = [positions(state, name) for name in NAMES[state["mode"]]]
    for ax, name, where in zip((upper, lower), NAMES[state["mode"]], both, strict=True):
        _draw_strip(ax, state["size"], where)
        ax.set_title(name, loc="left", color=LIGHT["ink"])
    curve.axhline(0, color=LIGHT["line"])
    curve.plot([first - second for first, second in zip(*both, strict=True)], ".-", color=LIGHT["ink"])
    curve.set_xlabel("output", color=LIGHT["output-text"])
    curve.set_title("their distance in input pixels", loc="left", color=LIGHT["ink"])
    return figure


def positions(state: dict, name: str) -> list[float]:
    """Where every output reads along an axis, in input pixels, as the real operation tells of a ramp."""
    # Nearest depends on the precision where a position falls between two pixels; the widget has that of most maps.
    dtype = torch.float64 if state["mode"] == "bilinear" else torch.float32
    ramp = torch.arange(state["size"], dtype=dtype).view(1, 1, -1)
    given: dict[str, Any] = {"size": state["output_size"]}
    if state["by"] == "scale_factor":
        given = {key: state[key] for key in ("scale_factor", "recompute_scale_factor")}
    how: dict[str, Any] = {"mode": name}
    if state["mode"] == "bilinear":
        how = {"mode": "linear", "align_corners": name.endswith("True")}
    return F.interpolate(ramp, **given, **how).flatten().tolist()


def _draw_strip(ax: Axes, size: int, where: list[float]) -> None:
    ax.bar(range(size), 1, width=1, color="none", edgecolor=LIGHT["input"], linewidth=1)
    ax.plot(range(size), [0.5] * size, "o", mfc="none", color=LIGHT["input"])
    ax.plot(where, [0.5] * len(where), ".", color=LIGHT["output"])
    ax.set(xlim=(-0.6, size - 0.4), ylim=(0, 1), yticks=[])
    ax.spines[:].set_visible(False)
