"""A training to look at while it runs: its loss, its scores, and what it makes of one picture."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from segviz.plots.training import overlaid, steps_seen


class Watching:
    """A `callback` for `segviz.training.train`: keeps the prediction for one picture at each report, and shows it.

    In a notebook the row of pictures grows below the cell while the training runs; not while the book is built, whose
    pages show the row once, as `figure()` gives it.

    >>> watch = Watching([(torch.zeros(3, 4, 4), torch.zeros(4, 4, dtype=torch.int64))])
    >>> watch(nn.Conv2d(3, 2, 1), {"step": 10, "loss": 0.5, "mean_iou": 0.25})
    >>> list(watch.pictures())
    ['picture', 'mask', 'step 10']
    """

    def __init__(self, dataset: Dataset | Any, index: int = 0) -> None:
        self.image, self.mask = dataset[index]
        self.history: list[dict[str, Any]] = []
        self.maps: dict[int, Tensor] = {}
        self._shown: Any = None

    @torch.no_grad()
    def __call__(self, model: nn.Module, entry: dict[str, Any]) -> None:
        device = next(model.parameters()).device
        self.history.append(entry)
        self.maps[entry["step"]] = model(self.image[None].to(device)).argmax(1)[0].cpu()
        self._show()

    def pictures(self, most: int = 4) -> dict[str, Tensor]:
        """The picture, its mask, and what was predicted, at `most` steps evenly spread, the last among them."""
        steps = list(self.maps)
        count = min(most, len(steps))
        chosen = sorted(steps[-1 - (k * len(steps)) // count] for k in range(count))
        shown = {"mask": self.mask} | {f"step {step}": self.maps[step] for step in chosen}
        return {"picture": self.image} | {name: overlaid(self.image, labels) for name, labels in shown.items()}

    def figure(self) -> Any:
        """The loss, the score where there is one, and the row of pictures."""
        return steps_seen(self.history, self.pictures())

    def _show(self) -> None:
        if os.environ.get("SEGVIZ_BOOK"):
            return
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ImportError:
            return
        if getattr(get_ipython(), "kernel", None) is None:  # a shell in a terminal, or none: it has no cell to grow
            return
        if self._shown is None:
            self._shown = display(self.figure(), display_id=True)
        else:
            self._shown.update(self.figure())
