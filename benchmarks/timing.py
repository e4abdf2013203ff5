"""How long calls take, measured so that a machine at work on something else misleads least."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Call = Callable[[], Any]
Clock = Callable[[], float]


def seconds(call: Call, clock: Clock = time.perf_counter) -> float:
    start = clock()
    call()
    return clock() - start


def least_seconds(call: Call, tries: int = 1, clock: Clock = time.perf_counter) -> tuple[float, Any]:
    """The least time of some tries, since what disturbs only adds; and what the call gave."""
    results = []
    spent = [seconds(lambda: results.append(call()), clock) for _ in range(tries)]
    return min(spent), results[-1]


def in_turns(calls: Mapping[str, Call], rounds: int, clock: Clock = time.perf_counter) -> dict[str, list[float]]:
    """The times of calls that take turns, so that a busy minute slows all alike: forward, then backward, and so on.

    Each call is made once before the first round.
    """
    for call in calls.values():
        call()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in calls if turn % 2 == 0 else reversed(calls):
            spent[name].append(seconds(calls[name], clock))
    return spent


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


class Ratio(NamedTuple):
    """The median over the rounds, and the spread of their middle half."""

    median: float
    spread: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ±{self.spread:.2f}"


def ratio(ours: list[float], theirs: list[float]) -> Ratio:
    """Our time over theirs, round by round; there must be two rounds at least."""
    low, median, high = statistics.quantiles([a / b for a, b in zip(ours, theirs, strict=True)], n=4)
    return Ratio(median, high - low)
