"""What a still figure is drawn on: light or dark paper, as wide as a desk's screen or a phone's.

One picture cannot be read on all of them: no gray reaches a contrast of 4.5 on both papers, and letters that suit a
wide page vanish on a narrow one. So a drawing function is given its paper, and while the book is built it is called
once for each; the page shows the one that fits (`segviz.sphinx.stills`).
"""

import base64
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, Concatenate, NamedTuple, ParamSpec, cast

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from segviz.palette import DARK, LIGHT

Drawing = ParamSpec("Drawing")

HEAVY = 40_000  # bytes of one picture; a page has about ten, each for four papers
# An exact WebP takes a quarter of a quickly packed PNG or more: where that is heavier than this, none is tried.
HOPELESS = 5 * HEAVY


class Still(Figure):
    """A figure that a notebook shows as wide as it was meant; in the book, printed on every paper."""

    paper: "Paper"
    proof: "Print | None" = None  # on its own paper, once it was printed there
    prints: "Mapping[str, Print] | None" = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        picture = self.proof or self.paper.printed(self)
        about: dict[str, Any] = {"width": picture.pixels}
        if self.prints:
            about["papers"] = {name: {"webp": each.text, "width": each.pixels} for name, each in self.prints.items()}
        return {"image/png": picture.text}, {"image/png": about}


class Print(NamedTuple):
    """A picture's file, and how many CSS pixels wide it is to be shown."""

    file: bytes
    pixels: int

    @property
    def text(self) -> str:
        return base64.b64encode(self.file).decode("ascii")

    def in_webp(self) -> "Print":
        """A PNG's picture as a WebP: exact where that is light, and lossy where it would grow heavy."""
        picture, file = Image.open(io.BytesIO(self.file)).convert("RGB"), io.BytesIO()
        if len(self.file) < HOPELESS:
            picture.save(file, "webp", lossless=True, method=2)
            if len(file.getvalue()) < HEAVY:
                return Print(file.getvalue(), self.pixels)
        file = io.BytesIO()
        picture.save(file, "webp", quality=80, method=4)
        return Print(file.getvalue(), self.pixels)


@dataclass(frozen=True)
class Paper:
    """Lengths are inches of 96 CSS pixels each, letters are points of 4/3: what is drawn is what is read."""

    color: Mapping[str, str]
    width: float
    letters: float
    dots: int  # for each inch

    @property
    def line(self) -> float:
        """A line of letters with its leading, in inches."""
        return 1.4 * self.letters / 72

    @property
    def wide(self) -> bool:
        return self.width > 6

    def columns(self, count: int, *, each: float) -> int:
        """Into how many columns `count` panels go, if each is to be `each` inches wide or more."""
        return max(1, min(count, int(self.width / each)))

    def figure(self, width: float, height: float) -> Still:
        """An empty figure of this size in inches."""
        return cast(Still, plt.figure(FigureClass=Still, figsize=(width, height), dpi=self.dots))

    def panels(self, count: int, *, each: float, height: float, **options: Any) -> tuple[Still, list[Axes]]:
        """A figure of panels, each `height` times as tall as wide and `each` inches wide or more."""
        columns = self.columns(count, each=each)
        rows = -(-count // columns)
        size = (self.width, rows * height * self.width / columns)
        about = {"FigureClass": Still, "figsize": size, "dpi": self.dots, "layout": "constrained", **options}
        figure, axes = plt.subplots(rows, columns, squeeze=False, **about)
        for spare in axes.flat[count:]:
            spare.set_axis_off()
        return cast(Still, figure), list(axes.flat[:count])

    @property
    def style(self) -> Any:
        """matplotlib's settings for this paper."""
        ink = ("text.color", "axes.titlecolor", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor")
        lines = ("axes.edgecolor", "xtick.color", "ytick.color")
        plain = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
        sizes = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
        return {
            **dict.fromkeys(ink, self.color["ink"]),
            **dict.fromkeys(lines, self.color["edge"]),
            **dict.fromkeys(plain, self.color["paper"]),
            **dict.fromkeys(sizes, self.letters),
        }

    def printed(self, figure: Figure) -> Print:
        """The figure cut to what is drawn, as a PNG that is quickly packed."""
        buffer = io.BytesIO()
        with plt.rc_context(self.style):
            packed = {"compress_level": 1}
            figure.savefig(buffer, dpi=self.dots, bbox_inches="tight", pad_inches=0.02, format="png", pil_kwargs=packed)
        return Print(buffer.getvalue(), round(Image.open(buffer).width * 96 / self.dots))


DESK = Paper(LIGHT, width=9.4, letters=12, dots=144)
PAPERS = {
    "light": DESK,
    "dark": Paper(DARK, width=9.4, letters=12, dots=144),
    "phone": Paper(LIGHT, width=3.7, letters=10, dots=240),
    "phone-dark": Paper(DARK, width=3.7, letters=10, dots=240),
}


def still(draw: Callable[Concatenate[Paper, Drawing], Still]) -> Callable[Drawing, Still]:
    """Give a drawing function its paper: a wide light one, and while the book is built the others, too."""

    @wraps(draw)
    def drawn(*args: Drawing.args, **settings: Drawing.kwargs) -> Still:
        def on(paper: Paper) -> Still:
            with plt.rc_context(paper.style):
                figure = draw(paper, *args, **settings)
            plt.close(figure)  # so that a notebook shows it once: as the value of its cell
            figure.paper = paper
            return figure

        figure = on(DESK)
        if os.environ.get("SEGVIZ_BOOK"):
            figure.proof = DESK.printed(figure)
            proofs = {n: figure.proof if paper is DESK else paper.printed(on(paper)) for n, paper in PAPERS.items()}
            figure.prints = {name: proof.in_webp() for name, proof in proofs.items()}
        return figure

    whole = signature(draw)
    drawn.__signature__ = whole.replace(parameters=list(whole.parameters.values())[1:])  # type: ignore[attr-defined]
    return drawn
