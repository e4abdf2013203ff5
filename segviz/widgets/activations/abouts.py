"""What the page that computes has to know of networks and scenes, and its gallery does not hold."""

from typing import Any

from PIL import Image

from segviz.widgets.activations.boxes import boxes, even_boxes
from segviz.widgets.activations.exhibits import classes, exhibits_of, pictures_of
from segviz.widgets.activations.gallery import SCENES, as_picture, data_uri
from segviz.widgets.activations.lending import first_unpooled
from segviz.widgets.activations.stages import maps_of, stages_of


def about(name: str) -> dict[str, Any]:
    """A network of the book as a gallery describes it: every channel of its stages, but none of their maps.

    What units see is that of pictures of the scenes' size. `layers` are the dotted names of all modules.

    >>> unet = about("unet")
    >>> unet["stages"][1]["title"], unet["stages"][1]["size"], len(unet["stages"][1]["channels"])
    ('pool', [112, 112], 12)
    """
    (exhibit,) = exhibits_of([name])
    model, image = exhibit.model, pictures_of(1)[0].image
    height, width = size = image.shape[2], image.shape[3]
    shapes = maps_of(model, image)
    stages = stages_of(name, model, image)
    known = boxes(model, size, [*(stage.layer for stage in stages), ""])
    described: list[dict[str, Any]] = []
    for stage in stages:
        count, *units = shapes[stage.layer]
        box = known.get(stage.layer) or even_boxes(size, (units[0], units[1]))
        told: dict[str, Any] = {
            "layer": stage.layer,
            "title": stage.title,
            "kind": "unpool" if stage.unpooled else "map",
            "box": box,
        }
        named: dict[str, Any] = (
            {"names": list(classes())} if "scores" in stage.title and count == len(classes()) else {}
        )
        described.append(told | named | {"size": units, "channels": list(range(count))})
    prediction: dict[str, Any] = {
        "layer": "",
        "title": "prediction",
        "kind": "classes",
        "box": known.get("") or even_boxes(size, size),
    }
    described.append(prediction | {"size": [height, width], "channels": [0]})
    return {
        "name": name,
        "trained": exhibit.trained,
        "unpools": first_unpooled(model, image, stages),
        "stages": [stage | {"ranges": [], "facts": [], "right": []} for stage in described],
        "layers": [layer for layer, _ in model.named_modules(remove_duplicate=False) if layer],
    }


def scenes() -> dict[int, dict[str, str]]:
    """The book's scenes by their number, as the networks are given them, and the classes of their pixels: two PNGs."""
    found = {}
    for index, picture in zip(SCENES, pictures_of(len(SCENES)), strict=True):
        assert picture.labels is not None
        labels = Image.fromarray(picture.labels.to("cpu").byte().numpy())
        found[index] = {"picture": data_uri(as_picture(picture.image[0]), "png", optimize=True)}
        found[index]["labels"] = data_uri(labels, "png", optimize=True)
    return found
