"""What a dense CRF mends and what it breaks, over the shipped networks: chapter 9's experiment.

`python -m segviz.lessons.studies.dense_crf` remakes the stored results (about five minutes on one core). Each network
labels held-out scenes; its probabilities go through :func:`segviz.dense_crf` under each of the settings below, and the
map before and those after are scored.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from segviz.crf import dense_crf
from segviz.data import Scenes
from segviz.metrics import class_iou, confusion_matrix
from segviz.models import create_model
from segviz.shipped.cutting import SCORES, scene_scores
from segviz.shipped.recipes import held_out_scenes

# From the coarsest map to the finest; the stride of the map that is resized to the picture's size.
STRIDES = {
    "fcn32s": 32,
    "deeplabv1": 8,
    "deeplabv2": 8,
    "deeplabv3": 8,
    "fcn8s": 8,
    "deeplabv3plus": 4,
    "fcdensenet103": 1,
    "unet": 1,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "port": {
        "gaussian_sxy": 1,
        "gaussian_compat": 3,
        "bilateral_sxy": 67,
        "bilateral_srgb": 3,
        "bilateral_compat": 4,
    },
    "color": {"gaussian_compat": 0, "bilateral_sxy": 40, "bilateral_srgb": 8, "bilateral_compat": 5},
    "position": {"bilateral_compat": 0},
}
SCENES = 30
STORED = Path(__file__).parent / "dense_crf.json"


@cache
def results() -> list[dict[str, Any]]:
    """The stored scores: a row for every network and setting ("none" for the network alone).

    Each score is a list with one number a scene; `class_iou` is over all scenes, in the order of the classes.
    """
    return json.loads(STORED.read_text(encoding="utf-8"))


def _row(network: str, setting: str) -> dict[str, Any]:
    (row,) = [row for row in results() if (row["network"], row["setting"]) == (network, setting)]
    return row


def scored(network: str, score: str, setting: str = "none") -> Tensor:
    """A stored score scene by scene: (SCENES,), NaN where there is nothing to score.

    `score` is "areas" (mean IoU of the classes that are there), "outlines" (boundary F1 within a pixel), "poles" (IoU)
    or "small" (mean IoU of signs, persons and bicycles); `setting` is a name of SETTINGS, or "none".

    >>> scored("unet", "areas").shape
    torch.Size([30])
    """
    row = _row(network, setting)[score]
    return torch.tensor([float("nan") if value is None else value for value in row])


def gained(network: str, score: str, setting: str = "defaults") -> tuple[float, float, float]:
    """How much a score gains by the CRF: lower quartile, median and upper quartile over the scenes."""
    change = scored(network, score, setting) - scored(network, score)
    low, middle, high = change[change.isfinite()].quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    return low, middle, high


def by_class(network: str, setting: str = "none") -> dict[str, float]:
    """The IoU of each class over all scenes.

    >>> by_class("unet")["pole"] > by_class("fcn32s")["pole"]
    True
    """
    return dict(zip(Scenes.classes, _row(network, setting)["class_iou"], strict=True))


@torch.no_grad()
def rows_of(network: str, scenes: Sequence[int]) -> list[dict[str, Any]]:
    """A shipped network's rows on these held-out scenes: alone, and under each of the settings."""
    model = create_model(network, weights="scenes").eval()
    ways = ["none", *SETTINGS]
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    count = len(Scenes.classes)
    matrices = {way: torch.zeros(count, count, dtype=torch.int64) for way in ways}
    for index in scenes:
        image, mask = held_out_scenes()[index]
        probabilities = model(image[None])[0].softmax(0)
        for way in ways:
            marginals = probabilities if way == "none" else dense_crf(probabilities, image, **SETTINGS[way])
            labels = marginals.argmax(0)
            found[way].append(scene_scores(labels, mask))
            matrices[way] += confusion_matrix(labels, mask, count)
    return [
        {
            "network": network,
            "setting": way,
            **{name: [scene[name] for scene in found[way]] for name in SCORES},
            "class_iou": [round(value, 4) for value in class_iou(matrices[way]).tolist()],
        }
        for way in ways
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Put the shipped networks through a dense CRF and score them again.")
    parser.add_argument("--networks", nargs="+", default=list(STRIDES))
    parser.add_argument("--to", type=Path, default=STORED, help="where the scores go")
    asked = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for network in asked.networks:
        rows += rows_of(network, range(SCENES))
        print(network, flush=True)
        lines = ",\n".join(json.dumps(row) for row in rows)
        asked.to.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
