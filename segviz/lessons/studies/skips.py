"""What each skip of a trained network brings: chapter 5's experiment.

`python -m segviz.lessons.studies.skips` remakes the stored results (about half an hour on one core). The shipped U-Net,
FCN-8s and FC-DenseNet103 label held-out scenes, whole and with their skips cut: each alone, and all. A cut skip brings
each channel's mean over some training scenes, or zeros. FCN-32s, which was trained without, stands beside them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segviz.models import create_model
from segviz.models.skips import cut, skips
from segviz.shipped.cutting import SCORES, scene_scores, training_means
from segviz.shipped.recipes import held_out_scenes

NETWORKS = ("unet", "fcn8s", "fcdensenet103")
FILLS = ("mean", "zeros")
SCENES = 40
STORED = Path(__file__).parent / "skips.json"


@cache
def results() -> list[dict[str, Any]]:
    """The stored scores: a row for every network, cut and fill, each score a list with one number a scene."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def scored(network: str, score: str, *strides: int, fill: str = "mean") -> Tensor:
    """A stored score of `network` with these skips cut, scene by scene: (SCENES,), NaN where there is nothing to score.

    `score` is "areas" (mean IoU of the classes that are there), "outlines" (boundary F1 within a pixel), "poles" (IoU)
    or "small" (mean IoU of signs, persons and bicycles).

    >>> scored("unet", "areas").shape
    torch.Size([40])
    """
    wanted = (network, sorted(strides), fill if strides else "none")
    (row,) = [row for row in results() if (row["network"], row["cut"], row["fill"]) == wanted]
    return torch.tensor([float("nan") if value is None else value for value in row[score]])


def lost(network: str, score: str, *strides: int, fill: str = "mean") -> tuple[float, float, float]:
    """How much of a score goes with these skips: lower quartile, median and upper quartile over the scenes."""
    change = scored(network, score) - scored(network, score, *strides, fill=fill)
    low, middle, high = change[change.isfinite()].quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    return low, middle, high


def told(network: str, score: str, *strides: int) -> str:
    """The loss as words for a table: its median, and the middle half of the scenes."""
    low, middle, high = (f"{value:.2f}".replace("-", "−") for value in lost(network, score, *strides))
    return f"{middle} ({low} to {high})"


def ranking(network: str, score: str, *, fill: str = "mean") -> list[int]:
    """The strides of a network's skips by what the score loses without each, in the median; the worst loss first.

    >>> ranking("unet", "small")
    [4, 2, 1, 8]
    """
    cuts = [row["cut"] for row in results() if row["network"] == network and row["fill"] == fill]
    alone = [strides[0] for strides in cuts if len(strides) == 1]
    return sorted(alone, key=lambda stride: lost(network, score, stride, fill=fill)[1], reverse=True)


def cuts_of(model: nn.Module) -> list[tuple[int, ...]]:
    """Each skip alone, and all of them."""
    own = list(skips(model))
    return [*((stride,) for stride in own), tuple(own)]


@torch.no_grad()
def rows_of(network: str, scenes: Sequence[int]) -> list[dict[str, Any]]:
    """A shipped network's rows, whole and cut, on these held-out scenes."""
    model = create_model(network, weights="scenes").eval()
    pairs = [held_out_scenes()[index] for index in scenes]
    ways: list[tuple[tuple[int, ...], str]] = [((), "none")]
    fills: dict[str, Any] = {"none": None, "zeros": None}
    if network != "fcn32s":
        fills["mean"] = training_means(model)
        ways += [(strides, fill) for fill in FILLS for strides in cuts_of(model)]
    rows = []
    for strides, fill in ways:
        found = []
        for image, mask in pairs:
            if strides:
                with cut(model, *strides, fill=fills[fill]):
                    logits = model(image[None])
            else:
                logits = model(image[None])
            found.append(scene_scores(logits.argmax(1)[0], mask))
        row = {name: [scene[name] for scene in found] for name in SCORES}
        rows.append({"network": network, "cut": sorted(strides), "fill": fill, **row})
        print(network, strides, fill, flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Cut the skips of chapter 5's networks and score them again.")
    parser.add_argument("--networks", nargs="+", default=[*NETWORKS, "fcn32s"])
    parser.add_argument("--to", type=Path, default=STORED, help="where the scores go")
    asked = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    for network in asked.networks:
        rows += rows_of(network, range(SCENES))
        lines = ",\n".join(json.dumps(row) for row in rows)
        asked.to.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
