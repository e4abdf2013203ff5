"""What a network scores by the size of its pictures, as a still figure."""

from collections.abc import Mapping

from .paper import Paper, Still, still

MARKS = ("D", "o", "s")


@still
def by_side(paper: Paper, scores: Mapping[str, Mapping[int, float]], rims: Mapping[int, int]) -> Still:
    """A line for every network over the side of the pictures, and at each side how far the last unit is mislaid.

    Args:
        scores: network → side in pixels → score.
        rims: side → pixels between what the last unit of the coarsest map looks at and where it is laid.
    """
    figure = paper.figure(paper.width, (0.44 if paper.wide else 0.8) * paper.width)
    ax = figure.add_axes((0.09 if paper.wide else 0.13, 0.2, 0.76 if paper.wide else 0.82, 0.72))
    colors = (paper.color["output"], paper.color["edge"], paper.color["input"])
    for (name, line), mark, color in zip(scores.items(), MARKS, colors, strict=False):
        sides, values = zip(*sorted(line.items()), strict=True)
        ax.plot(sides, values, color=color, marker=mark, ms=6, lw=1.6)
        aside, align = ((10, 0), "left") if paper.wide else ((-4, 10), "right")
        ax.annotate(name, (sides[-1], values[-1]), aside, textcoords="offset points", ha=align, va="center")
    first = next(iter(scores.values()))
    for side, pixels in rims.items():
        ax.annotate(str(pixels), (side, first[side]), (0, -15), textcoords="offset points", ha="center", va="center")
    every = [value for line in scores.values() for value in line.values()]
    ax.set(xlabel="side of the pictures (pixels)", ylim=(min(every) - 0.05, max(every) + 0.04))
    ax.set_title("mean IoU; beside each mark, pixels mislaid at the rim", loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    return figure
