"""The kernel's side of the explorer: it is asked for maps and answers with bytes.

A request is a list of wants, each a dict with `kind`: "map" (one channel of a layer), "box" (where its units lie and
what they see), "thumbs" (many channels, small) or "picture" (a file of the reader's). Each want has its answer, or the
words that say why it has none: nothing raises into the widget. `switches` is the picture whose switches the network
unpools by, where that is not the picture itself.
"""

import copy
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.activations import capture, first_tensor
from segviz.device import get_device
from segviz.measurement.running import left_alone
from segviz.widgets.activations.boxes import boxes, even_boxes
from segviz.widgets.activations.gallery import Exhibit, Picture, as_picture, data_uri
from segviz.widgets.activations.lending import switches_of, unpooling_by
from segviz.widgets.activations.quantize import facts, quantized, short
from segviz.widgets.activations.stages import maps_of
from segviz.widgets.activations.uploads import read_picture

# What is kept of the maps: the last used, up to so many bytes.
KEPT_BYTES = 512 * 2**20
THUMB = 44
MOST_THUMBS = 256
MOST_PICTURES = 12

# A network, the picture that it looks at, and the one whose switches it unpools by, None for its own.
Sight = tuple[str, int, int | None]


class LiveMaps:
    """Networks and pictures, and every map asked for of them, kept as long as there is room.

    Networks run on `segviz.get_device()`; one that is elsewhere is copied there, the reader's own is left as it was.
    """

    def __init__(self, exhibits: Sequence[Exhibit], pictures: Sequence[Picture], classes: Sequence[str]):
        self.pictures = list(pictures)
        self._classes = list(classes)
        self._size: tuple[int, int] = tuple(pictures[0].image.shape[2:])  # type: ignore[assignment]
        self._models = {exhibit.name: exhibit.model for exhibit in exhibits}
        self._placed: dict[str, nn.Module] = {}
        self._shapes: dict[str, dict[str, tuple[int, int, int]]] = {}
        self._maps: OrderedDict[tuple[Sight, str], Tensor] = OrderedDict()
        self._labels: dict[Sight, Tensor | None] = {}
        self._boxes: dict[tuple[str, str], dict[str, Any] | None] = {}

    def offers(self) -> dict[str, Any]:
        """What the page may ask for: of every network the names of its modules."""
        layers = {
            name: [layer for layer, _ in model.named_modules(remove_duplicate=False) if layer]
            for name, model in self._models.items()
        }
        return {"layers": layers, "device": str(get_device())}

    def answer(self, wants: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """One answer for each want: what was asked for, or {"problem": words}."""
        kinds: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "map": self._map,
            "box": self._box,
            "thumbs": self._thumbs,
            "picture": self._picture,
        }
        answers = []
        for want in wants:
            about = {key: value for key, value in want.items() if key != "data"}
            try:
                answers.append(about | kinds[want["kind"]](want))
            except Exception as error:  # a network may fail in any way; the reader is told how
                answers.append(about | {"problem": str(error) or type(error).__name__})
        return answers

    # --- Wants --------------------------------------------------------------------------------------------------

    def _map(self, want: dict[str, Any]) -> dict[str, Any]:
        if want["layer"] == "":
            return self._prediction(want)
        maps = self._captured(_sight(want), want["layer"])
        channel = min(int(want["channel"]), len(maps) - 1)
        values = maps[channel].cpu()
        limits = [short(values.min()), short(values.max())]
        labels, told = self._labels_of(_sight(want))
        units = (values.shape[0], values.shape[1])
        known = self._boxes.get((want["model"], want["layer"])) or even_boxes(self._size, units)
        return {
            "channel": channel,
            "count": len(maps),
            "size": list(values.shape),
            "range": limits,
            "facts": facts(values, labels, [known["center"], known["stride"]]),
            "told": told,
            "bytes": quantized(values, *limits).numpy().tobytes(),
        }

    def _prediction(self, want: dict[str, Any]) -> dict[str, Any]:
        labels = self._predicted(_sight(want))
        if labels is None:
            raise ValueError(f"{want['model']} does not give a score to each of the {len(self._classes)} classes.")
        truth = self.pictures[want["picture"]].labels
        right = None if truth is None else (labels == truth).double().mean().item()
        shown = {"channel": 0, "count": 1, "classes": True, "size": list(labels.shape), "range": [0, 255]}
        told: dict[str, Any] = {"facts": [], "told": "called", "right": right}
        return shown | told | {"bytes": labels.to(torch.uint8).numpy().tobytes()}

    def _box(self, want: dict[str, Any]) -> dict[str, Any]:
        key = want["model"], want["layer"]
        if key not in self._boxes:
            self._boxes[key] = boxes(self._models[key[0]], self._size, [key[1]]).get(key[1])
        return {"box": self._boxes[key]}

    def _thumbs(self, want: dict[str, Any]) -> dict[str, Any]:
        maps = self._captured(_sight(want), want["layer"])[:MOST_THUMBS].float()
        scale = min(1.0, THUMB / max(maps.shape[1:]))
        if scale < 1:
            height, width = (max(1, round(side * scale)) for side in maps.shape[1:])
            maps = F.adaptive_avg_pool2d(maps, (height, width))
        maps = maps.cpu()
        limits = [[short(values.min()), short(values.max())] for values in maps]
        eight = torch.stack([quantized(values, *limit) for values, limit in zip(maps, limits, strict=True)])
        return {"size": list(maps.shape[1:]), "ranges": limits, "bytes": eight.numpy().tobytes()}

    def _picture(self, want: dict[str, Any]) -> dict[str, Any]:
        if len(self.pictures) >= MOST_PICTURES:
            raise ValueError(f"{MOST_PICTURES} pictures are the most; run the cell again to start anew.")
        image, notes = read_picture(bytes(want["data"]), self._size)
        self.pictures.append(Picture(image[None], None))
        uri = data_uri(as_picture(image), "webp", quality=85)
        return {"picture": len(self.pictures) - 1, "uri": uri, "notes": [*want.get("notes", []), *notes]}

    # --- What stands behind them ----------------------------------------------------------------------------------

    def _captured(self, sight: Sight, layer: str) -> Tensor:
        """The maps (C, h, w) of a layer: kept ones, or all layers of this picture at once where there is room."""
        self._check(sight)
        key = sight, layer
        if key not in self._maps:
            captured = self._run(
                sight, lambda network, image: capture(network, image, [layer, *self._beside(sight[0], layer)])
            )
            for name, maps in captured.items():
                if maps.ndim != 4:
                    shape = " × ".join(map(str, maps.shape[1:]))
                    raise ValueError(f"The layer {name!r} gives {shape} numbers for a picture, and no map.")
                self._maps[sight, name] = maps[0].float()
            self._forget(keep=key)
        self._maps.move_to_end(key)
        return self._maps[key]

    def _check(self, sight: Sight) -> None:
        model, *pictures = sight
        if model not in self._models:
            raise ValueError(f"There is no network {model!r}; there are {', '.join(self._models)}.")
        for picture in pictures:
            if picture is not None and not 0 <= picture < len(self.pictures):
                raise ValueError(f"There is no picture {picture}; there are {len(self.pictures)}.")

    def _run(self, sight: Sight, compute: Callable[[nn.Module, Tensor], Any]) -> Any:
        """What `compute(network, image)` gives, by the switches that the sight names; the network is left as it was."""
        model, picture, other = sight
        network, image = self._ready(model, picture)
        with left_alone(network), torch.no_grad():
            lent = None if other is None else switches_of(network, self._taken(network, other))
            with nullcontext() if lent is None else unpooling_by(network, lent):
                return compute(network, image)

    def _beside(self, model: str, layer: str) -> list[str]:
        """Further layers to keep from the same pass, as many as half the room holds; single layers before groups."""
        shapes = self._shapes[model]
        if layer not in shapes:
            return []
        groups = {name.rpartition(".")[0] for name in shapes}
        room, beside = KEPT_BYTES // 2, []
        for name in sorted(shapes, key=lambda name: name in groups):  # stable: otherwise in running order
            room -= 4 * math.prod(shapes[name])
            if room > 0 and name != layer:
                beside.append(name)
        return beside

    def _forget(self, keep: tuple[Sight, str]) -> None:
        total = sum(maps.nbytes for maps in self._maps.values())
        for key in [key for key in self._maps if key != keep]:
            if total <= KEPT_BYTES:
                break
            total -= self._maps.pop(key).nbytes

    def _ready(self, model: str, picture: int) -> tuple[nn.Module, Tensor]:
        """The network where it runs, its shapes known, and the picture as it takes it."""
        if model not in self._placed:
            network, image = self._on(model, picture, get_device())
            try:
                self._shapes[model] = _shapes(network, image)
            except NotImplementedError:  # an operation that this accelerator lacks
                network, image = self._on(model, picture, torch.device("cpu"))
                self._shapes[model] = _shapes(network, image)
            self._placed[model] = network
        network = self._placed[model]
        return network, self._taken(network, picture)

    def _taken(self, network: nn.Module, picture: int) -> Tensor:
        return self.pictures[picture].as_taken_by(network).to(_device_of(network))

    def _on(self, model: str, picture: int, device: torch.device) -> tuple[nn.Module, Tensor]:
        network = self._models[model]
        if _device_of(network).type != device.type:
            try:
                network = copy.deepcopy(network).to(device)
            except Exception:  # what cannot be copied runs where it is
                device = _device_of(network)
        return network, self.pictures[picture].as_taken_by(network).to(device)

    def _labels_of(self, sight: Sight) -> tuple[Tensor | None, str]:
        """The classes of the pixels: the true ones, or those that the network itself tells; and which."""
        known = self.pictures[sight[1]].labels
        if known is not None:
            return known, "true"
        return self._predicted(sight), "called"

    def _predicted(self, sight: Sight) -> Tensor | None:
        """The class of every pixel as the network tells it; None where its classes are others than the scenes'."""
        self._check(sight)
        if sight not in self._labels:
            scores = self._run(sight, lambda network, image: first_tensor(network(image)))
            told = scores is not None and scores.shape[1:] == (len(self._classes), *self._size)
            self._labels[sight] = scores[0].argmax(0).cpu() if told else None
        return self._labels[sight]


def _sight(want: dict[str, Any]) -> Sight:
    return want["model"], want["picture"], want.get("switches")


def _device_of(network: nn.Module) -> torch.device:
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def _shapes(network: nn.Module, image: Tensor) -> dict[str, tuple[int, int, int]]:
    with left_alone(network):
        return maps_of(network, image)
