"""Three predictions of shipped networks, stored: a window of a street, its true classes, and all eleven scores.

`python -m segviz.widgets.crf.predictions` makes them again (seconds). A network labels a whole held-out street; a
window of its picture, labels and probabilities is cut out at full resolution. The probabilities are kept as −log p in
255 steps down to p = 1e-5, where the CRF clips them. All of it lies in one lossless gray picture, plane under plane:
red, green, blue, the true classes, and one plane for each class's scores. Page and package read the same numbers.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

STORED = Path(__file__).parent / "predictions.json"
SIDE = 112
UNIT = -math.log(1e-5) / 255  # of the stored energies


@dataclass(frozen=True)
class Window:
    """A network, and what it is asked about: a held-out scene, and the corner of the window in it."""

    network: str
    called: str
    scene: int
    top: int
    left: int


WINDOWS = (
    Window("deeplabv1", "DeepLab v1: a bus", 35, 60, 100),
    Window("deeplabv3plus", "DeepLab v3+: cars and poles", 30, 36, 48),
    Window("unet", "U-Net: thin poles", 27, 48, 8),
)


@dataclass(frozen=True)
class Prediction:
    """`image` float (3, H, W) in [0, 1], `labels` int64 (H, W), `probabilities` float32 (K, H, W)."""

    image: Tensor
    labels: Tensor
    probabilities: Tensor


@cache
def stored() -> dict[str, Any]:
    """`side`, `unit`, `classes`, `palette`, and for each picture its `name` and its `sheet` of planes."""
    return json.loads(STORED.read_text(encoding="utf-8"))


@cache
def prediction(picture: int) -> Prediction:
    """A stored picture as tensors: what the page computes with, for the package.

    >>> seen = prediction(0)
    >>> tuple(seen.image.shape), tuple(seen.probabilities.shape)
    ((3, 112, 112), (11, 112, 112))
    """
    import numpy as np

    from segviz.widgets.activations.gallery import opened

    sheet = np.asarray(opened(stored()["pictures"][picture]["sheet"]).convert("RGB"))[..., 1]
    planes = torch.from_numpy(sheet.copy()).view(-1, SIDE, SIDE)
    probabilities = (-UNIT * planes[4:].double()).exp()
    probabilities /= probabilities.sum(0)
    return Prediction(planes[:3].float() / 255, planes[3].long(), probabilities.float())


@torch.no_grad()
def sheet_of(window: Window) -> str:
    """What is stored of one window: its planes under one another, as a data URI."""
    from PIL import Image

    from segviz.models import create_model
    from segviz.shipped.recipes import held_out_scenes
    from segviz.widgets.activations.gallery import data_uri

    model = create_model(window.network, weights="scenes").eval()
    image, labels = held_out_scenes()[window.scene]
    energies = -model(image[None]).log_softmax(1)[0].clamp(min=-255 * UNIT) / UNIT
    planes = torch.cat([(image * 255).round().byte(), labels[None].byte(), energies.round().byte()])
    planes = planes[:, window.top : window.top + SIDE, window.left : window.left + SIDE]
    gray = Image.fromarray(planes.flatten(0, 1).numpy()).convert("RGB")
    return data_uri(gray, "webp", lossless=True, quality=100, method=6)


def main() -> None:
    from segviz.data import PALETTE, Scenes

    about = {
        "side": SIDE,
        "unit": UNIT,
        "classes": list(Scenes.classes),
        "palette": [list(bytes.fromhex(color[1:])) for color in PALETTE],
        "pictures": [{"name": window.called, "sheet": sheet_of(window)} for window in WINDOWS],
    }
    STORED.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
