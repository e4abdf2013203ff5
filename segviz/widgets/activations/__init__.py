"""The activation explorer: what a network holds at every stage, and what each unit sees of the picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from segviz.models.base import nearest
from segviz.widgets.host import Widget
from segviz.widgets.titles import TITLES


class ActivationExplorer(Widget):
    """Two networks side by side, stage by stage: the maps they make of a picture, and what each unit sees of it.

    A page holds the maps that were chosen beforehand, and those that `left` and `right` name. With a kernel, and in the
    book, where the page computes, every layer and channel can be looked at, and pictures can be brought along.

    Args:
        models: one to four names of `segviz.list_models()`, shown with the weights that ship with the package (random
            ones where there are none), or a dict from names of your own to modules (`torch.nn.Module`).
        model: one network instead of `models`: a name, or a module, shown under its class's name.
        pictures: how many of the book's own scenes, 1 to 3, or a list of images of one size: tensors (3, H, W) in
            [0, 1], 32 to 512 pixels a side.
        channels: how many channels of each stage are held for the page without a kernel, 1 to 8; half as many of maps
            above 56 pixels a side.
        left, right: what is looked at: {"model": name, "layer": dotted name, "channel": index}, each key optional; the
            layer may be any module that gives a map, as "layer2.0.conv1". `right=None` shows one network alone.
        picture: index of the picture.
        switches: index of the picture whose switches the networks unpool by, or None for the picture's own: with a
            kernel, and in the book, where the page computes.
        at: [row, column] of the pointed place, in pixels of the picture.
        side: "left" or "right", the map that was pointed at last.
        mix: how much of the map covers the picture beneath it, 0 to 100 percent.
        colors: "auto" (signed where a map has negative values), "magnitude" or "signed".
        together: whether both networks change stages in step.
        brief: only the pictures to choose from, and no stages, channels or networks.

    Raises:
        ValueError: a setting outside these ranges, an unknown model, or a layer that is none.

    >>> explorer = ActivationExplorer(["fcn8s"], pictures=1, left={"layer": "score_fr"})
    >>> explorer.left["layer"], explorer.right
    ('score_fr', {})
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"gallery"})

    left = traitlets.Dict()
    right = traitlets.Dict()
    picture = traitlets.Int(0, min=0)
    switches = traitlets.Int(None, min=0, allow_none=True)
    at = traitlets.List(traitlets.Int(min=0), minlen=2, maxlen=2)
    side = traitlets.Enum(["left", "right"], "left")
    mix = traitlets.Int(100, min=0, max=100)
    colors = traitlets.Enum(["auto", "magnitude", "signed"], "auto")
    together = traitlets.Bool(True)
    brief = traitlets.Bool(False)
    gallery = traitlets.Dict()

    # Beside the settings, and with a kernel only: what may be asked for, and bytes that no page needs to keep.
    offers = traitlets.Dict().tag(sync=True)
    request = traitlets.Any(None).tag(sync=True)
    answer = traitlets.Any(None).tag(sync=True)

    def __init__(
        self,
        models: Sequence[str] | Mapping[str, Any] = ("deconvnet", "segnet"),
        *,
        pictures: int | Sequence[Any] = 3,
        channels: int = 4,
        left: Mapping[str, Any] | None = None,
        right: Mapping[str, Any] | None = {},
        model: Any = None,
        **settings: Any,
    ):
        from segviz.widgets.activations.exhibits import gallery_of  # torch is loaded for an explorer only

        if model is not None:
            models = [model] if isinstance(model, str) else {type(model).__name__: model}
        shown = [models] if isinstance(models, str) else list(models)
        sides = [(left or {}, shown[:1]), (right or {}, shown[-1:])]
        asked: list[Any] = [
            (side.get("model", *usual), side["layer"], side.get("channel"))
            for side, usual in sides
            if side.get("layer")
        ]
        gallery = gallery_of(models, pictures, channels, asked)
        names = [model["name"] for model in gallery["models"]]
        settings.setdefault("at", [side // 2 for side in gallery["size"]])
        settings["left"] = _looked_at(gallery, "left", left or {}, names[0])
        alone = right is None or (len(names) == 1 and not right)
        settings["right"] = {} if alone else _looked_at(gallery, "right", right or {}, names[-1])
        self._shown = models, pictures
        self._maps: Any = None
        super().__init__(gallery=gallery, **settings)

    @traitlets.default("offers")
    def _offered(self) -> dict[str, Any]:
        from segviz.widgets.activations.exhibits import live_maps

        self._maps = live_maps(*self._shown)
        return self._maps.offers()

    @traitlets.observe("request")
    def _reply(self, change: Any) -> None:
        asked = change["new"]
        if self._maps and isinstance(asked, dict) and isinstance(asked.get("wants"), list):
            self.answer = {"id": asked.get("id"), "items": self._maps.answer(asked["wants"])}

    @traitlets.validate("picture", "switches")
    def _picture_that_is_there(self, proposal):
        count = len(self._maps.pictures if self._maps else self.gallery["pictures"])
        if proposal.value is not None and proposal.value >= count:
            name = proposal.trait.name
            raise ValueError(f"{name}={proposal.value} must be below {count}, the number of pictures")
        return proposal.value

    def description(self) -> str:
        height, width = self.gallery["size"]
        sides = " beside ".join(_title(self.gallery, side) for side in (self.left, self.right) if side)
        return f"A picture of {height} × {width} pixels and what networks hold of it: {sides}."

    def still(self) -> str:
        from segviz.widgets.activations.still import still_picture

        return still_picture(self.state())

    def __repr__(self) -> str:
        sides = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("left", "right"))
        return f"ActivationExplorer({[model['name'] for model in self.gallery['models']]}, {sides})"


def _looked_at(gallery: dict[str, Any], side: str, asked: Mapping[str, Any], usual: str) -> dict[str, Any]:
    """One side, complete: its model, a stage of it, and a channel that is held of it."""
    known = {model["name"]: model for model in gallery["models"]}
    for key in asked:
        if key not in ("model", "layer", "channel"):
            raise ValueError(f"{side} has the key {key!r}; it may have model, layer and channel")
    name = asked.get("model", usual)
    if name not in known:
        raise ValueError(f"{side}: model={name!r}{nearest(name, known)} must be one of {', '.join(map(repr, known))}")
    stages = {stage["layer"]: stage for stage in known[name]["stages"]}
    layer = asked.get("layer", _first_look(known[name]["stages"]))
    if layer not in stages:
        raise ValueError(
            f"{side}: layer={layer!r}{nearest(layer, stages)} must be one of {', '.join(map(repr, stages))}, "
            f"or the dotted name of another module that gives a map"
        )
    channels = stages[layer]["channels"]
    channel = asked.get("channel", channels[0])
    if channel not in channels:
        raise ValueError(f"{side}: channel={channel!r} must be one that is held of {layer!r}: {channels}")
    return {"model": name, "layer": layer, "channel": channel}


def _first_look(stages: list[dict[str, Any]]) -> str:
    """Where an explorer opens: behind the second unpooling, else in the middle."""
    unpooled = [n for n, stage in enumerate(stages) if stage["kind"] == "unpool"]
    return stages[unpooled[1] + 1 if len(unpooled) > 1 else len(stages) // 2]["layer"]


def _title(gallery: dict[str, Any], side: dict[str, Any]) -> str:
    model = next(model for model in gallery["models"] if model["name"] == side["model"])
    stage = next((stage for stage in model["stages"] if stage["layer"] == side["layer"]), None)
    name = TITLES.get(side["model"], side["model"])
    if stage is None:
        return f"{name}, layer {side['layer']}, channel {side['channel']}"
    height, width = stage["size"]
    return f"{name}, {stage['title']} {height} × {width}, channel {side['channel']}"
