"""Still figures about receptive fields: what a unit sees in blue, holes as empty outlines."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from torch import Tensor

from segviz.palette import LIGHT

from .paper import Paper, Still, still

GAP = 2.0  # cells between the boxes of two fields
SMALLEST_CELL = 0.1  # inches: where a hole would be drawn smaller, the next box begins a further row


def central_square(shares: Tensor, share: float = 0.9) -> int:
    """The side of the smallest square around the middle of a map (H, W) that holds `share` of its sum.

    Sides are odd. `share` lies above 0 and up to 1; else `ValueError`.

    >>> central_square(Tensor([[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 2, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]))
    3
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie above 0 and up to 1, got {share}")
    row, column = (side // 2 for side in shares.shape)
    enough = share * float(shares.sum()) * (1 - 1e-9)
    reach = 0
    while (
        float(shares[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1].sum()) < enough
    ):
        reach += 1
    return 2 * reach + 1


@still
def cue(paper: Paper, image: Tensor, labels: Tensor, *, at: tuple[int, int], distance: int) -> Still:
    """A picture of coins above its labels, with one label and the pixel that decides it outlined.

    `image` (1, H, W) and `labels` (H, W) as `segviz.data.FarCues` gives them; labels above 1 are left blank.
    """
    shown = {"input": image[0].numpy(), "output": np.where(labels > 1, np.nan, labels)}
    height, width = labels.shape
    above = 0.1 + paper.line
    figure, axes = paper.panels(2, each=paper.width, height=height / width + above / paper.width)
    row, column = at
    for (side, values), ax, offset in zip(shown.items(), axes, (distance, 0), strict=True):
        ax.imshow(values, cmap="gray", vmin=-0.25, vmax=1.25, interpolation="nearest")
        _outline(ax, (row - 0.5, column + offset - 0.5), 1, paper.color[side])
        ax.set_title("label" if side == "output" else side, color=paper.color[f"{side}-text"])
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_color(paper.color["line"])
    arrow = {"arrowstyle": "-|>", "color": paper.color["output"], "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    axes[0].annotate("", (column + distance - 0.6, row), (column, row), arrowprops=arrow)
    _outline(axes[0], (row - 0.5, column - 0.5), 1, paper.color["output"])
    return figure


@still
def supports(paper: Paper, named: Mapping[str, Tensor]) -> Still:
    """Boxes of receptive fields, cell by cell and on one scale: seen pixels in blue, holes as outlines.

    `named`: name → a bool map (H, W), cut to the field's box.
    """
    maps = {name: np.asarray(seen) for name, seen in named.items()}
    rows = _in_rows(maps, cells=paper.width / SMALLEST_CELL)
    across = max(_width(maps, row) for row in rows)
    cell = min(paper.width / across, 0.3)
    title = 0.8 + 1.2 * paper.line / cell
    tall = [max(maps[name].shape[0] for name in row) for row in rows]
    down = sum(tall) + title * len(rows)
    figure = paper.figure(cell * across, cell * down)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-0.1, across + 0.1), ylim=(down + 0.1, 0))
    ax.set_axis_off()
    bottom = 0.0
    for row, height in zip(rows, tall, strict=True):
        bottom += title + height
        left = 0.0
        for name in row:
            seen = maps[name]
            _draw_support(ax, paper, name, seen, (left, bottom - (height + seen.shape[0]) / 2))
            left += seen.shape[1] + GAP
    return figure


def _in_rows(maps: Mapping[str, np.ndarray], *, cells: float) -> list[list[str]]:
    """The names in rows that are at most `cells` wide; a map that is wider still has a row of its own."""
    rows: list[list[str]] = [[]]
    for name in maps:
        if rows[-1] and _width(maps, [*rows[-1], name]) > cells:
            rows.append([])
        rows[-1].append(name)
    return rows


def _width(maps: Mapping[str, np.ndarray], row: list[str]) -> float:
    return sum(maps[name].shape[1] for name in row) + GAP * (len(row) - 1)


def _draw_support(ax: Axes, paper: Paper, name: str, seen: np.ndarray, corner: tuple[float, float]) -> None:
    left, top = corner
    ax.text(left + seen.shape[1] / 2, top - 0.8, name, ha="center")
    cells = [Rectangle((left + column + 0.08, top + row + 0.08), 0.84, 0.84) for row, column in np.ndindex(seen.shape)]
    faces = [paper.color["input"] if is_seen else "none" for is_seen in seen.flat]
    edges = ["none" if is_seen else paper.color["edge"] for is_seen in seen.flat]
    ax.add_collection(PatchCollection(cells, facecolors=faces, edgecolors=edges, linewidths=0.7))


@still
def profiles(paper: Paper, named: Mapping[str, Tensor]) -> Still:
    """How the weight of effective fields is spread along one axis, on one scale, each over its own field.

    `named`: name → shares (H, W) of a field's box, adding up to 1; columns are added up.
    """
    lines = {name: shares.sum(0).numpy() for name, shares in named.items()}
    height = 0.7 if paper.wide else 0.4
    figure, axes = paper.panels(len(lines), each=2.5, height=height, sharex=True, sharey=True)
    highest = max(line.max() for line in lines.values())
    room = 1.5 * paper.line / (height * paper.width / paper.columns(len(lines), each=2.5))
    for (name, line), ax in zip(lines.items(), axes, strict=True):
        offset = np.arange(len(line)) - len(line) // 2
        ax.bar(offset, line / highest, width=1.0, color=paper.color["input"])
        # Over its own bars: above a low profile, a title would be read as the label of the axis before.
        ax.text(0, line.max() / highest + 0.04, name, ha="center", va="bottom")
        ax.set_ylim(0, 1.04 + room)
        if paper.wide or ax is axes[-1]:
            ax.set_xlabel("columns from the middle")
        ax.locator_params(axis="x", nbins=4)  # those of neighboring axes stay apart
        _quiet(ax, left=False)
    return figure


@still
def seen(paper: Paper, picture: Tensor, shares: Tensor, sides: Mapping[str, int]) -> Still:
    """A picture (3, H, W) in color as far as one unit in its middle is moved by it; squares of these sides around it.

    `shares` (H, W): of an effective field; drawn as square roots, so that weak pixels show.
    """
    keep = (shares / shares.max()).sqrt().numpy()[..., None]
    colors = picture.permute(1, 2, 0).numpy()
    pale = 0.6 + 0.35 * colors.mean(-1, keepdims=True)
    height, width = shares.shape
    across = min(paper.width, 6.0)
    figure = paper.figure(across, across * height / width)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(keep * colors + (1 - keep) * pale, interpolation="nearest")
    ax.set_axis_off()
    for name, side in sides.items():
        top, left = (height - side) / 2, (width - side) / 2
        _outline(ax, (top, left), side, LIGHT["input"])  # the picture is pale on any paper
        ax.text(left, top - 4, name, va="bottom", color="white", bbox={"fc": LIGHT["input"], "lw": 0, "pad": 3})
    return figure


@still
def accuracy_by_field(
    paper: Paper, families: Mapping[str, Mapping[tuple[int, ...], tuple[int, float]]], *, needed: int
) -> Still:
    """Accuracy against receptive field: a line for each family of networks, and the field that the task needs.

    `families`: name → rates → (receptive field, accuracy). The first is drawn with full marks, others with outlines.
    """
    figure, (ax,) = paper.panels(1, each=paper.width, height=0.42 if paper.wide else 0.9)
    ax.plot([needed, needed], [0, 0.97], color=paper.color["input"], lw=1, ls=(0, (4, 3)))  # clear of the rates above
    ax.text(needed + 0.4, 0.72, "the cue is inside\nfrom here on", color=paper.color["input-text"])
    for n, (family, networks) in enumerate(families.items()):
        fields, accuracies = zip(*networks.values(), strict=True)
        face = paper.color["paper" if n else "output"]
        ax.plot(fields, accuracies, "--" if n else "-", color=paper.color["output"], lw=1, alpha=0.6)
        ax.plot(fields, accuracies, "o", ms=8, mec=paper.color["output"], mfc=face, mew=1.6)
        for rates, (field, accuracy) in networks.items():
            beyond, align = (7, "bottom") if accuracy > 0.75 else (-7, "top")
            ax.annotate(
                (" " if paper.wide else "\n").join(map(str, rates)),
                (field, accuracy),
                (0, beyond),
                textcoords="offset points",
                ha="center",
                va=align,
                linespacing=1.0,
            )
        ax.annotate(
            family,
            (fields[-1], accuracies[-1]),
            (10, 10) if n else (10, -20),
            textcoords="offset points",
            ha="right",
            color=paper.color["output-text"],
        )
    ax.set(
        ylim=(0.38, 1.12) if paper.wide else (0.3, 1.2),
        yticks=[0.5, 0.75, 1],
        xticks=sorted({f for net in families.values() for f, _ in net.values()}),
    )
    ax.set_xlabel("receptive field (pixels)", color=paper.color["input-text"])
    ax.set_ylabel("accuracy on new pictures", color=paper.color["output-text"])
    _quiet(ax)
    return figure


def _outline(ax: Axes, corner: tuple[float, float], side: float, color: str) -> None:
    row, column = corner
    ax.add_patch(Rectangle((column, row), side, side, fill=False, ec=color, lw=1.8, clip_on=False))


def _quiet(ax: Axes, *, left: bool = True) -> None:
    for name, spine in ax.spines.items():
        spine.set_visible(name == "bottom" or (left and name == "left"))
    ax.tick_params(left=left, labelleft=left)
