"""The convolution explorer: which outputs one input paints, and which inputs one output sees."""

from pathlib import Path

import traitlets

from segviz.widgets.host import Widget


class ConvolutionExplorer(Widget):
    """Convolution and transposed convolution as two maps and the matrix between them.

    Sizes are pixels; the same settings hold along both axes. Settings that PyTorch refuses (an output padding out of
    range, a kernel that does not fit) or that leave nothing are allowed here: the widget says in words why.

    Args:
        op: "convolution" or "transposed".
        dimensions: 1 or 2.
        size: of the input along each axis, 1 to 16 (to 10 in two dimensions).
        kernel_size, stride, padding, output_padding, dilation: as in `torch.nn.ConvTranspose2d`.
        side: "input" or "output": the side that is pointed at.
        at: [row, column] of the pointed cell (row 0 in one dimension).

    >>> ConvolutionExplorer(size=4, stride=2).state()["stride"]
    2
    """

    front = Path(__file__).parent / "widget.js"

    op = traitlets.Enum(["convolution", "transposed"], "transposed")
    dimensions = traitlets.Enum([1, 2], 2)
    size = traitlets.Int(4, min=1, max=16)
    kernel_size = traitlets.Int(3, min=1, max=7)
    stride = traitlets.Int(2, min=1, max=4)
    padding = traitlets.Int(1, min=0, max=6)
    output_padding = traitlets.Int(1, min=0, max=3)
    dilation = traitlets.Int(1, min=1, max=3)
    side = traitlets.Enum(["input", "output"], "input")
    at = traitlets.List(traitlets.Int(min=0), [1, 2], minlen=2, maxlen=2)

    @traitlets.validate("size")
    def _size_that_is_drawn(self, proposal):
        if self.dimensions == 2 and proposal.value > 10:
            raise ValueError(f"size={proposal.value}: in two dimensions the explorer draws sizes up to 10")
        return proposal.value

    def description(self) -> str:
        kind = "transposed convolution" if self.op == "transposed" else "convolution"
        return (
            f"A {kind} of a map of size {self.size} (kernel {self.kernel_size}, stride {self.stride}, padding "
            f"{self.padding}): one pointed {self.side} cell, the cells of the other side it is tied to, and its line "
            "of the matrix."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib and torch are loaded for a page's fallback only
        from segviz.widgets.convolution.still import still_figure

        return data_uri(still_figure(self.state()))
