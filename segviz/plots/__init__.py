"""Still figures of the book, in its colors."""

import base64
import io
from collections.abc import Mapping
from functools import partial
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from segviz.palette import LIGHT

WIDTH = 7.45  # inches: the page's wide column, so that letters come out alike in all figures
SHARP = 160  # dots per inch: about two for each CSS pixel of the page
GAP = 0.12  # inches between pictures
LETTERS, LINE = 14, 0.26  # points and inches: a phone shows the page's wide column at a third of its size


def data_uri(figure: Figure, *, dpi: int = 120) -> str:
    """The figure as a WebP data URI: a picture that needs no file beside the page and no network."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=dpi, facecolor="white", pil_kwargs={"lossless": True, "method": 6})
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def pictures(
    named: Mapping[str, ArrayLike],
    *,
    cmap: str = "gray",
    limits: tuple[float, float] | None = (0, 1),
) -> Figure:
    """Pictures side by side under their names, pixel for pixel; a name too long for its picture takes more lines.

    Args:
        named: name → a map (H, W), or a picture (3, H, W) in [0, 1]; leading axes of length 1 are dropped.
        cmap: for maps; anything but gray brings a scale beside the last one.
        limits: the values drawn as darkest and brightest; None: each picture from its smallest to its largest.

    Raises `ValueError` for other shapes.
    """
    images = {name: _image(name, values) for name, values in named.items()}
    low, high = limits or (None, None)
    ratios = [image.shape[1] / image.shape[0] for image in images.values()]
    scale = 0.0 if cmap == "gray" else 0.7
    room = WIDTH - scale - GAP * (len(images) - 1)
    height = _in_whole_dots(room / sum(ratios), rows=max(len(image) for image in images.values()))
    width = height * sum(ratios) + GAP * (len(images) - 1) + scale

    titles = ["\n".join(_lines(name, height * ratio)) for name, ratio in zip(images, ratios, strict=True)]
    above = LINE * (1 + max(title.count("\n") for title in titles)) + 0.1
    figure = plt.figure(figsize=(width, height + above), dpi=SHARP)
    left, top = 0.0, height / (height + above)
    for title, image, ratio in zip(titles, images.values(), ratios, strict=True):
        ax = figure.add_axes((left / width, 0, height * ratio / width, top))
        drawn = ax.imshow(image, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        ax.set_title(title, color=LIGHT["ink"], fontsize=LETTERS)
        ax.set_axis_off()
        left += height * ratio + GAP
    if scale:
        beside = figure.add_axes((left / width, 0.1 * top, 0.1 / width, 0.8 * top))
        figure.colorbar(drawn, cax=beside, ticks=MaxNLocator(4))
    return _finished(figure)


def _in_whole_dots(inches: float, rows: int) -> float:
    """A height near `inches` that gives every row the same number of dots: else a fine pattern grows a second one."""
    dots = inches * SHARP
    return (dots // rows * rows if dots >= rows else dots) / SHARP


def _lines(name: str, inches: float) -> list[str]:
    """A title's lines, alike in length and no longer than a picture is wide: a letter takes 0.58 of its height."""
    fit = max(1, int(inches * 72 / (0.58 * LETTERS)))
    broken = [wrap(name, length, break_long_words=False) for length in range(1, fit + 1)]
    return next(lines for lines in broken if len(lines) == len(broken[-1]))


def matrices(named: Mapping[str, ArrayLike], *, cell: float = 0.34) -> Figure:
    """Small matrices with their entries: rows numbered as outputs, columns as inputs; zeros stay empty.

    `cell` is the side of an entry in inches.

    >>> figure = matrices({"C": [[1, 2, 3, 0], [0, 1, 2, 3]]})
    """
    values = {name: np.asarray(_plain(matrix)) for name, matrix in named.items()}
    gap, margin = 2.5, 2.0
    width = sum(matrix.shape[1] + gap for matrix in values.values()) - gap + margin
    height = max(matrix.shape[0] for matrix in values.values()) + margin
    figure = plt.figure(figsize=(cell * width, cell * height), dpi=SHARP)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-margin + 0.5, width - margin + 0.5), ylim=(height - margin, -margin))
    ax.set_axis_off()
    left = 0.0
    for name, matrix in values.items():
        _draw_matrix(ax, name, matrix, left)
        left += matrix.shape[1] + gap
    return _finished(figure)


def _draw_matrix(ax: Axes, name: str, matrix: np.ndarray, left: float) -> None:
    height, width = matrix.shape
    write = partial(ax.text, ha="center", va="center", fontsize=11)
    write(left + width / 2, -1.5, name, color=LIGHT["kernel-text"], fontsize=13)
    for column in range(width):
        write(left + column + 0.5, -0.45, str(column), color=LIGHT["input-text"])
    for row in range(height):
        write(left - 0.5, row + 0.5, str(row), color=LIGHT["output-text"])
    for (row, column), value in np.ndenumerate(matrix):
        face = to_rgba(LIGHT["kernel"], 0.25) if value else "none"
        ax.add_patch(Rectangle((left + column + 0.04, row + 0.04), 0.92, 0.92, fc=face, ec=LIGHT["line"]))
        if value:
            write(left + column + 0.5, row + 0.5, f"{value:.3g}", color=LIGHT["ink"])


def _finished(figure: Figure) -> Figure:
    """Closed, so that a notebook shows it once: as the value of its cell."""
    plt.close(figure)
    return figure


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
