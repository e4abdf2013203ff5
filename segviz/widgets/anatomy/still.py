"""The anatomy's still picture: the side of every map and its multiply-adds, at the chosen output stride."""

from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.figure import Figure

from segviz.palette import LIGHT


class Row(NamedTuple):
    """A map: its name, side, channels, what its unit sees (inf for all), its multiply-adds and bytes."""

    name: str
    side: int
    channels: int
    step: int
    field: float
    macs: int
    bytes: int


def rows_of(state: dict[str, Any]) -> list[Row]:
    """Every map but the logits, by the arithmetic of the page."""
    rows: dict[str, Row] = {}
    for law in state["laws"][state["trunk"]]["rows"]:
        before = rows.get(law["reads"], Row("", state["size"], 3, 1, 1, 0, 0))
        side, channels, step, field = before.side, before.channels, before.step, before.field
        macs = values = 0
        if law["name"] == "aspp.convs.4":
            side, field = 1, float("inf")
        for (kernel, inputs, outputs, groups, beside), (stride, rate) in zip(
            law["layers"], law["at"][str(state["output_stride"])], strict=True
        ):
            if not beside:
                field += (kernel - 1) * rate * step
                step *= stride
                side = -(-side // stride)
                channels = outputs
            macs += side**2 * kernel**2 * inputs * outputs // groups if groups else 0
            values += side**2 * outputs
        if law["name"] in ("aspp.project", "decoder.refine", "decoder.score"):
            field = float("inf")
        rows[law["name"]] = Row(law["name"], side, channels, step, field, macs, 4 * values)
    return list(rows.values())


def still_figure(state: dict[str, Any]) -> Figure:
    """Two bars for every map: its side in positions, and its multiply-adds."""
    rows = rows_of(state)
    figure = Figure(figsize=(9, 0.26 * len(rows) + 0.8), layout="constrained")
    sides, costs = figure.subplots(1, 2, sharey=True)
    places = range(len(rows))
    sides.barh(places, [row.side for row in rows], color=LIGHT["edge"])
    costs.barh(places, [row.macs / 1e9 for row in rows], color=LIGHT["kernel"])
    sides.set_yticks(places, [row.name for row in rows])
    sides.invert_yaxis()
    sides.set_xlabel("side of the map")
    costs.set_xlabel("multiply-adds (billions)")
    for axes in (sides, costs):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
