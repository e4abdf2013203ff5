"""The skip ladder: a U-Net whose every size follows its input's, and whose skips can be cut."""

from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget
from segviz.widgets.ladder.sizes import STRIDES, rungs


class SkipLadder(Widget):
    """A U-Net drawn as a ladder: sizes for any input and either padding, and a trained one with its skips cut.

    Sizes that the paper's unpadded network refuses are allowed here: the widget says what goes wrong, and where.

    Args:
        size: of the square input, in pixels, 16 to 1000.
        padding: "valid" (unpadded convolutions, the paper's) or "same".
        cut: strides of the skips that are cut in the trained network, of 1, 2, 4 and 8.
        picture: which of the two streets the trained network labels, 0 or 1.
        view: "labels", or "changes" (only the pixels that the cut changes).
        at: [row, column] of the pointed map: row 0 to 3 for the strides 1 to 8, row 4 for the bottom; column 0 for the
            way down, 1 for the way up.

    Raises:
        ValueError: a setting outside its rule.

    >>> SkipLadder(cut=[1]).description()
    'A U-Net as a ladder: 572 pixels in, 388 logits out, skips cropped 568 to 392, 280 to 200, 136 to 104, 64 to 56.'
    """

    front = Path(__file__).parent / "widget.js"

    size = traitlets.Int(572, min=16, max=1000)
    padding = traitlets.Enum(["valid", "same"], "valid")
    cut: traitlets.List = traitlets.List(traitlets.Int(), default_value=[])
    picture = traitlets.Int(0, min=0, max=1)
    view = traitlets.Enum(["labels", "changes"], "labels")
    at = traitlets.List(traitlets.Int(min=0, max=4), [3, 1], minlen=2, maxlen=2)
    maps = traitlets.Dict()

    def __init__(self, **settings: Any):
        from segviz.widgets.ladder.maps import stored  # a file is read for a ladder only

        super().__init__(**{"maps": stored(), **settings})

    @traitlets.validate("cut")
    def _skips_that_there_are(self, proposal):
        if not set(proposal.value) <= set(STRIDES):
            raise ValueError(f"SkipLadder: cut={proposal.value!r} must hold strides of skips: 1, 2, 4, 8")
        return sorted(set(proposal.value))

    @traitlets.validate("at")
    def _map_that_there_is(self, proposal):
        if proposal.value[1] > 1:
            raise ValueError(f"SkipLadder: at={proposal.value!r}: the column must be 0 (way down) or 1 (way up)")
        return proposal.value

    def description(self) -> str:
        try:
            ladder = rungs(self.size, self.padding)
        except ValueError as error:
            return f"A U-Net as a ladder that does not fit its input. {error}."
        handed = ", ".join(
            f"{rung.skip} to {rung.raw}" if self.padding == "valid" else str(rung.skip) for rung in ladder
        )
        how = "cropped" if self.padding == "valid" else "of"
        return f"A U-Net as a ladder: {self.size} pixels in, {ladder[0].up[-1]} logits out, skips {how} {handed}."

    def still(self) -> str:
        from segviz.widgets.ladder.still import still_picture  # matplotlib is loaded for a page's fallback only

        return still_picture(self.state())

    def __repr__(self) -> str:
        return super().__repr__().replace(f", maps={self.maps!r}", "").replace(f"maps={self.maps!r}", "")
