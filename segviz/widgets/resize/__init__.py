"""The resize explorer: where an output pixel of `interpolate` reads, in both of PyTorch's ways."""

from pathlib import Path

import traitlets

from segviz.widgets.host import Widget


class ResizeExplorer(Widget):
    """One resize on two grids, one above the other, and how far they part along the axis.

    Bilinear: `align_corners=True` above `False`. Nearest, which has no `align_corners`: "nearest" above
    "nearest-exact". The same settings hold along both axes. A scale factor whose output would be empty is allowed
    here: the widget says in words why PyTorch refuses it.

    Args:
        dimensions: 1 or 2.
        size: of the input, 1 to 128 pixels.
        by: "size" or "scale_factor", whichever `interpolate` is given.
        output_size: 1 to 1024 pixels, used by "size".
        scale_factor: 0.1 to 16, used by "scale_factor".
        recompute_scale_factor: whether the factor is set to output over input before it is used.
        mode: "bilinear" or "nearest".
        side: "upper" or "lower": the grid that was pointed at last, and the one whose call is written out.
        at: [row, column] of the pointed output (row 0 in one dimension).

    >>> ResizeExplorer(size=65, output_size=513).state()["mode"]
    'bilinear'
    """

    front = Path(__file__).parent / "widget.js"

    dimensions = traitlets.Enum([1, 2], 1)
    size = traitlets.Int(4, min=1, max=128)
    by = traitlets.Enum(["size", "scale_factor"], "size")
    output_size = traitlets.Int(8, min=1, max=1024)
    scale_factor = traitlets.Float(2.0, min=0.1, max=16.0)
    recompute_scale_factor = traitlets.Bool(False)
    mode = traitlets.Enum(["bilinear", "nearest"], "bilinear")
    side = traitlets.Enum(["upper", "lower"], "upper")
    at = traitlets.List(traitlets.Int(min=0), [2, 2], minlen=2, maxlen=2)

    def description(self) -> str:
        wanted = f"to size {self.output_size}" if self.by == "size" else f"by the factor {self.scale_factor:g}"
        names = ("align_corners=True", "False") if self.mode == "bilinear" else ("nearest", "nearest-exact")
        return (
            f"A row of {self.size} input pixels, drawn as areas, resized {wanted}: where each output reads, as dots, "
            f"for {names[0]} and for {names[1]}, one above the other, and below them how far the two are apart."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib and torch are loaded for a page's fallback only
        from segviz.widgets.resize.still import still_figure

        return data_uri(still_figure(self.state()))
