"""The explorer's still picture, for readers without JavaScript: drawn from the matrix of the real operation."""

from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from torch import nn

from segviz.measurement import connectivity
from segviz.palette import LIGHT

INPUT, OUTPUT, KERNEL, INK = (LIGHT[name] for name in ("input", "output", "kernel", "ink"))


def still_figure(state: dict) -> Figure:
    """Input, output and matrix of the settings, with one cell pointed at; settings that leave none draw no output."""
    size = (1 if state["dimensions"] == 1 else state["size"], state["size"])
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    input_axes, output_axes, matrix_axes = figure.subplots(1, 3, width_ratios=[1, 1.6, 1.2])
    try:
        measured = connectivity(_operation(state), size)
    except (ValueError, RuntimeError):
        _draw_map(input_axes, "input", size, INPUT)
        output_axes.set_title("no output at these settings", color=INK)
        _bare(output_axes, matrix_axes)
        return figure

    sides = {
        "input": (input_axes, measured.input_size, INPUT),
        "output": (output_axes, measured.output_size, OUTPUT),
    }
    for side, (axes, shape, color) in sides.items():
        _draw_map(axes, side, shape, color)
    own, other = (state["side"], "output" if state["side"] == "input" else "input")
    at = [min(index, length - 1) for index, length in zip(state["at"], sides[own][1], strict=True)]
    partners = measured.outputs_of(*at) if own == "input" else measured.inputs_of(*at)
    _fill(sides[own][0], at, sides[own][2])
    for cell in partners:
        _fill(sides[other][0], cell, sides[other][2])
        _link(figure, (sides[own][0], at), (sides[other][0], cell))
    name = "Cᵀ" if state["op"] == "transposed" else "C"
    rows, columns = measured.matrix.shape
    matrix_axes.imshow(
        (measured.matrix != 0).numpy(), cmap=ListedColormap(["white", KERNEL]), aspect="auto", interpolation="nearest"
    )
    matrix_axes.set_title(f"matrix {name} {rows} × {columns}", color=KERNEL)
    matrix_axes.set(xticks=[], yticks=[])
    return figure


def _operation(state: dict) -> nn.Module:
    """The real module, all its weights 1, two-dimensional in any case: one dimension is a map of one row."""
    flat = state["dimensions"] == 1

    def along_both(value: int, along_rows: int):
        return (along_rows if flat else value, value)

    settings = {
        "kernel_size": along_both(state["kernel_size"], 1),
        "stride": along_both(state["stride"], 1),
        "padding": along_both(state["padding"], 0),
        "dilation": along_both(state["dilation"], 1),
    }
    if state["op"] == "transposed":
        settings["output_padding"] = along_both(state["output_padding"], 0)
        module: nn.Module = nn.ConvTranspose2d(1, 1, bias=False, **settings)
    else:
        module = nn.Conv2d(1, 1, bias=False, **settings)
    for weight in module.parameters():
        nn.init.ones_(weight)
    return module


def _draw_map(axes, side: str, shape: tuple[int, int], color: str) -> None:
    rows, columns = shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xticks=[], yticks=[])
    axes.set_title(f"{side} {rows} × {columns}", color=color)
    axes.spines[:].set_visible(False)
    for row in range(rows):
        for column in range(columns):
            axes.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fc=color, ec=color, alpha=0.15))


def _fill(axes, cell, color: str) -> None:
    row, column = cell
    axes.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, color=color))


def _link(figure: Figure, start, end) -> None:
    (start_axes, (r0, c0)), (end_axes, (r1, c1)) = start, end
    line = ConnectionPatch(
        (c0, r0), (c1, r1), "data", "data", axesA=start_axes, axesB=end_axes, color=KERNEL, alpha=0.5
    )
    figure.add_artist(line)


def _bare(*all_axes) -> None:
    for axes in all_axes:
        axes.set_axis_off()
