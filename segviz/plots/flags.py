"""What a wrong `align_corners` costs, as a still figure."""

from collections.abc import Mapping

from .paper import Paper, Still, still

Scores = tuple[float, float]


@still
def costs(paper: Paper, ideal: Mapping[int, Scores], networks: Mapping[str, tuple[int, Scores]]) -> Still:
    """The share of a mean IoU that the other flag takes, by the size of a map's cells in pixels.

    Args:
        ideal: cell size → (mean IoU with the own flag, with the other) of the truth at that coarseness: a line.
        networks: name → (cell size, the same two scores): a mark each.
    """
    figure = paper.figure(paper.width, 0.62 * paper.width if not paper.wide else 0.42 * paper.width)
    ax = figure.add_axes((0.12, 0.2, 0.84, 0.72))
    ax.plot(list(ideal), [_lost(pair) for pair in ideal.values()], color=paper.color["input"], marker="o", lw=1.8)
    last = max(ideal)
    ax.annotate(
        "the truth itself", (last, _lost(ideal[last])), (-6, -14), textcoords="offset points", ha="right",
        color=paper.color["input-text"],
    )  # fmt: skip
    for name, (cell, pair) in networks.items():
        ax.plot(cell, _lost(pair), color=paper.color["output"], marker="D", ms=7, ls="none", mec=paper.color["paper"])
        ax.annotate(
            name, (cell, _lost(pair)), (9, -4), textcoords="offset points", va="top", color=paper.color["output-text"]
        )
    ax.axhline(0, color=paper.color["line"], lw=1, zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(ideal), [str(cell) for cell in ideal])
    ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set(xlabel="pixels a cell", ylabel="of the mean IoU lost")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def _lost(pair: Scores) -> float:
    own, other = pair
    return 1 - other / own
