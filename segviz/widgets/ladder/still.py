"""The ladder's still picture, for readers without JavaScript: its sizes, and a street with the skips as they are."""

import base64
import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from segviz.palette import LIGHT
from segviz.widgets.ladder.sizes import STRIDES, rungs


def still_picture(state: dict[str, Any]) -> str:
    """A data URI: the ladder beside the street and what the trained network paints of it."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    ladder, street, painted = figure.subplots(1, 3, width_ratios=[1.5, 1, 1])
    _draw_ladder(ladder, state)
    image, labels = _pictures(state)
    for axes, picture, title in ((street, image, "the street"), (painted, labels, _said(state["cut"]))):
        axes.imshow(picture, interpolation="nearest")
        axes.set_title(title, size=10)
        axes.set_axis_off()
    buffer = io.BytesIO()  # lossy: beside a photograph a lossless picture would outweigh the widget itself
    figure.savefig(buffer, format="webp", dpi=110, facecolor="white", pil_kwargs={"quality": 75, "method": 6})
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _said(cut: list[int]) -> str:
    return f"without the skip{'s' * (len(cut) > 1)} at stride {', '.join(map(str, cut))}" if cut else "all skips on"


def _pictures(state: dict[str, Any]) -> tuple[Any, np.ndarray]:
    stored = state["maps"]
    picture, side = stored["pictures"][state["picture"]], stored["side"]
    way = sum(1 << STRIDES.index(stride) for stride in state["cut"])
    labels = np.asarray(_opened(picture["sheet"]))[way * side : (way + 1) * side, :, 0]
    return _opened(picture["image"]), np.array(stored["palette"], np.uint8)[labels]


def _opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def _draw_ladder(axes: Axes, state: dict[str, Any]) -> None:
    axes.set_axis_off()
    try:
        ladder = rungs(state["size"], state["padding"])
    except ValueError as error:
        axes.text(0, 0.5, str(error), wrap=True, transform=axes.transAxes)
        return
    for row, rung in enumerate(ladder):
        axes.barh(-row, -rung.down[0] / state["size"], 0.5, -0.25, color=LIGHT["input"])
        axes.barh(-row, rung.up[0] / state["size"], 0.5, 0.25, color=LIGHT["output"])
        style = "--" if rung.stride in state["cut"] else "-"
        axes.plot([-0.25, 0.25], [-row, -row], style, color=LIGHT["ink"], zorder=0)
        handed = str(rung.skip) if rung.skip <= rung.raw else f"{rung.skip} → {rung.raw}"
        axes.text(0, -row + 0.08, handed, ha="center", va="bottom", size=9)
        axes.text(-0.3, -row - 0.28, " → ".join(map(str, rung.down)), ha="right", va="top", size=8)
        axes.text(0.3, -row - 0.28, " → ".join(map(str, rung.up)), ha="left", va="top", size=8)
    axes.set_title(f"{state['size']} pixels in, {ladder[0].up[-1]} logits out", size=10)
