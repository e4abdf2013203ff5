"""Whether the masks leave anything to learn, and to score: two classes at least that are not ignored.

Two classes saved in black and white are 0 and 255, and 255 is what is ignored as a rule: then one class is left, a
network cannot go wrong, the loss falls to 0 and the IoU is 1. Nothing about such a training looks amiss.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data import Dataset

from segviz.metrics import USUALLY_IGNORED

MOST = 500  # pictures that are looked at, evenly spread over the set


def require_classes(name: str, dataset: Dataset, ignore_index: int | None) -> None:
    """Raises ValueError where the masks of `dataset` hold the ignored label and at most one class beside it.

    Pictures are looked at until two classes are found, mostly in the first; `MOST` at most. An `ignore_index` of None
    ignores nothing.

    >>> require_classes("set", [(None, torch.tensor([[0, 1, 255]]))], 255)
    >>> require_classes("set", [(None, torch.tensor([[0, 255]]))], 255)   # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: set holds no class but 0 beside pixels of 255, which are ignored (ignore_index), ...
    """
    length = len(dataset)  # type: ignore[arg-type]
    looked_at = min(length, MOST)
    seen: set[int] = set()
    with torch.random.fork_rng(devices=[]):
        for turn in range(looked_at):
            mask = dataset[turn * length // looked_at][1]
            if not isinstance(mask, Tensor):
                return  # the training will say what it is instead
            seen |= set(mask.unique().tolist())
            if len(seen - {ignore_index}) > 1:
                return
    require_two(name, seen - {ignore_index}, ignore_index if ignore_index in seen else None, looked_at)


def require_two(name: str, classes: set[int], ignored: int | None, pictures: int) -> None:
    """Raises ValueError where so many pictures hold these classes alone beside pixels of `ignored` (None: of none).

    One class is enough beside any other label than the usual one: who names a label to ignore knows it as none.
    """
    if ignored is None or len(classes) > 1 or (classes and ignored != USUALLY_IGNORED):
        return
    one = f"no class but {min(classes)} beside" if classes else "nothing but"
    raise ValueError(
        f"{name} holds {one} pixels of {ignored}, which are ignored (ignore_index), in {pictures} pictures: there is "
        f"nothing to tell apart. If {ignored} is a class of yours, as in masks of black and white, give it a number of "
        f"its own, as (mask == {ignored}).long() does for two classes"
    )
