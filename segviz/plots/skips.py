"""Still figures of skips that were cut: what each score loses, with its spread over the scenes."""

from collections.abc import Mapping

from .paper import Paper, Still, still

Loss = tuple[float, float, float]


@still
def losses(paper: Paper, lost: Mapping[str, Mapping[str, Loss]], *, what: str) -> Still:
    """A panel for every score, a line for every cut: from the lower to the upper quartile, a mark at the median.

    Args:
        lost: score → cut → (lower quartile, median, upper quartile) of what the score loses.
        what: the name of the axis.
    """
    most = max(high for cuts in lost.values() for _, _, high in cuts.values())
    least = min(0.0, *(low for cuts in lost.values() for low, _, _ in cuts.values()))
    cuts = list(next(iter(lost.values())))
    tall = (0.34 * len(cuts) + 0.9) / (paper.width / paper.columns(len(lost), each=2))
    figure, panels = paper.panels(len(lost), each=2, height=tall, sharex=True, sharey=True)
    for ax, (score, rows) in zip(panels, lost.items(), strict=True):
        for place, (low, middle, high) in enumerate(rows.values()):
            ax.plot([low, high], [place, place], color=paper.color["edge"], lw=5, alpha=0.6, solid_capstyle="butt")
            ax.plot(middle, place, marker="D", ms=7, color=paper.color["output"], mec=paper.color["paper"])
        ax.axvline(0, color=paper.color["line"], lw=1, zorder=0)
        ax.set_title(score)
        ax.set_yticks(range(len(cuts)), cuts)
        ax.set(xlim=(least - 0.02, 1.06 * most), ylim=(len(cuts) - 0.5, -0.5))
        ax.tick_params(length=0)
        ax.spines[["top", "right", "left"]].set_visible(False)
    figure.supxlabel(what, size=paper.letters)
    return figure
