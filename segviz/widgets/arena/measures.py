"""What the arena can lay along its axes: the shipped networks' scores and costs, and how far each may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import stdev
from typing import Any

from segviz.shipped import leaderboard, seeds
from segviz.shipped.recipes import VALIDATION_SIZES
from segviz.widgets.titles import TITLES


@dataclass(frozen=True)
class Measure:
    """A measure's name on its axis, its unit, and whether more of it is better; `log`: drawn over decades."""

    label: str
    unit: str
    more: bool = False
    log: bool = False


# Scores are known for pictures of each size, and come first.
SCORES = {
    "mean_iou": Measure("mean IoU", "", more=True),
    "boundary_f1": Measure("outlines, boundary F1", "", more=True),
    "poles_lost": Measure("poles lost", "%"),
    "small_lost": Measure("small things lost", "%"),
    "mirrored_as_bicycle": Measure("mirrored bicycles taken for real", "%"),
}
COSTS = {
    "parameters": Measure("parameters", "million", log=True),
    "multiply_adds": Measure("multiply-adds", "billion", log=True),
    "training_memory": Measure("memory in training", "MB", log=True),
    "memory": Measure("memory in use", "MB", log=True),
    "milliseconds": Measure("time for a picture", "ms", log=True),
    "receptive_field": Measure("receptive field", "pixels", more=True),
}
MEASURES = SCORES | COSTS


def score_of(scores: dict[str, Any], measure: str) -> float:
    """A score out of what `segviz.shipped.scoring.scores` gives; failures in percent, nothing to count being none.

    >>> score_of({"failures": {"poles_lost": 0.25}}, "poles_lost")
    25.0
    """
    if measure in scores:
        return scores[measure]
    return 100 * (scores["failures"][measure] or 0.0)


def costs_of(entry: dict[str, Any]) -> dict[str, float | None]:
    """Of an entry of the leaderboard, each cost in its unit; a field that is the whole picture is None."""
    return {
        "parameters": entry["parameters"] / 1e6,
        "multiply_adds": entry["operations"] / 2e9,
        "training_memory": entry["training_memory"] / 1e6,
        "memory": entry["memory"] / 1e6,
        "milliseconds": 1e3 * entry["seconds"],
        "receptive_field": entry["receptive_field"],
    }


def seed_runs() -> list[dict[str, Any]]:
    """What is stored of the trainings from several seeds; empty where there were none."""
    return seeds.load()["runs"] if seeds.SEEDS.is_file() else []


def seed_spread(trainings: Sequence[dict[str, Any]], name: str, size: int) -> dict[str, float]:
    """The standard deviation of each of a network's scores over its `trainings`; empty where there were none."""
    runs = [run["sizes"][str(size)] for run in trainings if run["name"] == name]
    known = [measure for measure in SCORES if all(_has(run, measure) for run in runs)]
    return {measure: stdev(score_of(run, measure) for run in runs) for measure in known} if len(runs) > 1 else {}


def _has(scores: dict[str, Any], measure: str) -> bool:
    return measure in scores or measure in scores["failures"]


def networks() -> list[dict[str, Any]]:
    """Each shipped network: its `name`, `title` and `costs`, and by the size of the pictures its `scores`, their
    `streets` (standard errors over the scenes) and `seeds` (standard deviations over trainings)."""
    found, trainings = [], seed_runs()
    for entry in leaderboard.load()["models"]:
        at = {str(size): leaderboard.at_size(entry, size) for size in VALIDATION_SIZES}
        about = {
            "name": entry["name"],
            "title": TITLES[entry["name"]],
            "costs": {name: _short(value) for name, value in costs_of(entry).items()},
            "scores": {size: {name: _short(score_of(own, name)) for name in SCORES} for size, own in at.items()},
            "streets": {size: _shortened(own["standard_error"]) for size, own in at.items()},
            "seeds": {str(size): _shortened(seed_spread(trainings, entry["name"], size)) for size in VALIDATION_SIZES},
        }
        found.append(about)
    return found


def described() -> list[dict[str, Any]]:
    """The measures as plain values, scores first."""
    return [{"name": name, "score": name in SCORES, **asdict(measure)} for name, measure in MEASURES.items()]


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def _shortened(values: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.5g}") for name, value in values.items()}
