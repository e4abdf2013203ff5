"""The arena: all networks of the book by two measures, and the pointed one's map of a street."""

from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget

SCORES = ("mean_iou", "boundary_f1", "poles_lost", "small_lost", "mirrored_as_bicycle")
COSTS = ("parameters", "multiply_adds", "training_memory", "memory", "milliseconds", "receptive_field")
NETWORKS, STREETS = 16, 3


class NetworkArena(Widget):
    """The shipped networks as points between two measures, with their spread, and what one of them says of a street.

    Args:
        x, y: the measures along the axes: "mean_iou", "boundary_f1", "poles_lost", "small_lost",
            "mirrored_as_bicycle", "parameters", "multiply_adds", "training_memory", "memory", "milliseconds" or
            "receptive_field".
        size: side of the pictures that scores are of, 128, 224 or 320; costs are those at 224.
        spread: what the bars are: two standard errors over the "streets", or two standard deviations over trainings
            from several "seeds", of the networks that were trained again.
        at: index of the pointed network in `segviz.list_models()`.
        street: 0 (a bus that mirrors bicycles), 1 (poles and wires) or 2 (people and bicycles).
        shown: what the last map shows: the "classes", or the "mistakes".

    Raises:
        ValueError: a setting outside its rule.

    >>> NetworkArena(x="boundary_f1", at=7)
    NetworkArena(x='boundary_f1')
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"held"})

    x = traitlets.Enum([*SCORES, *COSTS], "multiply_adds")
    y = traitlets.Enum([*SCORES, *COSTS], "mean_iou")
    size = traitlets.Enum([128, 224, 320], 224)
    spread = traitlets.Enum(["streets", "seeds"], "streets")
    at = traitlets.Int(7, min=0, max=NETWORKS - 1)
    street = traitlets.Int(0, min=0, max=STREETS - 1)
    shown = traitlets.Enum(["classes", "mistakes"], "classes")
    held = traitlets.Dict()

    def __init__(self, **settings: Any):
        from segviz.widgets.arena.measures import described, networks  # files are read for an arena only
        from segviz.widgets.arena.streets import stored

        super().__init__(**{"held": {"measures": described(), "networks": networks(), **stored()}, **settings})

    def description(self) -> str:
        title = self.held["networks"][self.at]["title"]
        labels = {measure["name"]: measure["label"] for measure in self.held["measures"]}
        return (
            f"The book's {NETWORKS} networks, {labels[self.x]} across and {labels[self.y]} up, on pictures of "
            f"{self.size} pixels. Below them a street's true classes, and what {title} makes of it."
        )

    def still(self) -> str:
        from segviz.widgets.arena.still import still_picture

        return still_picture(self.state())
