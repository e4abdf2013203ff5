"""Still figures of trainings: what fell, what rose and how it ended, and what a network made of one picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from . import _image
from .paper import Paper, Still, still

# For classes from 1 on, first Okabe and Ito's; as many as Pascal VOC's things. After the last the first comes again.
CLASS_COLORS = (
    "#0072B2", "#D55E00", "#F0E442", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
    "#000000", "#7B2FBE", "#8C1D18", "#A6E22E", "#00E0C6", "#6B4A1F", "#FFB3C7", "#1A1A8C", "#FF2DB2",
    "#0B4F30", "#8F8F00", "#B9A3FF", "#FF2A2A",
)  # fmt: skip


def _color(label: int) -> str:
    """A class's color; 0 has none, and its legend is a gray."""
    return CLASS_COLORS[(label - 1) % len(CLASS_COLORS)] if label else "#BFBFBF"


def overlaid(image: Tensor, labels: Tensor, *, ignore_index: int = 255) -> Tensor:
    """A picture (3, H, W), gray and pale, under the colors of its labels (H, W); class 0 stays gray, ignored is white.

    >>> image, labels = torch.zeros(3, 1, 2), torch.tensor([[0, 255]])
    >>> overlaid(image, labels)[0].tolist()
    [[0.5, 1.0]]
    """
    gray = (0.5 + 0.5 * image.mean(0, keepdim=True)).expand(3, -1, -1)
    labels = labels.long()  # bytes would be taken for a mask
    colors = torch.tensor([to_rgb(color) for color in CLASS_COLORS])
    painted = 0.35 * gray + 0.65 * colors[(labels - 1) % len(colors)].permute(2, 0, 1)
    shown = torch.where(labels > 0, painted, gray)
    return torch.where(labels == ignore_index, 1.0, shown)


def named_colors(classes: Sequence[str], *maps: Tensor, ignore_index: int = 255) -> dict[str, str]:
    """The names of the classes in some label maps, each with the color that `overlaid` gives it; 0 is a gray.

    >>> named_colors(["street", "car", "bus"], torch.tensor([[0, 2]]), torch.tensor([[255]]))
    {'street': '#BFBFBF', 'bus': '#D55E00'}
    """
    found = sorted({label for each in maps for label in each.unique().tolist()} - {ignore_index})
    return {classes[label]: _color(label) for label in found if label >= 0}


@still
def ends(paper: Paper, curves: Mapping[str, Sequence[float]], *, count: int = 3, what: str = "mean IoU") -> Still:
    """A panel for every training: its scores at even distances, the last `count` filled and as many before them ringed.

    All panels have one scale, each around its own scores. `what` is the score's name.

    >>> figure = ends({"a": [0.1, 0.3, 0.2, 0.4, 0.5, 0.6], "b": [0.9, 0.8, 0.8, 0.8, 0.8, 0.8]})
    """
    span = 1.25 * max(max(curve) - min(curve) for curve in curves.values())
    figure, panels = paper.panels(len(curves), each=3 if paper.wide else 1.7, height=0.62, sharex=True)
    for ax, (name, curve) in zip(panels, curves.items(), strict=True):
        share = [100 * (place + 1) / len(curve) for place in range(len(curve))]
        ax.plot(share, curve, color=paper.color["edge"], marker=".", ms=4, lw=1.2, zorder=1)
        for part, face in ((slice(-2 * count, -count), "paper"), (slice(-count, None), "output")):
            ax.scatter(share[part], curve[part], s=40, fc=paper.color[face], ec=paper.color["output"], lw=1.6, zorder=2)
        low = (max(curve) + min(curve) - span) / 2
        ax.set(ylim=(low, low + span), xticks=(0, 50, 100), xlim=(0, 106))
        ax.yaxis.set_major_locator(MaxNLocator(3))
        ax.set_title(name)
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("steps of the last part (%)", size=paper.letters)
    figure.supylabel(what, size=paper.letters)
    return figure


@still
def steps_seen(paper: Paper, history: Sequence[Mapping[str, Any]], pictures: Mapping[str, ArrayLike]) -> Still:
    """The loss and the mean IoU by step, and below them a row of pictures under their names.

    `history` is that of `segviz.training.train`; without a validation set there is no score to draw.
    """
    kinds = [("loss", "loss"), *([("mean_iou", "mean IoU")] if "mean_iou" in history[0] else [])]
    images = {name: _image(name, values) for name, values in pictures.items()}
    columns = paper.columns(len(images), each=1.1)
    rows = -(-len(images) // columns)
    side = paper.width / columns
    ratio = max(image.shape[0] / image.shape[1] for image in images.values())
    below, curves = rows * (side * ratio + paper.line + 0.1), 1.9 if paper.wide else 1.5 * len(kinds)
    figure = paper.figure(paper.width, below + curves + 0.5)
    whole = below + curves + 0.5
    for place, (key, name) in enumerate(kinds):
        column, row = (place, 0) if paper.wide else (0, place)
        width, height = paper.width / (len(kinds) if paper.wide else 1), curves / (1 if paper.wide else len(kinds))
        left, bottom = column * width + 0.6, whole - (row + 1) * height + 0.3
        ax = figure.add_axes(
            (left / paper.width, bottom / whole, (width - 0.75) / paper.width, (height - 0.45) / whole)
        )
        ax.plot(
            [entry["step"] for entry in history],
            [entry[key] for entry in history],
            color=paper.color["output"],
            marker="o",
            ms=4,
        )
        ax.set(ylim=(0, None if key == "loss" else 1), xlabel="step", ylabel=name)
        ax.spines[["top", "right"]].set_visible(False)
    for place, (name, image) in enumerate(images.items()):
        row, column = divmod(place, columns)
        bottom = below - (row + 1) * (side * ratio + paper.line + 0.1) + 0.05
        ax = figure.add_axes(
            (column * side / paper.width, bottom / whole, (side - 0.08) / paper.width, side * ratio / whole)
        )
        ax.imshow(np.asarray(image), interpolation="nearest")
        ax.set_title(name, pad=3)
        ax.set_axis_off()
    return figure
