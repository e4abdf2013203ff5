"""Still figures of decoders: their maps stage by stage, their predictions side by side, their scores by class."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from numpy.typing import ArrayLike
from torch import Tensor

from segviz.data import Scenes

from . import GAP, _image
from .paper import Paper, Still, still

SMALLEST, TURNED = 0.9, 1.5  # inches: of rows of smaller pictures the named ones become columns of pictures so wide
MARKS = (("o", "paper"), ("o", "ink"), ("D", "ink"), ("^", "paper"), ("s", "ink"), ("v", "paper"))  # and their fill

Pictures = Mapping[str, ArrayLike | None]


def painted(labels: Tensor) -> np.ndarray:
    """A label map (H, W) in the colors of the scenes' classes, (3, H, W)."""
    colors = np.array([to_rgb(color) for color in Scenes.palette])
    return np.moveaxis(colors[np.asarray(labels)], -1, 0)


@still
def picture_rows(
    paper: Paper,
    *rows: Pictures,
    names: Sequence[str] = (),
    cmap: str = "viridis",
    classes: Sequence[int] | Mapping[str, str] = (),
) -> Still:
    """Rows of square pictures, each under its name.

    Args:
        rows: name of the picture → a map (H, W), drawn from its own smallest to its own largest value, or a picture
            (3, H, W) in [0, 1], or None for an empty place. Shorter rows leave their last places empty.
        names: of the rows, above them; "" for a row without one. Where pictures would be too small to read, these
            rows stand side by side as columns.
        cmap: for maps.
        classes: what is named below the last row: labels of the scenes, or names of other classes with their colors.
    """
    side = _side(paper, rows)
    if side < SMALLEST and any(names):
        rows, names = tuple(_turned(rows, names)), ()
        side = min(TURNED, _side(paper, rows))
    longest = max(len(title) for row in rows for title in row)
    letters = min(paper.letters, side * 72 / (0.6 * max(1, longest)))  # the longest title fits its picture
    titled = [paper.line + 0.1 if any(row) else GAP for row in rows]
    named = [paper.line + 0.16 if name else 0.0 for name in (*names, *[""] * (len(rows) - len(names)))]
    columns = paper.columns(6, each=1.2)
    below = paper.line * -(-len(classes) // columns) + 0.2 if classes else 0.0
    height = sum(titled) + sum(named) + side * len(rows) + below
    figure = paper.figure(paper.width, height)
    top = height
    for number, row in enumerate(rows):
        if named[number]:
            figure.text(0, (top - 0.16) / height, names[number], va="top", weight="bold")
        top -= named[number] + titled[number] + side
        for place, (title, values) in enumerate(row.items()):
            if values is not None:
                left = place * (side + GAP) / paper.width
                ax = figure.add_axes((left, top / height, side / paper.width, side / height))
                ax.imshow(_image(title, values), cmap=cmap, interpolation="nearest")
                ax.set_title(title, y=1, size=letters, pad=4)  # told where, matplotlib measures no ticks
                ax.set_axis_off()
    if classes:
        edge = paper.color["line"]
        if not isinstance(classes, Mapping):
            classes = {Scenes.classes[label]: Scenes.palette[label] for label in classes}
        patches = [Patch(fc=color, ec=edge, label=name) for name, color in classes.items()]
        look = {"ncols": columns, "frameon": False, "borderpad": 0, "borderaxespad": 0.1}
        figure.legend(
            handles=patches, loc="lower left", fontsize=paper.letters - 1, handlelength=1.2, columnspacing=1.2, **look
        )
    return figure


def _side(paper: Paper, rows: Sequence[Pictures]) -> float:
    """Of a picture, in inches: as wide as there is room for.

    Up to a fifth less if that makes all pixels of a map equally large, else a fine pattern grows a second one.
    """
    across = max(len(row) for row in rows)
    room = int((paper.width - GAP * (across - 1)) / across * paper.dots)
    images = [np.shape(values) for row in rows for values in row.values() if values is not None]
    finest = max((shape[0] for shape in images if len(shape) == 2), default=1)
    whole = room // finest * finest
    return (whole if whole >= 0.8 * room else room) / paper.dots


def _turned(rows: Sequence[Pictures], names: Sequence[str]) -> list[Pictures]:
    """Rows without a name as they are, and below them the others as columns: each picture under its row's name."""
    called = [*names, *[""] * (len(rows) - len(names))]
    pairs = list(zip(rows, called, strict=True))
    named = [[(f"{name}, {title}", values) for title, values in row.items()] for row, name in pairs if name]
    unnamed = [row for row, name in pairs if not name]
    return [*unnamed, *(dict(filter(None, column)) for column in zip_longest(*named))]


@still
def class_scores(paper: Paper, scores: Mapping[str, Sequence[float]], *, classes: Sequence[str], what: str) -> Still:
    """A line for every class, a mark for every network: its score there, 0 to 1; the best class on top.

    Args:
        scores: network → its score for each of the classes, in their order.
        classes: names of the classes.
        what: the score's name, under the axis.
    """
    values = np.array(list(scores.values()), dtype=float)
    order = values.max(0).argsort()
    tall = (0.38 * len(classes) + 1.1) / paper.width
    figure, (ax,) = paper.panels(1, each=paper.width, height=tall)
    for row, place in enumerate(order):
        ax.plot([values[:, place].min(), values[:, place].max()], [row, row], color=paper.color["line"], lw=2, zorder=1)
    heights = np.arange(len(order)) + np.linspace(0.26, -0.26, len(scores))[:, None]  # so that no mark hides another
    for name, own, height, (mark, fill) in zip(scores, values, heights, MARKS, strict=False):
        edge = {"paper": "ink", "ink": "paper"}[fill]
        look: dict[str, Any] = {"marker": mark, "s": 55, "fc": paper.color[fill], "ec": paper.color[edge], "lw": 1.2}
        ax.scatter(own[order], height, label=name, zorder=2, **look)
    ax.set_yticks(range(len(order)), [classes[place] for place in order])
    ax.set(xlim=(0, 1), ylim=(-0.6, len(order) - 0.4))
    ax.set_xlabel(what)
    ax.tick_params(length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=paper.columns(len(scores), each=1.4), frameon=False)
    return figure
