"""The v3+ anatomy: every map of DeepLab v3+, and what its trunk, output stride and input decide about it."""

from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget

TRUNKS = ("resnet101", "resnet50", "xception65", "drn_d_54", "mobilenet_v2")


class V3PlusAnatomy(Widget):
    """DeepLab v3+ map by map: size, receptive field, center, multiply-adds and memory, and the rates' validity.

    Args:
        trunk: the backbone, as `create_model("deeplabv3plus", backbone=…)` names it.
        output_stride: 8 or 16; the rates follow.
        size: of the square input, in pixels, 33 to 1025.
        at: the pointed map, counted from the first.

    Raises:
        ValueError: a setting outside its rule.

    >>> V3PlusAnatomy(size=513).description()
    'DeepLab v3+ on resnet101 at output stride 16: 513 pixels become 33 positions, read at the rates 6, 12, 18.'
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"laws"})

    trunk = traitlets.Enum(TRUNKS, "resnet101")
    output_stride = traitlets.Enum([8, 16], 16)
    size = traitlets.Int(513, min=33, max=1025)
    at = traitlets.Int(5, min=0, max=19)
    laws = traitlets.Dict()

    def __init__(self, **settings: Any):
        from segviz.widgets.anatomy.laws import stored  # a file is read for this figure only

        super().__init__(**{"laws": stored(), **settings})

    def description(self) -> str:
        side = -(-self.size // self.output_stride)
        rates = [rate * 16 // self.output_stride for rate in (6, 12, 18)]
        return (
            f"DeepLab v3+ on {self.trunk} at output stride {self.output_stride}: {self.size} pixels become {side} "
            f"positions, read at the rates {', '.join(map(str, rates))}."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib is loaded for a page's fallback only
        from segviz.widgets.anatomy.still import still_figure

        return data_uri(still_figure(self.state()), dpi=80)
