"""Still figures of dilated filters on small maps: which weights are left, where, and at how many positions."""

from itertools import pairwise

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from segviz.arithmetic import valid_weights

from .paper import Paper, Still, still

COUNTS = (9, 6, 4, 2, 1)  # the valid weights that a 3 × 3 filter can have on a square map
COLORS = dict(zip(COUNTS, colormaps["cividis"](np.linspace(0, 1, 5)), strict=True))
PRINTED = (9, 4, 1)  # the three curves of DeepLab v3's figure 4


@still
def share_curves(paper: Paper, size: int, rates: range) -> Still:
    """The share of a size × size map's positions at which 9, 6, 4, 2 or 1 weights are valid, over all rates.

    The curves that DeepLab v3's figure 4 draws are solid, the others dashed; each bears its count at its peak.
    """
    shares = {count: [valid_weights(size, rate)[count] for rate in rates] for count in COUNTS}
    figure, (ax,) = paper.panels(1, each=paper.width, height=0.42 if paper.wide else 0.75)
    for count, curve in shares.items():
        # The palest cividis would vanish on white paper: curves are ink, told apart by their dashes and numbers.
        color = paper.color["ink" if count in PRINTED else "kernel"]
        ax.plot(rates, curve, color=color, lw=1.8, ls=_dashes(count))
        at, beside = _place_of_number(curve)
        ax.annotate(f"{count}", (rates[at], curve[at]), xytext=beside, textcoords="offset points", ha="center")
    ax.set(xlabel="rate", ylabel="share of positions", ylim=(0, 1.08), xlim=(rates[0], rates[-1]))
    ax.spines[["top", "right"]].set_visible(False)
    return figure


@still
def taps_on_crops(
    paper: Paper, picture: ArrayLike, crops: list[int], *, stride: int, rate: int, pixel: tuple[int, int]
) -> Still:
    """The nine taps of one filter at one pixel, to scale, on central crops of a square picture.

    Args:
        picture: (3, S, S) in [0, 1].
        crops: the crops' sides in pixels, at most S, each a multiple of `stride` and one more.
        stride: of the map that the filter runs over: how many pixels its positions are apart.
        rate: of the filter.
        pixel: (row, column) of the filter's middle, a position of every crop's map.

    Taps on the crop are filled, the others empty.
    """
    image = np.moveaxis(np.asarray(picture), 0, -1)
    steps = rate * stride * np.array([-1, 0, 1])
    places = [(pixel[0] + down, pixel[1] + right) for down in steps for right in steps]
    rows, columns = zip(*places, (0, 0), image.shape[:2], strict=True)
    box = 1.6 * stride
    reach = [(min(axis) - box, max(axis) + box) for axis in (rows, columns)]
    ratio = (reach[0][1] - reach[0][0]) / (reach[1][1] - reach[1][0])
    figure, axes = paper.panels(len(crops), each=2.5, height=1.1 * ratio)
    for ax, crop in zip(axes, crops, strict=True):
        start = (len(image) - crop) // 2
        end = start + crop
        ax.imshow(image[start:end, start:end], extent=(start - 0.5, end - 0.5, end - 0.5, start - 0.5))
        for place in places:
            on_crop = all(start <= index < end for index in place)
            color = paper.color["output" if place == pixel else "kernel"]
            face, edge = (color, "white") if on_crop else ("none", color)
            ax.add_patch(Rectangle((place[1] - box / 2, place[0] - box / 2), box, box, lw=1.5, fc=face, ec=edge))
        ax.set(xlim=reach[1], ylim=reach[0][::-1])
        on = sum(start <= min(place) and max(place) < end for place in places)
        ax.set_title(f"crop {crop}: {on} of 9 weights")
        ax.set_axis_off()
    return figure


@still
def count_maps(paper: Paper, size: int, rates: list[int]) -> Still:
    """For each rate, the size × size map of valid weights, every region with its count."""
    figure, axes = paper.panels(len(rates), each=1.6, height=1.15)
    for ax, rate in zip(axes, rates, strict=True):
        draw_count_map(ax, size, rate)
        ax.set_title(f"rate {rate}")
    return figure


def draw_count_map(ax: Axes, size: int, rate: int) -> None:
    """The map of valid weights at one rate, its regions labeled where a number fits."""
    position = np.arange(size)
    along = 1 + (position - rate >= 0) + (position + rate < size)
    counts = np.outer(along, along)
    ax.imshow(np.array([COLORS[count] for count in counts.flat]).reshape(size, size, 4), interpolation="nearest")
    ax.set_axis_off()
    edges = sorted({0, min(rate, size), max(0, size - rate), size})
    middles = [(a + b - 1) / 2 for a, b in pairwise(edges) if b - a > size / 12]
    for row in middles:
        for column in middles:
            count = counts[int(row), int(column)]
            ink = "white" if count >= 4 else "black"
            ax.text(column, row, str(count), color=ink, ha="center", va="center_baseline")


def _dashes(count: int) -> str:
    return "-" if count in PRINTED else "--"


def _place_of_number(curve: list[float]) -> tuple[int, tuple[int, int]]:
    """Where a curve's number stands free, and how many points beside that place.

    Above its peak; four fifths up where the peak is at either end, on the side that the curve leaves free.
    """
    peak = max(range(len(curve)), key=curve.__getitem__)
    if peak > 0 and max(curve) < 1:
        return peak, (0, 5)
    rises = curve[-1] > curve[0]
    return min(range(len(curve)), key=lambda i: abs(curve[i] - 0.8)), (-11 if rises else 11, 2)
