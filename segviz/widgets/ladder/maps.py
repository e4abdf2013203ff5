"""What the shipped U-Net paints with any of its skips cut: all sixteen ways, for two streets, stored.

`python -m segviz.widgets.ladder.maps` makes them again (a minute on one core). A sheet is one lossless picture, the
sixteen label maps under one another; map number n lacks the skips whose bits are set: 1 for stride 1, 2 for stride 2,
4 for stride 4, 8 for stride 8.
"""

import base64
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from segviz.widgets.ladder.sizes import STRIDES

STORED = Path(__file__).parent / "maps.json"
SCENES = (14, 28)  # held-out scenes with a bus: at dusk, and along the street
WAYS = 2 ** len(STRIDES)


@cache
def stored() -> dict[str, Any]:
    """`side`, `classes`, `palette`, and for each picture its `image`, its `sheet` of label maps, and their `scores`."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def strides_of(way: int) -> list[int]:
    """The strides of the skips that are cut in map number `way`.

    >>> strides_of(5)
    [1, 4]
    """
    return [stride for bit, stride in enumerate(STRIDES) if way >> bit & 1]


def labeled(scene: int, ways: Sequence[int] = range(WAYS)) -> tuple[Any, Any, Any]:
    """The image (3, H, W), its labels (H, W), and the maps of these numbers (ways, H, W) that the network paints."""
    import torch

    from segviz.models import create_model
    from segviz.models.skips import cut
    from segviz.shipped.cutting import training_means
    from segviz.shipped.recipes import held_out_scenes

    model = create_model("unet", weights="scenes").eval()
    fill = training_means(model)
    image, labels = held_out_scenes()[scene]
    painted = []
    with torch.no_grad():
        for way in ways:
            with cut(model, *strides_of(way), fill=fill):
                painted.append(model(image[None]).argmax(1)[0])
    return image, labels, torch.stack(painted)


def picture_of(scene: int) -> dict[str, Any]:
    """One picture as it is stored."""
    import numpy as np
    from PIL import Image

    from segviz.shipped.cutting import scene_scores

    image, labels, painted = labeled(scene)
    photo = Image.fromarray((image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))
    sheet = Image.fromarray(painted.flatten(0, 1).byte().numpy()).convert("RGB")
    return {
        "image": _uri(photo, quality=80),
        "sheet": _uri(sheet, lossless=True, quality=100),
        "scores": [scene_scores(one, labels) for one in painted],
    }


def _uri(picture: Any, **how: Any) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="webp", method=6, **how)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def main() -> None:
    from segviz.data import PALETTE, Scenes
    from segviz.shipped.recipes import SIZE

    about = {
        "side": SIZE[0],
        "classes": list(Scenes.classes),
        "palette": [list(bytes.fromhex(color[1:])) for color in PALETTE],
        "pictures": [picture_of(scene) for scene in SCENES],
    }
    STORED.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
