"""What the page without a kernel holds: chosen maps of some networks for some pictures, in sheets of eight bits.

A sheet is one picture: under one another the stages, and of each stage a row for every picture and a column for every
chosen channel. Small maps lie in a sheet without loss; large ones in a lossy sheet, whose error is measured and told.
An unpooled map is not held at all: it is its input, scattered; two bits a value say where to.
"""

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from segviz.activations import capture, telling_channels
from segviz.data import PALETTE
from segviz.measurement import input_channels
from segviz.measurement.running import left_alone
from segviz.widgets.activations.boxes import boxes, even_boxes
from segviz.widgets.activations.lending import first_unpooled
from segviz.widgets.activations.quantize import facts, labels_at, packed, quantized, short, switches
from segviz.widgets.activations.stages import Stage, stages_of

# Maps of up to this many units a side are held without loss.
EXACT_SIDE = 28
# Up to 56 units a side all chosen channels are held, then half as many, above 112 a quarter.
FULL_SIDE = 56
# Held-out scenes with a bus: along the street, coming, and coming at dusk.
SCENES = (28, 34, 14)
# What they were chosen for: the first channel of every stage is the one that follows it most closely.
SUBJECT = "bus"
# Qualities of the lossy sheets, the first that keeps within the budget is taken.
QUALITIES = (80, 60, 45, 35, 30, 25, 20)
BUDGET = 256_000  # letters of JSON; the pictures come on top

# What an explorer is opened at: the network's name, a layer, and a channel or None.
Asked = tuple[str, str, int | None]


@dataclass(frozen=True, eq=False)
class Exhibit:
    """A network, the name it is shown under, and whether its weights were trained."""

    name: str
    model: nn.Module
    trained: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """An image (1, 3, H, W) in [0, 1] and, where they are known, the classes (H, W) of its pixels."""

    image: Tensor
    labels: Tensor | None

    def as_taken_by(self, model: nn.Module) -> Tensor:
        """The image, gray where the model takes one channel, and of its weights' type."""
        image = self.image.mean(1, keepdim=True) if input_channels(model) == 1 else self.image
        weight = next((each for each in model.parameters() if each.is_floating_point()), image)
        return image.to(weight.dtype)


def precomputed(
    exhibits: Sequence[Exhibit],
    pictures: Sequence[Picture],
    channels: int,
    classes: Sequence[str],
    asked: Sequence[Asked] = (),
) -> dict[str, Any]:
    """The whole gallery as plain JSON values. The pictures are of one size; `channels` are chosen at every stage.

    The layers and channels of `asked` are held too, where there are such.
    """
    shown = []
    for exhibit in exhibits:
        with left_alone(exhibit.model):
            wanted = {layer: channel for name, layer, channel in asked if name == exhibit.name}
            shown.append(_Shown.of(exhibit, pictures, channels, classes, wanted))
    for quality in QUALITIES:
        models = [each.plain(quality) for each in shown]
        if sum(len(json.dumps(model)) for model in models) <= BUDGET:
            break
    return {
        "size": list(pictures[0].image.shape[2:]),
        "classes": list(classes),
        "palette": [list(bytes.fromhex(color[1:])) for color in PALETTE],
        "pictures": [data_uri(as_picture(picture.image[0]), "webp", quality=72, method=6) for picture in pictures],
        "models": models,
    }


@dataclass(frozen=True, eq=False)
class _Shown:
    """One network's stages, and their maps (N, C, h, w) as they are laid in the sheets."""

    about: dict[str, Any]
    stages: list[dict[str, Any]]
    maps: list[Tensor | None]

    @classmethod
    def of(
        cls,
        exhibit: Exhibit,
        pictures: Sequence[Picture],
        channels: int,
        classes: Sequence[str],
        wanted: Mapping[str, int | None],
    ) -> "_Shown":
        model = exhibit.model
        image = torch.cat([picture.as_taken_by(model) for picture in pictures])
        stages = stages_of(exhibit.name, model, image[:1], wanted)
        if not stages:
            raise ValueError(f"models: {exhibit.name!r} has no module that gives a map (1, C, H, W)")
        taken = capture(model, image, [*(stage.layer for stage in stages), ""])  # "" is the network itself
        captured = {layer: maps.float() for layer, maps in taken.items()}
        size = (image.shape[2], image.shape[3])
        known = boxes(model, size, list(captured))
        described: list[dict[str, Any]] = []
        laid: list[Tensor | None] = []
        for stage in stages:
            before = next((told for told in described if told["layer"] == stage.unpooled), None)
            maps = captured[stage.layer]
            box = known.get(stage.layer) or even_boxes(size, (maps.shape[2], maps.shape[3]))
            place = [box["center"], box["stride"]]
            room = _room(maps, channels)
            chosen = before["channels"][:room] if before else _chosen(maps, pictures, room, place, classes)
            channel = wanted.get(stage.layer)
            if channel not in (None, *chosen) and channel in range(maps.shape[1]):
                # Of an unpooling it has to be held by itself: its source does not hold this channel.
                before, stage, chosen = None, replace(stage, unpooled=None), [*chosen, channel]
            scored = maps.shape[1] == len(classes)
            described.append(_described(stage, maps[:, chosen], pictures, chosen, box, classes, scored))
            laid.append(None if before else maps[:, chosen])
        output = captured[""]
        if output.shape[1:] == (len(classes), *size):
            predicted = output.argmax(1, keepdim=True)
            described.append(_prediction(predicted, pictures, known.get("") or even_boxes(size, size)))
            laid.append(predicted)
        about = {"name": exhibit.name, "trained": exhibit.trained, "unpools": first_unpooled(model, image[:1], stages)}
        return cls(about, described, laid)

    def plain(self, quality: int) -> dict[str, Any]:
        """The network as JSON values, its large maps in a sheet of this quality."""
        exact, lossy = _Sheet(), _Sheet()
        stages = []
        for stage, maps in zip(self.stages, self.maps, strict=True):
            if maps is None:
                stages.append(stage)
                continue
            kept = maps.shape[2] <= EXACT_SIDE or stage["kind"] == "classes"
            sheet, name = (exact, "exact") if kept else (lossy, "lossy")
            eight = maps.to(torch.uint8) if stage["kind"] == "classes" else _eight_bits(maps, stage["ranges"])
            stages.append(stage | {"sheet": name, "top": sheet.add(eight)})
        rough, error = lossy.webp(quality)
        for stage in stages:
            if stage.get("sheet") == "lossy":
                stage["error"] = error[stage["top"]]
        return self.about | {"sheets": {"exact": exact.png(), "lossy": rough}, "stages": stages}


def _room(maps: Tensor, channels: int) -> int:
    """How many channels of a stage are held: the larger its maps, the fewer."""
    halvings = max(0, math.ceil(math.log2(max(maps.shape[2:]) / FULL_SIDE)))
    return min(maps.shape[1], max(1, channels >> halvings))


def _chosen(
    maps: Tensor, pictures: Sequence[Picture], count: int, place: list[list[float]], classes: Sequence[str]
) -> list[int]:
    """The channels that are held: first the one that follows the bus most closely, then those that tell most."""
    side_by_side = torch.cat(list(maps), dim=2)
    telling = telling_channels(side_by_side, min(maps.shape[1], count + 1))
    if SUBJECT not in classes or any(picture.labels is None for picture in pictures):
        return telling[:count]
    here = [labels_at(picture.labels, maps.shape[2:], place) for picture in pictures if picture.labels is not None]
    subject = (torch.cat(here, dim=1) == classes.index(SUBJECT)).flatten().double()
    flat = side_by_side.flatten(1).double()
    follows = torch.nan_to_num(F.cosine_similarity(flat - flat.mean(1, True), subject - subject.mean(), dim=1))
    first = classes.index(SUBJECT) if maps.shape[1] == len(classes) else int(follows.argmax())
    return [first, *(channel for channel in telling if channel != first)][:count]


def _described(
    stage: Stage,
    maps: Tensor,
    pictures: Sequence[Picture],
    channels: list[int],
    box: dict[str, Any],
    classes: Sequence[str],
    scored: bool,
) -> dict[str, Any]:
    place = [box["center"], box["stride"]]
    ranges = [[short(values.min()), short(values.max())] for values in maps.transpose(0, 1)]
    told: dict[str, Any] = {
        "layer": stage.layer,
        "title": stage.title,
        "kind": "unpool" if stage.unpooled else "map",
        "size": list(maps.shape[2:]),
        "channels": channels,
        "ranges": ranges,
        "facts": [
            [facts(values, picture.labels, place) for values in each]
            for each, picture in zip(maps, pictures, strict=True)
        ],
        "box": box,
    }
    if "scores" in stage.title and scored:
        told["names"] = [classes[channel] for channel in channels]
    if stage.unpooled:
        told["unpooled"] = stage.unpooled
        told["switches"] = [
            [base64.b64encode(packed(switches(values))).decode("ascii") for values in each] for each in maps
        ]
    return told


def _prediction(predicted: Tensor, pictures: Sequence[Picture], box: dict[str, Any]) -> dict[str, Any]:
    """The last stage: at every pixel the class of the highest score."""
    right = [
        None if picture.labels is None else round((picture.labels == each).double().mean().item(), 4)
        for each, picture in zip(predicted[:, 0], pictures, strict=True)
    ]
    return {
        "layer": "",
        "title": "prediction",
        "kind": "classes",
        "size": list(predicted.shape[2:]),
        "channels": [0],
        "right": right,
        "box": box,
    }


def _eight_bits(maps: Tensor, ranges: list[list[float]]) -> Tensor:
    return torch.stack([quantized(maps[:, c], *limits) for c, limits in enumerate(ranges)], dim=1)


class _Sheet:
    """Blocks of maps under one another; every block begins at a multiple of 16, the side of a WebP macroblock."""

    def __init__(self) -> None:
        self.blocks: list[NDArray] = []
        self.height = 0

    def add(self, maps: Tensor) -> int:
        """Lay uint8 maps (N, C, h, w) down, a row for each of the N; gives the block's first row."""
        pictures, channels, height, width = maps.shape
        block = maps.permute(0, 2, 1, 3).reshape(pictures * height, channels * width).numpy()
        top = self.height
        self.blocks.append(block)
        self.height += -(-len(block) // 16) * 16
        return top

    def image(self) -> Image.Image:
        sheet = np.zeros((max(1, self.height), max((block.shape[1] for block in self.blocks), default=1)), np.uint8)
        for top, block in self._placed():
            sheet[top : top + len(block), : block.shape[1]] = block
        return Image.fromarray(sheet)

    def png(self) -> str:
        return data_uri(self.image(), "png", optimize=True)

    def webp(self, quality: int) -> tuple[str, dict[int, list[float]]]:
        """The sheet as lossy WebP, and by block [typical, greatest] error as a share of the range of its map."""
        uri = data_uri(self.image(), "webp", quality=quality, method=6)
        decoded = np.asarray(opened(uri).convert("RGB"))[..., 1].astype(int)
        errors = {}
        for top, block in self._placed():
            off = np.abs(decoded[top : top + len(block), : block.shape[1]] - block.astype(int)) / 255
            errors[top] = [round(float(np.sqrt(np.mean(off**2))), 4), round(float(off.max()), 4)]
        return uri, errors

    def _placed(self) -> list[tuple[int, NDArray]]:
        tops = np.cumsum([0, *(-(-len(block) // 16) * 16 for block in self.blocks)])
        return [(int(top), block) for top, block in zip(tops, self.blocks, strict=False)]


def as_picture(image: Tensor) -> Image.Image:
    """An image (C, H, W) in [0, 1], of one or three channels, as a picture."""
    eight = (255 * image.clamp(0, 1)).round().to(torch.uint8).expand(3, -1, -1)
    return Image.fromarray(eight.permute(1, 2, 0).contiguous().numpy())


def data_uri(picture: Image.Image, form: str, **options: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format=form, **options)
    return f"data:image/{form};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def opened(uri: str) -> Image.Image:
    """The picture of a data URI."""
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
