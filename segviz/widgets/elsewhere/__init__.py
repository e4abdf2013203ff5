"""The same layer in two frameworks, one laid over the other: where do their outputs lie?"""

from __future__ import annotations

from pathlib import Path

import traitlets

from segviz.widgets.elsewhere.layers import LAYERS, outputs_of
from segviz.widgets.host import Widget


class ElsewhereExplorer(Widget):
    """What two frameworks make of the same numbers along one axis, from the laws of :mod:`.laws`.

    Args:
        layer: "transposed" (a transposed convolution), "windows" (a max-pool) or "resizing".
        first, second: what is written, by the names of :data:`.layers.LAYERS` for that layer.
        size: inputs, 2 to 8.
        kernel_size, stride: 1 to 5, 1 to 3; of a transposed convolution and a pool.
        padding: 0 to 2, where a framework takes one.
        output_padding: 0 or 1, of a transposed convolution.
        output_size: 1 to 20, of a resize.
        at: the pointed output, counted from 0.

    Raises:
        ValueError: `first` or `second` is no name of that layer.

    >>> ElsewhereExplorer().description()
    'A transposed convolution of 3 inputs, kernel 3, stride 2: 6 outputs in the first, 6 in the second.'
    """

    front = Path(__file__).parent / "widget.js"

    layer = traitlets.Enum(list(LAYERS), "transposed")
    first = traitlets.Unicode("torch")
    second = traitlets.Unicode("same")
    size = traitlets.Int(3, min=2, max=8)
    kernel_size = traitlets.Int(3, min=1, max=5)
    stride = traitlets.Int(2, min=1, max=3)
    padding = traitlets.Int(1, min=0, max=2)
    output_padding = traitlets.Int(1, min=0, max=1)
    output_size = traitlets.Int(6, min=1, max=20)
    at = traitlets.Int(2, min=0)

    @traitlets.validate("first", "second")
    def _known(self, proposal):
        if proposal.value not in LAYERS[self.layer].ways:
            known = ", ".join(LAYERS[self.layer].ways)
            raise ValueError(f"{proposal.trait.name}={proposal.value!r}: {self.layer} has {known}")
        return proposal.value

    def description(self) -> str:
        layer = LAYERS[self.layer]
        one, other = (len(outputs_of(self.state(), name) or []) for name in (self.first, self.second))
        geometry = f", kernel {self.kernel_size}, stride {self.stride}" if self.layer != "resizing" else ""
        return f"{layer.name} of {self.size} inputs{geometry}: {one} outputs in the first, {other} in the second."

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib is loaded for a page's fallback only
        from segviz.widgets.elsewhere.still import still_figure

        return data_uri(still_figure(self.state()))
