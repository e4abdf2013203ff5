"""The CRF explorer's still picture: the window, the network's classes, and those after the package's own CRF."""

from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from segviz.crf import dense_crf
from segviz.shipped.cutting import scene_scores
from segviz.widgets.activations.gallery import as_picture, data_uri
from segviz.widgets.crf.predictions import Prediction, prediction

GAP, LARGER = 16, 3
SETTINGS = ("iterations", "gaussian_sxy", "gaussian_compat", "bilateral_sxy", "bilateral_srgb", "bilateral_compat")


def solved(state: dict[str, Any]) -> tuple[Prediction, Tensor, Tensor]:
    """The stored prediction, and its probabilities (K, H, W) before and after the CRF."""
    before, after = _solved(state["picture"], *(state[name] for name in SETTINGS))
    return prediction(state["picture"]), before, after


@lru_cache(maxsize=4)
def _solved(picture: int, *settings: float) -> tuple[Tensor, Tensor]:
    seen = prediction(picture)
    options: dict[str, Any] = dict(zip(SETTINGS, settings, strict=True))
    return seen.probabilities, dense_crf(seen.probabilities, seen.image, **options)


def scores(state: dict[str, Any]) -> list[dict[str, float | None]]:
    """`segviz.shipped.cutting.scene_scores` of the network's classes, and of those after the CRF."""
    seen, *both = solved(state)
    return [scene_scores(probabilities.argmax(0), seen.labels) for probabilities in both]


def still_picture(state: dict[str, Any]) -> str:
    """Window, classes before, classes after, side by side, as a data URI."""
    seen, *both = solved(state)
    palette = np.array(state["held"]["palette"], np.uint8)
    maps = [Image.fromarray(palette[probabilities.argmax(0).numpy()]) for probabilities in both]
    pictures = [as_picture(seen.image), *maps]
    side = state["held"]["side"] * LARGER
    row = Image.new("RGB", (3 * side + 2 * GAP, side), "white")
    for place, picture in enumerate(pictures):
        row.paste(picture.resize((side, side), Image.Resampling.NEAREST), (place * (side + GAP), 0))
    return data_uri(row, "webp", quality=80, method=6)
