"""Networks ranked by their stored scores, and which of the differences are more than chance.

Two kinds of chance stand behind a score. Other streets would have given these weights another one: of that the
leaderboard's scores with each street left out tell. Another training would have given other weights: of that trainings
from several seeds tell, `segviz.shipped.seeds`. And a training that was stopped early would have given better ones: of
that its learning curve tells, which each weight file keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from segviz.checkpoints import WEIGHTS, load_checkpoint
from segviz.shipped import leaderboard, seeds
from segviz.shipped.recipes import SHIPPED
from segviz.shipped.scoring import standard_error
from segviz.widgets.arena.measures import COSTS, costs_of, score_of
from segviz.widgets.titles import TITLES


def board(measure: str = "mean_iou") -> dict[str, dict[str, Any]]:
    """The leaderboard's entries by the networks' titles, those with the largest `measure` first.

    >>> len(board())
    16
    """
    entries = sorted(leaderboard.load()["models"], key=lambda entry: -score_of(entry, measure))
    return {TITLES[entry["name"]]: entry for entry in entries}


def scores(entries: Mapping[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Columns of a table of these entries: both scores."""
    headings = {"mean_iou": "mean IoU", "boundary_f1": "outlines"}
    return {name: [f"{score_of(row, key):.3f}" for row in entries.values()] for key, name in headings.items()}


def failures(entries: Mapping[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Columns of a table of these entries: what is lost or mistaken, in percent."""
    headings = {"poles_lost": "poles lost", "small_lost": "small lost", "mirrored_as_bicycle": "mirrored"}
    return {name: [f"{score_of(row, key):.1f} %" for row in entries.values()] for key, name in headings.items()}


def costs(entries: Mapping[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Columns of a table of these entries: each cost in the unit of the arena."""
    known = [costs_of(row) for row in entries.values()]
    headings = {name: measure.label for name, measure in COSTS.items()} | {
        "milliseconds": "ms",
        "receptive_field": "sees",
    }
    return {name: [_told(row[key]) for row in known] for key, name in headings.items()}


def budget(entry: Mapping[str, Any]) -> tuple[int, int]:
    """How many windows of streets the network of an entry was given, and how many pixels these hold."""
    return SHIPPED[entry["name"]].seen


def budgets(entries: Mapping[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Columns of a table of these entries: windows that were given, and their pixels in millions."""
    given = [budget(row) for row in entries.values()]
    return {"windows": [f"{windows:,}" for windows, _ in given], "Mpx": [f"{pixels / 1e6:,.0f}" for _, pixels in given]}


def _told(cost: float | None) -> str:
    return "all" if cost is None else f"{cost:,.0f}" if cost >= 100 else f"{cost:.3g}"


def gap(one: dict[str, Any], other: dict[str, Any], score: str = "mean_iou") -> tuple[float, float]:
    """By how much `one` is ahead of `other`, and the standard error of that over the streets, both having the same.

    `score` is "mean_iou" or "boundary_f1"; the two are entries of the leaderboard.
    """
    pairs = zip(one["without"][score], other["without"][score], strict=True)
    return one[score] - other[score], standard_error([a - b for a, b in pairs])


def trained(measure: str = "mean_iou", size: int = 224) -> dict[str, list[float]]:
    """A score of each training from several seeds, by the networks' titles, on pictures of this size."""
    found: dict[str, list[float]] = {}
    for run in seeds.load()["runs"]:
        found.setdefault(TITLES[run["name"]], []).append(score_of(run["sizes"][str(size)], measure))
    return found


def curves(entries: Mapping[str, dict[str, Any]]) -> dict[str, list[float]]:
    """Held-out mean IoU at each tenth of the last part of these entries' trainings, of those that were scored there.

    >>> len(curves(board())["U-Net"])
    10
    """
    found = {}
    for title, entry in entries.items():
        history = load_checkpoint(WEIGHTS / f"{entry['name']}.safetensors").scores["history"]
        if "mean_iou" in history[0]:
            found[title] = [point["mean_iou"] for point in history]
    return found


def rise(curve: Sequence[float], count: int = 3) -> tuple[float, bool]:
    """By how much the mean of a curve's last values exceeds that of as many before them, and whether each does.

    >>> rise([4, 1, 2, 3, 4, 6, 5]), rise([1, 2, 4, 3, 6, 6])
    ((3.0, True), (2.6666666666666665, False))
    """
    before, last = curve[-2 * count : -count], curve[-count:]
    return fmean(last) - fmean(before), min(last) > max(before)


def apart(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether every value of one stands on the same side of every value of the other.

    >>> apart([0.5, 0.6], [0.7, 0.8]), apart([0.5, 0.75], [0.7, 0.8])
    (True, False)
    """
    return max(one) < min(other) or max(other) < min(one)


def chance_of_apart(count: int) -> float:
    """How probable it is that two lots of `count` values stand apart though all come from one source.

    Each way to deal the values out is as likely as another, and two of them keep the lots apart: all are tried.

    >>> chance_of_apart(2)                              # two of six
    0.3333333333333333
    """
    values = range(2 * count)
    deals = [(lot, [v for v in values if v not in lot]) for lot in combinations(values, count)]
    return sum(apart(lot, rest) for lot, rest in deals) / len(deals)


def front(points: Iterable[tuple[str, float, float]]) -> list[str]:
    """The names of the points (name, cost, score) that none beats: none costs no more, scores no less, and differs.

    >>> front([("a", 1, 0.5), ("b", 2, 0.4), ("c", 3, 0.9)])
    ['a', 'c']
    """
    known = list(points)

    def beats(one: tuple[str, float, float], other: tuple[str, float, float]) -> bool:
        return one[1] <= other[1] and one[2] >= other[2] and one[1:] != other[1:]

    return [point[0] for point in known if not any(beats(other, point) for other in known)]
