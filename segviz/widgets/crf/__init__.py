"""The CRF explorer: a dense CRF computed in the page, over real predictions, one iteration and one step at a time."""

from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget

SIDE, CLASSES, MOST_ITERATIONS = 112, 11, 10


class CRFExplorer(Widget):
    """A fully connected CRF over a stored prediction of a shipped network, all its classes and scores.

    The page computes what `segviz.dense_crf` does, and shows each iteration as it comes.

    Args:
        picture: 0 (DeepLab v1, a bus), 1 (DeepLab v3+, cars and poles) or 2 (U-Net, thin poles).
        iterations: 0 to 10.
        gaussian_sxy, gaussian_compat: standard deviation in pixels (0.5 to 10) and weight (0 to 20) of the kernel of
            position alone.
        bilateral_sxy, bilateral_srgb, bilateral_compat: standard deviation in pixels (3 to 100), in color levels
            (3 to 60), and weight (0 to 20) of the kernel of position and color.
        kernel: whose weights are drawn for the pointed pixel, "position" or "color".
        shown: what the last map shows: "classes", or of one class one of the steps of the last iteration: its
            probability "before", what the "position" or the "color" kernel brings, that "weighted", what is "paid",
            the "energy", and the "marginals".
        of: index of that class.
        at: [row, column] of the pointed pixel.

    Raises:
        ValueError: a setting outside its rule.

    >>> CRFExplorer(picture=2, iterations=10)
    CRFExplorer(picture=2, iterations=10)
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"held"})

    picture = traitlets.Int(0, min=0, max=2)
    iterations = traitlets.Int(5, min=0, max=MOST_ITERATIONS)
    gaussian_sxy = traitlets.Float(3, min=0.5, max=10)
    gaussian_compat = traitlets.Float(3, min=0, max=20)
    bilateral_sxy = traitlets.Float(60, min=3, max=100)
    bilateral_srgb = traitlets.Float(13, min=3, max=60)
    bilateral_compat = traitlets.Float(10, min=0, max=20)
    kernel = traitlets.Enum(["position", "color"], "color")
    shown = traitlets.Enum(
        ["classes", "before", "position", "color", "weighted", "paid", "energy", "marginals"], "classes"
    )
    of = traitlets.Int(5, min=0, max=CLASSES - 1)
    at = traitlets.List(traitlets.Int(min=0, max=SIDE - 1), [66, 42], minlen=2, maxlen=2)
    held = traitlets.Dict()

    def __init__(self, **settings: Any):
        from segviz.widgets.crf.predictions import stored  # a file is read for an explorer only

        super().__init__(**{"held": stored(), **settings})

    def description(self) -> str:
        from segviz.widgets.crf.still import scores

        before, after = (value["outlines"] for value in scores(self.state()))
        name = self.held["pictures"][self.picture]["name"]
        return (
            f"A window of a street, what a network makes of it ({name}), and what {self.iterations} iterations of a "
            f"dense CRF make of that. Outlines score {before:.2f} before and {after:.2f} after."
        )

    def still(self) -> str:
        from segviz.widgets.crf.still import still_picture

        return still_picture(self.state())
