"""The ASPP explorer's still picture: the map of one rate and the shares of all, from the closed form."""

from matplotlib.figure import Figure

from segviz.arithmetic import valid_weights
from segviz.palette import LIGHT
from segviz.plots.rates import COLORS, COUNTS, draw_count_map


def still_figure(size: int, rates: list[int], rate: int) -> Figure:
    """The map of valid weights at `rate` on a size × size map, beside the stacked shares with `rates` marked."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    map_axes, chart_axes = figure.subplots(1, 2, width_ratios=[1, 1.4])
    draw_count_map(map_axes, size, rate)
    map_axes.set_title(f"valid weights, {size} × {size} map, rate {rate}")
    _draw_shares(chart_axes, size, rates)
    return figure


def _draw_shares(axes, size: int, rates: list[int]) -> None:
    every_rate = range(1, max(size + 4, *rates) + 1)
    shares = [valid_weights(size, rate) for rate in every_rate]
    layers = [[share.get(count, 0) for share in shares] for count in COUNTS]
    axes.stackplot(every_rate, *layers, colors=list(COLORS.values()), labels=[f"{count}" for count in COUNTS])
    for rate in rates:
        axes.axvline(rate, color=LIGHT["kernel"])
    axes.legend(title="weights", loc="center right")
    axes.set(title="share of positions by valid weights", xlabel="rate r", ylim=(0, 1))
    axes.margins(x=0)
