"""The explorer's still picture: the scene, and the maps of both sides beside it."""

import base64
from typing import Any

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from segviz.widgets.activations.gallery import data_uri, opened

SIDE = 240
GAP = 12


def still_picture(state: dict[str, Any]) -> str:
    """The picture and the looked-at maps in a row, as a WebP data URI."""
    gallery = state["gallery"]
    panels = [opened(gallery["pictures"][state["picture"]]).convert("RGB")]
    panels += [_map(gallery, side, state["picture"]) for side in (state["left"], state["right"]) if side]
    row = Image.new("RGB", (len(panels) * (SIDE + GAP) - GAP, SIDE), "white")
    for n, panel in enumerate(panels):
        row.paste(panel.resize((SIDE, SIDE), Image.Resampling.NEAREST), (n * (SIDE + GAP), 0))
    return data_uri(row, "webp", quality=70, method=6)


def eight_bits(gallery: dict[str, Any], side: dict[str, Any], picture: int) -> NDArray:
    """The map that a side looks at, as the sheets hold it: uint8 (h, w)."""
    model = next(model for model in gallery["models"] if model["name"] == side["model"])
    stages = {stage["layer"]: stage for stage in model["stages"]}
    stage = stages[side["layer"]]
    column = stage["channels"].index(side["channel"])
    height, width = stage["size"]
    if stage["kind"] == "unpool":
        return _scattered(stage, eight_bits(gallery, side | {"layer": stage["unpooled"]}, picture), picture, column)
    sheet = np.asarray(opened(model["sheets"][stage["sheet"]]).convert("RGB"))[..., 1]
    top = stage["top"] + picture * height
    return sheet[top : top + height, column * width : (column + 1) * width]


def _scattered(stage: dict[str, Any], values: NDArray, picture: int, column: int) -> NDArray:
    """Values put where their switches say, and elsewhere the byte that stands for 0."""
    low, high = stage["ranges"][column]
    zero = 0 if high <= low else round(255 * -low / (high - low))
    height, width = stage["size"]
    full = np.full((height + 1, width + 1), zero, np.uint8)
    bits = np.frombuffer(base64.b64decode(stage["switches"][picture][column]), np.uint8)
    switched = (bits[:, None] >> np.array([0, 2, 4, 6])).ravel()[: values.size] % 4
    rows, cols = np.divmod(np.arange(values.size), values.shape[1])
    full[2 * rows + switched // 2, 2 * cols + switched % 2] = values.ravel()
    return full[:height, :width]


def _map(gallery: dict[str, Any], side: dict[str, Any], picture: int) -> Image.Image:
    return Image.fromarray((255 * colormaps["viridis"](eight_bits(gallery, side, picture))[..., :3]).astype(np.uint8))
