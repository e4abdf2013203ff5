"""Still figures about networks with a mistake: what their losses do, and where their outputs look."""

from collections.abc import Mapping, Sequence

from .paper import Paper, Still, still

DASHES = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)))


@still
def losses(paper: Paper, named: Mapping[str, Sequence[float]]) -> Still:
    """Losses, step by step: one line a network, told apart by dashes and by names in the legend."""
    figure, (ax,) = paper.panels(1, each=paper.width, height=0.36 if paper.wide else 0.7)
    for (name, values), dash in zip(named.items(), DASHES, strict=False):
        ax.plot(range(1, len(values) + 1), values, color=paper.color["ink"], ls=dash, lw=1.8, label=name)
    ax.set(xlabel="step", ylabel="loss", ylim=(0, None), xlim=(1, None))
    ax.legend(frameon=False, labelcolor=paper.color["ink"])
    ax.spines[["top", "right"]].set_visible(False)
    return figure


@still
def displacements(paper: Paper, named: Mapping[str, Sequence[float]], rows: Sequence[int]) -> Still:
    """How far below its own row each output row looks, in pixels: one line a network, its name where it ends."""
    figure, (ax,) = paper.panels(1, each=paper.width, height=0.42 if paper.wide else 0.95)
    ax.axhline(0, color=paper.color["edge"], lw=1)
    for (name, offsets), dash in zip(named.items(), DASHES, strict=False):
        ax.plot(rows, offsets, color=paper.color["output"], ls=dash, lw=1.8, marker="o", ms=3.5, label=name)
    ax.set(xlabel="output row", ylabel="pixels below it", xticks=list(rows)[:: 1 if paper.wide else 2])
    ax.legend(
        frameon=False,
        labelcolor=paper.color["ink"],
        loc="upper left" if paper.wide else "upper center",
        bbox_to_anchor=(1.0, 1.0) if paper.wide else (0.5, -0.22),
        handlelength=3,
    )
    ax.spines[["top", "right"]].set_visible(False)
    return figure
