"""The sliding classifier: one window's answer beside the map of all answers, and what each way costs."""

from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget

STRIDES = (4, 8, 16, 32)


class SlidingClassifier(Widget):
    """A classifier of windows slid over a picture, beside the same classifier as a convolution.

    In the rendered page everything is computed beforehand, by the classifier itself.

    Args:
        image: the picture, a float tensor (3, H, W) in [0, 1], 74 to 512 pixels a side; None: a scene of the book.
        classifier: a `segviz.shipped.windows.WindowClassifier`; None: the shipped one, of 42 pixels.
        stride: the step of the window in pixels: 4, 8, 16 or 32.
        at: [top, left] of the window, in pixels; the window at the nearest step is shown.
        shown: index of a class whose probability the map shows; -1: the map shows the likeliest class.

    Raises:
        ValueError: a setting outside these ranges, or an image that is none.

    >>> sliding = SlidingClassifier(stride=16)
    >>> sliding.windows
    (12, 12)
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"held"})

    stride = traitlets.Enum(list(STRIDES), 8)
    at = traitlets.List(traitlets.Int(min=0), [104, 16], minlen=2, maxlen=2)
    shown = traitlets.Int(-1, min=-1)
    held = traitlets.Dict()

    def __init__(self, image: Any = None, *, classifier: Any = None, **settings: Any):
        from segviz.widgets.sliding.answers import answers_of  # torch is loaded for a picture only

        super().__init__(held=answers_of(classifier, image), **settings)

    @traitlets.validate("shown")
    def _class_that_is_known(self, proposal):
        if self.held and proposal.value >= len(self.held["classes"]):
            raise ValueError(f"shown={proposal.value} must be below {len(self.held['classes'])}, the number of classes")
        return proposal.value

    @property
    def windows(self) -> tuple[int, int]:
        """How many windows fit, down and across."""
        rows, columns = ((side - self.held["window"]) // self.stride + 1 for side in self.held["size"])
        return rows, columns

    def description(self) -> str:
        rows, columns = self.windows
        sliding = rows * columns * self.held["window_cost"]
        at_once = self.held["costs"][str(self.stride)]
        return (
            f"A street, and a window of {self.held['window']} pixels that is slid over it in steps of {self.stride}: "
            f"{rows * columns} answers for {sliding / 1e6:,.0f} million multiply-adds. As a convolution the same "
            f"classifier gives the same answers for {at_once / 1e6:,.0f} million."
        )

    def still(self) -> str:
        from segviz.widgets.sliding.still import still_picture

        return still_picture(self.held)
