"""What a wrong `align_corners` costs, as a still figure."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator, PercentFormatter

from .paper import Paper, Still, still

Scores = tuple[float, float]


@still
def costs(paper: Paper, ideal: Mapping[int, Scores], networks: Mapping[str, tuple[int, Scores]]) -> Still:
    """The share of a mean IoU that the other flag takes, by the size of a map's cells in pixels.

    Args:
        ideal: cell size → (mean IoU with the own flag, with the other) of the truth at that coarseness: a line.
        networks: name → (cell size, the same two scores): a mark each.
    """
    figure = paper.figure(paper.width, (0.42 if paper.wide else 0.66) * paper.width)
    ax = figure.add_axes((0.1 if paper.wide else 0.13, 0.2, 0.84, 0.68))
    lines = [(cell, _lost(pair)) for cell, pair in ideal.items()]
    ax.plot(*zip(*lines, strict=True), color=paper.color["input"], marker="o", lw=1.8)
    _label(ax, "the truth itself", lines[-1], (4, -30), paper.color["input-text"], ha="right")
    for name, (cell, pair) in networks.items():
        ax.plot(cell, _lost(pair), color=paper.color["output"], marker="D", ms=7, ls="none", mec=paper.color["paper"])
        _label(ax, name, (cell, _lost(pair)), (10, -7), paper.color["output-text"])
    ax.axhline(0, color=paper.color["line"], lw=1, zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(ideal), [str(cell) for cell in ideal])
    ax.margins(y=0.14)
    ax.yaxis.set_major_locator(MultipleLocator(0.02))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel("pixels a cell")
    ax.set_title("of the mean IoU lost", loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _lost(pair: Scores) -> float:
    own, other = pair
    return 1 - other / own


def _label(ax: Axes, text: str, at: Scores, aside: Scores, color: str, *, ha: str = "left") -> None:
    ax.annotate(text, at, aside, textcoords="offset points", ha=ha, va="center", color=color)
