"""Still figures about receptive fields: what a unit sees in blue, holes as empty outlines."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ..palette import LIGHT
from . import SHARP, WIDTH

SMALL = 11  # points: letters that a phone can still show


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


def cue(image: Tensor, labels: Tensor, *, at: tuple[int, int], distance: int) -> Figure:
    """A picture of coins above its labels, with one label and the pixel that decides it outlined.

    `image` (1, H, W) and `labels` (H, W) as `segviz.data.FarCues` gives them; labels above 1 are left blank.
    """
    shown = {"input": image[0].numpy(), "label": np.where(labels > 1, np.nan, labels)}
    height, width = labels.shape
    figure, axes = plt.subplots(
        2, 1, figsize=(WIDTH, 2 * (WIDTH * height / width + 0.35)), dpi=SHARP, layout="constrained"
    )
    row, column = at
    for (name, values), ax, offset in zip(shown.items(), axes, (distance, 0), strict=True):
        ax.imshow(values, cmap="gray", vmin=-0.25, vmax=1.25, interpolation="nearest")
        _outline(ax, (row - 0.5, column + offset - 0.5), 1, LIGHT["input" if offset else "output"])
        ax.set_title(name, color=LIGHT[f"{'input' if offset else 'output'}-text"], fontsize=12)
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_color(LIGHT["line"])
    axes[0].annotate(
        "",
        (column + distance - 0.6, row),
        (column, row),
        arrowprops={"arrowstyle": "-|>", "color": LIGHT["output"], "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0},
    )
    _outline(axes[0], (row - 0.5, column - 0.5), 1, LIGHT["output"])
    return _finished(figure)


def supports(named: Mapping[str, Tensor]) -> Figure:
    """Boxes of receptive fields, cell by cell and on one scale: seen pixels in blue, holes as outlines.

    `named`: name → a bool map (H, W), cut to the field's box.
    """
    maps = {name: np.asarray(seen) for name, seen in named.items()}
    gap, title = 2.0, 3.2
    across = sum(seen.shape[1] for seen in maps.values()) + gap * (len(maps) - 1)
    down = max(seen.shape[0] for seen in maps.values()) + title
    cell = min(WIDTH / across, 0.3)
    figure = plt.figure(figsize=(cell * across, cell * down), dpi=SHARP)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(-0.1, across + 0.1), ylim=(down - title + 0.1, -title))
    ax.set_axis_off()
    left, middle = 0.0, (down - title) / 2
    for name, seen in maps.items():
        top = middle - seen.shape[0] / 2
        ax.text(left + seen.shape[1] / 2, top - 0.8, name, ha="center", fontsize=SMALL, color=LIGHT["ink"])
        cells = [
            Rectangle((left + column + 0.08, top + row + 0.08), 0.84, 0.84) for row, column in np.ndindex(seen.shape)
        ]
        faces = [LIGHT["input"] if is_seen else "none" for is_seen in seen.flat]
        edges = ["none" if is_seen else LIGHT["edge"] for is_seen in seen.flat]
        ax.add_collection(PatchCollection(cells, facecolors=faces, edgecolors=edges, linewidths=0.4))
        left += seen.shape[1] + gap
    return _finished(figure)


def profiles(named: Mapping[str, Tensor]) -> Figure:
    """How the weight of effective fields is spread along one axis, on one scale, each over its own field.

    `named`: name → shares (H, W) of a field's box, adding up to 1; columns are added up.
    """
    lines = {name: shares.sum(0).numpy() for name, shares in named.items()}
    figure, axes = _panels(len(lines), height=2.2, shared=True)
    highest = max(line.max() for line in lines.values())
    for (name, line), ax in zip(lines.items(), axes, strict=True):
        offset = np.arange(len(line)) - len(line) // 2
        ax.bar(offset, line / highest, width=1.0, color=LIGHT["input"])
        ax.set_title(name, color=LIGHT["ink"], fontsize=SMALL)
        ax.set_xlabel("columns from the middle", color=LIGHT["quiet"], fontsize=SMALL)
        _quiet(ax, left=False)
    return _finished(figure)


def seen(picture: Tensor, shares: Tensor, sides: Mapping[str, int]) -> Figure:
    """A picture (3, H, W) in color as far as one unit in its middle is moved by it; squares of these sides around it.

    `shares` (H, W): of an effective field; drawn as square roots, so that weak pixels show.
    """
    keep = (shares / shares.max()).sqrt().numpy()[..., None]
    colors = picture.permute(1, 2, 0).numpy()
    pale = 0.6 + 0.35 * colors.mean(-1, keepdims=True)
    height, width = shares.shape
    figure = plt.figure(figsize=(WIDTH * 0.72, WIDTH * 0.72 * height / width), dpi=SHARP)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(keep * colors + (1 - keep) * pale, interpolation="nearest")
    ax.set_axis_off()
    for name, side in sides.items():
        top, left = (height - side) / 2, (width - side) / 2
        _outline(ax, (top, left), side, LIGHT["input"])
        ax.text(left + 6, top + 6, name, va="top", fontsize=SMALL, color="white", bbox={"fc": LIGHT["input"], "lw": 0})
    return _finished(figure)


def accuracy_by_field(families: Mapping[str, Mapping[tuple[int, ...], tuple[int, float]]], *, needed: int) -> Figure:
    """Accuracy against receptive field: a line for each family of networks, and the field that the task needs.

    `families`: name → rates → (receptive field, accuracy). The first is drawn with full marks, others with outlines.
    """
    figure, (ax,) = _panels(1, height=3.6)
    ax.axvline(needed, color=LIGHT["input"], lw=1, ls=(0, (4, 3)))
    ax.text(needed + 0.4, 0.72, "the cue is inside\nfrom here on", fontsize=SMALL, color=LIGHT["input-text"])
    for n, (family, networks) in enumerate(families.items()):
        fields, accuracies = zip(*networks.values(), strict=True)
        face = LIGHT["paper"] if n else LIGHT["output"]
        ax.plot(fields, accuracies, "--" if n else "-", color=LIGHT["output"], lw=1, alpha=0.6)
        ax.plot(fields, accuracies, "o", ms=8, mec=LIGHT["output"], mfc=face, mew=1.6)
        for rates, (field, accuracy) in networks.items():
            aside = 0.07 if accuracy > 0.75 else -0.07
            ax.text(field, accuracy + aside, " ".join(map(str, rates)), ha="center", va="center", fontsize=SMALL)
        ax.text(fields[-1] + 0.6, accuracies[-1], family, va="center", fontsize=SMALL, color=LIGHT["output-text"])
    ax.set(
        ylim=(0.38, 1.12),
        yticks=[0.5, 0.75, 1],
        xticks=sorted({f for net in families.values() for f, _ in net.values()}),
    )
    ax.set_xlabel("receptive field (pixels)", color=LIGHT["input-text"], fontsize=SMALL)
    ax.set_ylabel("accuracy on new pictures", color=LIGHT["output-text"], fontsize=SMALL)
    _quiet(ax)
    return _finished(figure)


def _panels(count: int, *, height: float, shared: bool = False) -> tuple[Figure, Sequence[Axes]]:
    figure, axes = plt.subplots(
        1, count, figsize=(WIDTH, height), dpi=SHARP, layout="constrained", squeeze=False, sharex=shared, sharey=shared
    )
    return figure, axes[0]


def _outline(ax: Axes, corner: tuple[float, float], side: float, color: str) -> None:
    row, column = corner
    ax.add_patch(Rectangle((column, row), side, side, fill=False, ec=color, lw=1.8, clip_on=False))


def _quiet(ax: Axes, *, left: bool = True) -> None:
    for name, spine in ax.spines.items():
        spine.set_visible(name == "bottom" or (left and name == "left"))
        spine.set_color(LIGHT["edge"])
    ax.tick_params(colors=LIGHT["quiet"], labelsize=SMALL, left=left, labelleft=left)


def _finished(figure: Figure) -> Figure:
    """Closed, so that a notebook shows it once: as the value of its cell."""
    plt.close(figure)
    return figure
