"""The checkerboard explorer: why a transposed convolution paints a pattern on a constant map."""

from pathlib import Path

import traitlets

from segviz.arithmetic import overlap_counts
from segviz.widgets.host import Widget


class CheckerboardExplorer(Widget):
    """The output of stacked transposed convolutions over a constant map, under three kinds of weights.

    Counts and weights are shown apart: all weights 1 give the counts, which the stride and the kernel size alone
    decide; tents and random positive weights show that equal counts are neither needed nor enough for equal sums.

    Args:
        dimensions: 1 or 2.
        kernel_size: 1 to 8, the same in every layer and along both axes.
        stride: 1 to 4.
        layers: 1 to 3 transposed convolutions, one after another.
        seed: of the random weights, 0 to 999.
        at: [row, column] of the pointed output pixel.

    >>> CheckerboardExplorer(kernel_size=4).kernel_size
    4
    """

    front = Path(__file__).parent / "widget.js"

    dimensions = traitlets.Enum([1, 2], 2)
    kernel_size = traitlets.Int(3, min=1, max=8)
    stride = traitlets.Int(2, min=1, max=4)
    layers = traitlets.Int(1, min=1, max=3)
    seed = traitlets.Int(0, min=0, max=999)
    at = traitlets.List(traitlets.Int(min=0), [10, 10], minlen=2, maxlen=2)

    def description(self) -> str:
        counts = overlap_counts(self.kernel_size, self.stride)
        how = "equally" if len(set(counts)) == 1 else "unequally"
        stacked = "one transposed convolution" if self.layers == 1 else f"{self.layers} stacked transposed convolutions"
        return (
            f"The output of {stacked} (kernel {self.kernel_size}, stride {self.stride}) over a constant map, in gray: "
            f"inputs overlap {how}, {', '.join(map(str, counts))} by phase along an axis. Beside it the same output "
            "with a tent for weights, as in bilinear upsampling, and with random weights."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib and torch are loaded for a page's fallback only
        from segviz.widgets.checkerboard.still import still_figure

        return data_uri(still_figure(self.state()))
