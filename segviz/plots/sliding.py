"""Still figures of classifiers that are slid over pictures."""

from collections.abc import Mapping, Sequence

from .paper import Paper, Still, still

MARKS = ("o", "s", "D")


@still
def savings(paper: Paper, named: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Still:
    """How many times the convolution's multiply-adds sliding takes, over the side of the picture in windows.

    `named`: classifier → (sides of pictures as multiples of the classifier's window, ratios there).
    """
    figure, (ax,) = paper.panels(1, each=paper.width, height=0.42 if paper.wide else 0.8)
    for (name, (sides, ratios)), mark in zip(named.items(), MARKS, strict=False):
        ax.plot(sides, ratios, color=paper.color["ink"], marker=mark, ms=5, mfc=paper.color["paper"], lw=1.4)
        ax.annotate(name, (sides[-1], ratios[-1]), xytext=(8, 0), textcoords="offset points", va="center")
    farthest = max(max(sides) for sides, _ in named.values())
    ax.set_xlim(0.9, farthest * (1.12 if paper.wide else 1.25))  # room for the names
    ax.axhline(1, color=paper.color["line"], lw=1)
    ax.set(xlabel="side of the picture, in windows", ylabel="sliding / convolution", ylim=(0, None))
    ax.spines[["top", "right"]].set_visible(False)
    return figure
