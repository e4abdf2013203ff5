"""Still figures of the book, in its colors."""

import base64
import io
from collections.abc import Mapping
from functools import partial
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from segviz.plots.paper import Paper, Still, still

GAP = 0.12  # inches between pictures
SMALLEST, TALLEST = 1.6, 5.0  # inches: a picture drawn smaller moves to a further row


def data_uri(figure: Figure, *, dpi: int = 120) -> str:
    """The figure as a WebP data URI: a picture that needs no file beside the page and no network."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=dpi, facecolor="white", pil_kwargs={"lossless": True, "method": 6})
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@still
def pictures(
    paper: Paper,
    named: Mapping[str, ArrayLike],
    *,
    cmap: str = "gray",
    limits: tuple[float, float] | None = (0, 1),
) -> Still:
    """Pictures side by side under their names, pixel for pixel; a name too long for its picture takes more lines.

    Args:
        named: name → a map (H, W), or a picture (3, H, W) in [0, 1]; leading axes of length 1 are dropped.
        cmap: for maps; anything but gray brings a scale beside the last one.
        limits: the values drawn as darkest and brightest; None: each picture from its smallest to its largest.

    Raises `ValueError` for other shapes.
    """
    images = {name: _image(name, values) for name, values in named.items()}
    low, high = limits or (None, None)
    scale = 0.0 if cmap == "gray" else 0.1 + paper.letters / 18
    columns = paper.columns(len(images), each=SMALLEST)
    ratio = max(image.shape[1] / image.shape[0] for image in images.values())
    room = min(TALLEST, (paper.width - scale - GAP * (columns - 1)) / (columns * ratio))
    height = _in_whole_dots(room, dots=paper.dots, rows=max(len(image) for image in images.values()))

    titles = [_lines(name, height * ratio, paper.letters) for name in images]
    above = paper.line * max(title.count("\n") + 1 for title in titles) + 0.1
    rows = -(-len(images) // columns)
    width, whole = columns * (height * ratio + GAP) - GAP + scale, rows * (above + height + GAP) - GAP
    figure = paper.figure(width, whole)
    for place, (title, image) in enumerate(zip(titles, images.values(), strict=True)):
        row, column = divmod(place, columns)
        left, bottom = column * (height * ratio + GAP), whole - (row + 1) * (above + height + GAP) + GAP
        ax = figure.add_axes((left / width, bottom / whole, height * ratio / width, height / whole))
        drawn = ax.imshow(image, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(title, y=1)  # told where, matplotlib measures no ticks
        ax.set_axis_off()
    if scale:
        bottom = whole - above - height
        beside = figure.add_axes(
            (1 - (scale - GAP) / width, (bottom + 0.1 * height) / whole, 0.1 / width, 0.8 * height / whole)
        )
        figure.colorbar(drawn, cax=beside, ticks=MaxNLocator(4))
    return figure


def _in_whole_dots(inches: float, *, dots: int, rows: int) -> float:
    """A height near `inches` that gives every row the same number of dots: else a fine pattern grows a second one."""
    room = inches * dots
    return (room // rows * rows if room >= rows else room) / dots


def _lines(name: str, inches: float, letters: float) -> str:
    """A title in lines alike in length and no longer than a picture is wide: a letter takes 0.58 of its height."""
    fit = max(1, int(inches * 72 / (0.58 * letters)))
    broken = [wrap(name, length, break_long_words=False) for length in range(1, fit + 1)]
    return "\n".join(next(lines for lines in broken if len(lines) == len(broken[-1])))


@still
def matrices(paper: Paper, named: Mapping[str, ArrayLike], *, cell: float = 0.34) -> Still:
    """Small matrices with their entries: rows numbered as outputs, columns as inputs; zeros stay empty.

    `cell` is the side of an entry in inches.

    >>> figure = matrices({"C": [[1, 2, 3, 0], [0, 1, 2, 3]]})
    """
    values = {name: np.asarray(_plain(matrix)) for name, matrix in named.items()}
    gap, margin = 2.5, 2.0
    width = sum(matrix.shape[1] + gap for matrix in values.values()) - gap + margin
    height = max(matrix.shape[0] for matrix in values.values()) + margin
    cell = min(cell, paper.width / width)
    figure = paper.figure(cell * width, cell * height)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-margin + 0.5, width - margin + 0.5), ylim=(height - margin, -margin))
    ax.set_axis_off()
    left = 0.0
    for name, matrix in values.items():
        _draw_matrix(ax, paper, name, matrix, left, letters=min(11, 28 * cell))
        left += matrix.shape[1] + gap
    return figure


def _draw_matrix(ax: Axes, paper: Paper, name: str, matrix: np.ndarray, left: float, *, letters: float) -> None:
    height, width = matrix.shape
    write = partial(ax.text, ha="center", va="center", fontsize=letters)
    write(left + width / 2, -1.5, name, color=paper.color["kernel-text"], fontsize=letters + 1)
    for column in range(width):
        write(left + column + 0.5, -0.45, str(column), color=paper.color["input-text"])
    for row in range(height):
        write(left - 0.5, row + 0.5, str(row), color=paper.color["output-text"])
    for (row, column), value in np.ndenumerate(matrix):
        face = to_rgba(paper.color["kernel"], 0.25) if value else "none"
        ax.add_patch(Rectangle((left + column + 0.04, row + 0.04), 0.92, 0.92, fc=face, ec=paper.color["line"]))
        if value:
            write(left + column + 0.5, row + 0.5, f"{value:.3g}")


def _image(name: str, values: ArrayLike) -> np.ndarray:
    """(H, W) or (H, W, 3), as matplotlib has it."""
    image = np.asarray(_plain(values))
    while image.ndim > 2 and image.shape[0] == 1:
        image = image[0]
    if image.ndim == 3 and image.shape[0] == 3:
        return np.moveaxis(image, 0, -1)
    if image.ndim != 2:
        raise ValueError(f"{name!r} must be a map (H, W) or a picture (3, H, W), got {np.shape(_plain(values))}")
    return image


def _plain(values: ArrayLike) -> ArrayLike:
    return values.detach().cpu().numpy() if hasattr(values, "detach") else values
