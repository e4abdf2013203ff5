"""The lab's still picture, for readers without JavaScript: what the real pool and the real unpooling do."""

from dataclasses import dataclass
from textwrap import fill
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torch.nn import functional as F

from segviz.palette import LIGHT
from segviz.widgets.unpool import other_map

TAPS = torch.tensor([[0.4, 0.3], [0.2, 0.1]])  # of the deconvolution, as geometry.js has them


@dataclass(frozen=True)
class Measured:
    """One try: the maps (H, W), the switches, the output or the error's words, and how many values went astray."""

    values: Tensor
    pooled: Tensor
    switches: Tensor
    unpooled: Tensor | None
    error: str
    wrong: int

    @property
    def count(self) -> int:
        return self.pooled.numel()


def measured(state: dict[str, Any]) -> Measured:
    """What PyTorch does with the lab's settings."""
    values = torch.tensor(state["values"], dtype=torch.float32)
    pooled, own = _pool(values, state["ceil_mode"])
    switches = own
    if state["indices"] == "another":
        switches = _pool(torch.tensor(other_map(*state["other_size"]), dtype=torch.float32), state["ceil_mode"])[1]
    given = values.shape if state["output_size"] == "input" else state["output_size"]
    size: Any = None if given is None else tuple(given)
    try:
        unpooled = F.max_unpool2d(pooled[None, None], switches[None, None], (2, 2), output_size=size)[0, 0]
    except (RuntimeError, ValueError) as error:
        return Measured(values, pooled, switches, None, f"{type(error).__name__}: {error}", 0)
    astray = (_cells(own, values.shape[1]) != _cells(switches, unpooled.shape[1])).any(1)
    return Measured(values, pooled, switches, unpooled, "", int(astray.sum()))


def _pool(values: Tensor, ceil_mode: bool) -> tuple[Tensor, Tensor]:
    pooled, switches = F.max_pool2d(values[None, None], 2, ceil_mode=ceil_mode, return_indices=True)
    return pooled[0, 0], switches[0, 0]


def _cells(indices: Tensor, width: int) -> Tensor:
    """(row, column) of every index, in a map of that width."""
    flat = indices.flatten()
    return torch.stack([flat // width, flat % width], 1)


def still_figure(state: dict[str, Any]) -> Figure:
    """The map, its pool and its unpooling, above the unpooling's matrix and a deconvolution's."""
    found = measured(state)
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    columns = found.values.shape[1]
    ax = figure.subplot_mosaic(
        [["input", "pooled", "unpooled"], ["unpooling"] * 3, ["deconvolution"] * 3],
        height_ratios=[3.4, 1, 1],
        width_ratios=[columns, 1.5 * found.pooled.shape[1], columns],
    )
    indices = found.switches if found.switches.shape == found.pooled.shape else None
    _draw_map(ax["input"], "input", found.values, LIGHT["input"], rings=_pool(found.values, state["ceil_mode"])[1])
    _draw_map(ax["pooled"], "pooled", found.pooled, LIGHT["output"], indices=indices)
    if found.unpooled is None:
        for name in ("unpooled", "unpooling", "deconvolution"):
            ax[name].set_axis_off()
        ax["unpooled"].set_title("no output", color=LIGHT["illegal-text"])
        ax["unpooling"].text(0.5, 0.5, fill(found.error, 90), ha="center", color=LIGHT["illegal-text"])
        return figure
    _draw_map(ax["unpooled"], "unpooled", found.unpooled, LIGHT["output"], empty=True)
    _draw_matrix(ax["unpooling"], "unpoolingᵀ", unpooling_matrix(found))
    _draw_matrix(
        ax["deconvolution"],
        "deconvolutionᵀ = C,",
        deconvolution_matrix(found.pooled.shape, found.unpooled.shape),
    )
    return figure


def unpooling_matrix(found: Measured) -> Tensor:
    """(h·w, H·W), 1 where a pooled value is put."""
    assert found.unpooled is not None
    return F.one_hot(found.switches.flatten(), found.unpooled.numel()).float()


def deconvolution_matrix(pooled_size, size) -> Tensor:
    """(h·w, H·W), the weights with which each pooled value would be painted, cut or padded to the output's size."""
    count = pooled_size[0] * pooled_size[1]
    ones = torch.eye(count).view(count, 1, *pooled_size)
    painted = F.conv_transpose2d(ones, TAPS[None, None], stride=2)
    rows, columns = painted.shape[2:]
    return F.pad(painted, (0, size[1] - columns, 0, size[0] - rows)).reshape(count, -1)


def _draw_map(
    ax: Axes, name: str, values: Tensor, color: str, *, rings=None, indices=None, empty: bool = False
) -> None:
    rows, columns = values.shape
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    ax.set_title(f"{name} {rows} × {columns}", color=color)
    ax.spines[:].set_visible(False)
    for row in range(rows):
        for column in range(columns):
            value = int(values[row, column])
            filled = not (empty and value == 0)
            shade = color if filled else "none"
            ax.add_patch(Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, fc=shade, ec=LIGHT["line"], alpha=0.3))
            if filled:
                ax.text(column, row, str(value), ha="center", va="center", color=LIGHT["ink"])
            if indices is not None:
                at = f"→ {int(indices[row, column])}"
                ax.text(column, row + 0.32, at, ha="center", va="center", color=LIGHT["kernel-text"], fontsize=8)
    for index in [] if rings is None else rings.flatten().tolist():
        row, column = divmod(index, columns)
        ax.add_patch(Rectangle((column - 0.4, row - 0.4), 0.8, 0.8, fc="none", ec=LIGHT["kernel"], lw=1.5))


def _draw_matrix(ax: Axes, name: str, matrix: Tensor) -> None:
    rows, columns = matrix.shape
    ax.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    ax.set_title(f"{name} {rows} × {columns}", color=LIGHT["kernel-text"], loc="left")
    ax.spines[:].set_color(LIGHT["line"])
    for row, column in matrix.nonzero().tolist():
        weight = min(1.0, 0.12 + 2.2 * float(matrix[row, column]))
        ax.add_patch(Rectangle((column, row), 1, 1, fc=LIGHT["kernel"], alpha=weight))
