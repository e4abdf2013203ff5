"""The still picture, for readers without JavaScript: both outputs as bars, one laid over the other."""

from matplotlib.figure import Figure

from segviz.palette import LIGHT
from segviz.widgets.elsewhere.layers import LAYERS, outputs_of


def still_figure(state: dict) -> Figure:
    """The first's outputs filled, the second's in outline."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    looks = ({"color": LIGHT["output"], "alpha": 0.7}, {"fc": "none", "ec": LIGHT["ink"], "lw": 1.5, "ls": "--"})
    for name, look in zip((state["first"], state["second"]), looks, strict=True):
        outputs = outputs_of(state, name) or []
        axes.bar(
            range(len(outputs)), [each.value or 0 for each in outputs], label=LAYERS[state["layer"]].ways[name], **look
        )
    axes.legend(frameon=False)
    axes.set(xlabel="output", yticks=[])
    axes.spines[:].set_visible(False)
    return figure
