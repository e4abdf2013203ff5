"""The editor's pictures: a street to look at, and what the unit in its middle sees of it."""

import base64
import io
from functools import cache

import numpy as np
from PIL import Image

SIDE = 512


@cache
def street() -> Image.Image:
    """A scene of the book, large enough for the fields of whole networks."""
    from segviz.data import Scenes  # torch is loaded for a page's picture only

    image, _ = Scenes(1, size=(SIDE, SIDE), seed=6)[0]
    return Image.fromarray((image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8))


def still_picture(layers: list[dict], size: int) -> Image.Image:
    """The street as a picture of `size` pixels, in color where the unit above `layers` sees it."""
    picture = street().resize((size, size))
    seen = np.zeros(size, dtype=bool)
    offsets = _seen_offsets(layers)
    places = (size - len(offsets)) // 2 + np.flatnonzero(offsets)
    seen[places[(places >= 0) & (places < size)]] = True
    pale = 150 + 0.35 * np.asarray(picture.convert("L"), dtype=float)[..., None]
    shown = np.where(np.outer(seen, seen)[..., None], np.asarray(picture), pale)
    return Image.fromarray(shown.astype(np.uint8)).resize((SIDE, SIDE))


def data_uri(picture: Image.Image) -> str:
    """The picture as a WebP data URI."""
    buffer = io.BytesIO()
    picture.save(buffer, format="webp", quality=80, method=6)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _seen_offsets(layers: list[dict]) -> np.ndarray:
    """Along one axis, which pixels of its receptive field's box the unit sees."""
    seen = np.ones(1, dtype=bool)
    for layer in reversed(layers):
        kernel, stride, dilation = layer["kernel_size"], layer["stride"], layer["dilation"]
        below = np.zeros((len(seen) - 1) * stride + (kernel - 1) * dilation + 1, dtype=bool)
        for place in np.flatnonzero(seen):
            below[place * stride : place * stride + kernel * dilation : dilation] = True
        seen = below
    return seen
