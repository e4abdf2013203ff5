"""The ASPP explorer: how many weights of a dilated 3 × 3 filter still touch the map."""

from pathlib import Path

import traitlets

from segviz.arithmetic import valid_weights
from segviz.widgets.host import Widget


class ASPPExplorer(Widget):
    """The map of valid weights at one rate, and their shares over all rates (DeepLab v3, figure 4).

    Args:
        crop: the network's input in pixels, 1 to 1025 and at most 97 times the output stride.
        output_stride: 8 or 16; the map has ⌈crop / output_stride⌉ cells along each axis.
        rates: of the branches, one to five, each 1 to 99.
        rate: the branch that is looked at, 1 to 99.
        at: [row, column] of the pointed position.

    >>> ASPPExplorer(crop=513, output_stride=16).size
    33
    """

    front = Path(__file__).parent / "widget.js"

    crop = traitlets.Int(513, min=1, max=1025)
    output_stride = traitlets.Enum([8, 16], 16)
    rates = traitlets.List(traitlets.Int(min=1, max=99), [6, 12, 18], minlen=1, maxlen=5)
    rate = traitlets.Int(18, min=1, max=99)
    at = traitlets.List(traitlets.Int(min=0), [6, 20], minlen=2, maxlen=2)

    @property
    def size(self) -> int:
        """The map's size in cells."""
        return -(-self.crop // self.output_stride)

    @traitlets.validate("crop", "output_stride")
    def _map_that_is_drawn(self, proposal):
        settings = {"crop": self.crop, "output_stride": self.output_stride, proposal.trait.name: proposal.value}
        if settings["crop"] > 97 * settings["output_stride"]:
            raise ValueError(
                f"crop={settings['crop']}: at output stride {settings['output_stride']} the explorer draws "
                f"crops up to {97 * settings['output_stride']}"
            )
        return proposal.value

    def description(self) -> str:
        shares = valid_weights(self.size, self.rate)
        words = ", ".join(f"{count} at {share:.1%}" for count, share in sorted(shares.items(), reverse=True) if share)
        return (
            f"Map of {self.size} × {self.size} positions, colored by how many of the nine weights of a 3 × 3 filter of "
            f"rate {self.rate} are on the map: {words} of the positions. Beside it, the same shares for every rate."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib is loaded for a page's fallback only
        from segviz.widgets.aspp.still import still_figure

        return data_uri(still_figure(self.size, self.rates, self.rate))
