"""The arena's still picture: the networks as points with their bars, and the pointed one's map of the street."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segviz.palette import LIGHT
from segviz.plots import data_uri
from segviz.widgets.arena.measures import MEASURES, SCORES
from segviz.widgets.arena.streets import label_maps


def value(network: dict[str, Any], measure: str, size: int) -> float:
    """A network's value of a measure; a field that is the whole picture is infinite."""
    found = (network["scores"][str(size)] if measure in SCORES else network["costs"])[measure]
    return math.inf if found is None else found


def bar(network: dict[str, Any], measure: str, size: int, spread: str) -> float:
    """Half the length of a network's bar: two standard errors or deviations, 0 where none is known."""
    return 2 * network[spread][str(size)].get(measure, 0.0)


def axis_name(measure: str) -> str:
    about = MEASURES[measure]
    return f"{about.label} ({about.unit})" if about.unit else about.label


def still_picture(state: dict[str, Any]) -> str:
    """The plot, and below it a street's true classes and the pointed network's map, as a data URI."""
    figure = Figure(figsize=(9, 8), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=[5, 3])
    axes = figure.add_subplot(grid[0, :])
    size, names = state["size"], (state["x"], state["y"])
    networks = state["held"]["networks"]
    known = {name: [value(network, name, size) for network in networks] for name in names}
    end = {name: 1.1 * max(filter(math.isfinite, values), default=1.0) for name, values in known.items()}
    for index, network in enumerate(networks):
        x, y = (known[name][index] if math.isfinite(known[name][index]) else end[name] for name in names)
        along, up = (bar(network, name, size, state["spread"]) for name in names)
        pointed = index == state["at"]
        color = LIGHT["output-text"] if pointed else LIGHT["ink"]
        axes.errorbar(x, y, xerr=along or None, yerr=up or None, fmt="o", color=color, ms=9 if pointed else 6, lw=1)
        axes.annotate(network["title"], (x, y), xytext=(6, 4), textcoords="offset points", color=color, fontsize=9)
    scales = ("log" if MEASURES[name].log else "linear" for name in names)
    axes.set(
        **dict(zip(("xscale", "yscale"), scales, strict=True)), xlabel=axis_name(names[0]), ylabel=axis_name(names[1])
    )
    axes.spines[["top", "right"]].set_visible(False)
    maps = label_maps(state["street"])[[0, 1 + state["at"]]]
    palette = np.array(state["held"]["palette"], np.uint8)
    pictures = [palette[labels.numpy()] for labels in maps]  # a photograph would weigh more than all else
    titles = ["a street’s true classes", networks[state["at"]]["title"]]
    for place, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        panel = figure.add_subplot(grid[1, place])
        panel.imshow(picture, interpolation="nearest")
        panel.set_title(title)
        panel.set_axis_off()
    return data_uri(figure, dpi=80)
