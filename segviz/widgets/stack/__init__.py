"""The layer-stack editor: what one output of a stack of layers sees of a picture."""

import math
from pathlib import Path
from typing import Any

import traitlets

from segviz import arithmetic
from segviz.widgets.host import Widget
from segviz.widgets.stack.presets import known_stacks
from segviz.widgets.stack.still import data_uri, still_picture, street

_LIMITS = {"kernel_size": 11, "stride": 4, "dilation": 24}
_MOST_LAYERS = 40


class LayerStackEditor(Widget):
    """A stack of layers, its receptive field layer by layer, and what one unit sees of a picture.

    Args:
        layers: from the input up; each a dict with name, kind ("conv" or "pool"), kernel_size (1 to 11), stride
            (1 to 4) and dilation (1 to 24). At most 40.
        selected: index of the layer above which the unit stands.
        size: of the picture, in pixels, 32 to 1024; if not given, as large as the field of the stack asks for.
        view: "support" (exactly the pixels it sees) or "effective" (how much it sees of each).
        at: the unit's place, (row, column) in steps from the middle of the picture.
        preset: name of a known stack instead of `layers`; see `segviz.widgets.stack.known_stacks()`.

    Raises:
        ValueError: an unknown preset, or a layer outside these ranges.

    >>> LayerStackEditor(preset="VGG16 with fc6").receptive_field().size
    404
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"presets", "picture"})

    layers = traitlets.List(traitlets.Dict())
    selected = traitlets.Int(0, min=0)
    size = traitlets.Int(512, min=32, max=1024)
    view = traitlets.Enum(["support", "effective"], "support")
    at = traitlets.List(traitlets.Int(), default_value=[0, 0], minlen=2, maxlen=2)
    presets = traitlets.Dict()
    picture = traitlets.Unicode()

    def __init__(self, *, preset: str | None = None, **settings: Any):
        stacks = known_stacks()
        if preset is not None:
            if preset not in stacks:
                raise ValueError(f"preset={preset!r} is unknown; known are {', '.join(map(repr, stacks))}")
            settings.setdefault("layers", stacks[preset])
        settings.setdefault("layers", stacks["rates 2, 2, 2: gridding"])
        settings.setdefault("selected", max(0, len(settings["layers"]) - 1))
        super().__init__(presets=stacks, picture=data_uri(street()), **settings)
        if "size" not in settings:
            self.size = _fitting_size(self.receptive_field().size)

    @traitlets.validate("layers")
    def _layers_that_are_drawn(self, proposal):
        if len(proposal.value) > _MOST_LAYERS:
            raise ValueError(f"layers: {len(proposal.value)} layers; the editor draws up to {_MOST_LAYERS}")
        for index, layer in enumerate(proposal.value):
            _check_layer(index, layer)
        return proposal.value

    def receptive_field(self) -> arithmetic.ReceptiveField:
        """The field of the selected layer, by the closed form; padding is left out, since the picture is centered."""
        below = self.layers[: self.selected + 1]
        return arithmetic.receptive_field(
            [(layer["kernel_size"], layer["stride"], 0, layer["dilation"]) for layer in below]
        )

    def description(self) -> str:
        field = self.receptive_field()
        return (
            f"A stack of {len(self.layers)} layers. The unit above layer {self.selected + 1} sees {field.size} × "
            f"{field.size} pixels of a picture of {self.size} × {self.size}; one step of its output is {field.stride} "
            "pixels."
        )

    def still(self) -> str:
        return data_uri(still_picture(self.layers[: self.selected + 1], self.size))


def _fitting_size(field: int) -> int:
    """The side of a picture in which a field can be looked at: a multiple of 32, a quarter wider than the field."""
    return max(32, min(1024, 32 * math.ceil(1.25 * field / 32)))


def _check_layer(index: int, layer: dict[str, Any]) -> None:
    where = f"layers[{index}]"
    if set(layer) != {"name", "kind", *_LIMITS}:
        raise ValueError(f"{where} has the keys {sorted(layer)}; a layer has name, kind, kernel_size, stride, dilation")
    if layer["kind"] not in ("conv", "pool"):
        raise ValueError(f"{where}: kind={layer['kind']!r} must be 'conv' or 'pool'")
    for setting, most in _LIMITS.items():
        value = layer[setting]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise ValueError(f"{where}: {setting}={value!r} must be a whole number from 1 to {most}")
