"""A network's doctor: what is wrong, wasted or risky in any network from one picture to a map.

In reading order: `findings` (what is given), `twins` (copies on which everything is tried), `recording` (a pass
written down), `subject` (the network, and the passes that checks share), `kinds` (what is looked for, a file each).
The command is `python -m segviz.checks MODULE:CALLABLE --size H W`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import count

import torch
from torch import nn
from tqdm import tqdm

from segviz.arithmetic import whole_numbers

from .findings import Audit, Finding, in_order
from .kinds import KINDS
from .subject import Size, Subject, checked_model, checked_size, checked_sizes, times
from .twins import kept_as_it_is

__all__ = ["KINDS", "Audit", "Finding", "audit"]

SECONDS_WITHOUT_A_BAR = 2


def audit(
    model: nn.Module,
    size: Size,
    *,
    channels: int | None = None,
    sizes: Iterable[Size] | None = None,
    like: nn.Module | None = None,
) -> Audit:
    """What is wrong, wasted or risky in a network from one picture to a map, measured at input `size` `(H, W)`.

    `channels` is how many the picture has, where it cannot be told from the first layer. `sizes` are further sizes to
    try whether the network takes them, a few odd, prime and unequal ones around `size` if None. `like` is the same
    network with its strides in place, to which the dilated one is compared. Nothing is downloaded, and the model is
    left as it was: everything is tried on copies that share its weights. Most of it runs on shapes alone.

    Raises `TypeError` for what is no module or no size, and `ValueError` for a module of several inputs, for one that
    fails at every size that was tried, and for one whose output is no map (1, K, H, W).

    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 1, padding=1))
    >>> found = audit(net, (32, 32))
    >>> found.kinds == {"output-size", "padded-pointwise"}
    True
    >>> [finding.layer for finding in found if finding.kind == "padded-pointwise"]
    ['2']
    """
    size = checked_size("size", size)
    further = _around(size) if sizes is None else checked_sizes("sizes", sizes)
    if channels is not None:
        (channels,) = whole_numbers(channels=channels)
    model = checked_model("model", model)
    with torch.inference_mode(False), torch.enable_grad(), kept_as_it_is(model):
        subject = Subject(model, size, channels, further, like)
        found: list[Finding] = []
        bar = tqdm(KINDS, delay=SECONDS_WITHOUT_A_BAR, leave=False, disable=None, file=sys.stderr, unit="kind")
        for kind in bar:
            bar.set_description(kind.KIND, refresh=False)
            try:
                found += kind.find(subject)
            except (ValueError, RuntimeError, AttributeError, TypeError, KeyError, IndexError) as error:
                subject.say(f"{kind.KIND} could not be tried: {type(error).__name__}: {error}.")
    return Audit(in_order(found), _tried(subject), tuple(subject.untried))


def _tried(subject: Subject) -> str:
    kinds = len(KINDS) - (subject.like is None)  # the rate law is about two networks
    others = ", ".join(times(size) for size in subject.all_sizes[1:])
    output = f", and the size of its output at {others}" if others else ""
    return f"Tried: {kinds} kinds at {times(subject.at)}{output}."


def _around(size: Size) -> list[Size]:
    """One more pixel, one less on one side, primes, and sides that differ."""
    height, width = size
    primes = (_prime_from(height + 2), _prime_from(width + 6))
    return [(height + 1, width + 1), (height, width + 1), primes, (height + height // 3 | 1, width)]


def _prime_from(number: int) -> int:
    return next(n for n in count(number) if n > 1 and all(n % d for d in range(2, int(n**0.5) + 1)))
