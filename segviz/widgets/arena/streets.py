"""What the shipped networks make of a few streets, stored: the picture, its true classes, and all label maps.

`python -m segviz.widgets.arena.streets` makes them again (a minute); `make weights` does, too. The label maps of a
street lie under one another in one lossless gray picture, the true classes first, so page and package read the same.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

STORED = Path(__file__).parent / "streets.json"

# Held-out scenes: what each is to show, and its index.
STREETS = {"a bus that mirrors bicycles": 28, "poles and wires": 45, "people and bicycles": 51}


@cache
def stored() -> dict[str, Any]:
    """The `side` of the streets in pixels, the `classes` with their `palette`, and for each of the `streets` its
    `name`, its `picture`, and its `sheet` of label maps."""
    return json.loads(STORED.read_text(encoding="utf-8"))


@cache
def label_maps(street: int) -> Tensor:
    """The true classes of a street, and what each network of `list_models()` says: int64 (1 + networks, H, W).

    >>> label_maps(0).shape
    torch.Size([17, 224, 224])
    """
    import numpy as np

    from segviz.widgets.activations.gallery import opened

    sheet = np.asarray(opened(stored()["streets"][street]["sheet"]).convert("RGB"))[..., 1]
    return torch.from_numpy(sheet.copy()).view(-1, stored()["side"], stored()["side"]).long()


@torch.no_grad()
def said(network: str, index: int) -> Tensor:
    """The classes (H, W) that a shipped network gives to a held-out scene."""
    from segviz.models import create_model
    from segviz.shipped.recipes import held_out_scenes

    return create_model(network, weights="scenes").eval()(held_out_scenes()[index][0][None]).argmax(1)[0]


def street_of(name: str, index: int) -> dict[str, str]:
    """What is stored of one street."""
    from PIL import Image

    from segviz.models import list_models
    from segviz.shipped.recipes import held_out_scenes
    from segviz.widgets.activations.gallery import as_picture, data_uri

    image, truth = held_out_scenes()[index]
    maps = torch.stack([truth, *(said(network, index) for network in list_models())])
    sheet = Image.fromarray(maps.byte().flatten(0, 1).numpy()).convert("RGB")
    picture = data_uri(as_picture(image), "webp", quality=80, method=6)
    return {"name": name, "picture": picture, "sheet": data_uri(sheet, "webp", lossless=True, quality=100, method=6)}


def main() -> None:
    from segviz.data import PALETTE, Scenes
    from segviz.shipped.recipes import SIZE

    about = {
        "side": SIZE[0],
        "classes": list(Scenes.classes),
        "palette": [list(bytes.fromhex(color[1:])) for color in PALETTE],
        "streets": [street_of(name, index) for name, index in STREETS.items()],
    }
    STORED.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
