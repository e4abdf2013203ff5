"""The sliding classifier's still picture: the scene, and beside it the map of all answers at a step of 8."""

import base64
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from segviz.widgets.activations.gallery import data_uri, opened

GAP = 16


def still_picture(held: dict[str, Any]) -> str:
    """The picture with one window, and the likeliest class of every window where its middle lies, as a data URI."""
    height, width = held["size"]
    picture = opened(held["picture"]).convert("RGB")
    painted = Image.fromarray(painted_answers(held))
    row = Image.new("RGB", (2 * width + GAP, height), "white")
    window, rim = held["window"], (held["window"] - 8) // 2
    ImageDraw.Draw(picture).rectangle((16, 104, 15 + window, 103 + window), outline=(0, 114, 178), width=2)
    row.paste(picture, (0, 0))
    row.paste((234, 234, 236), (width + GAP, 0, 2 * width + GAP, height))
    row.paste(painted, (width + GAP + rim, rim))
    return data_uri(row, "webp", quality=80, method=6)


def likeliest(held: dict[str, Any]) -> np.ndarray:
    """The likeliest class of every window at the finest step: int (rows, columns)."""
    rows, columns = ((side - held["window"]) // held["finest"] + 1 for side in held["size"])
    answers = np.frombuffer(base64.b64decode(held["answers"]), np.uint8)
    return answers.reshape(rows, columns, len(held["classes"])).argmax(2)


def painted_answers(held: dict[str, Any]) -> np.ndarray:
    """The map at a step of 8, 8 × 8 pixels to an answer, in the classes' colors: uint8 (h, w, 3)."""
    colors = np.array([list(bytes.fromhex(color[1:])) for color in held["colors"]], np.uint8)
    every = likeliest(held)[::2, ::2]
    side = 2 * held["finest"]
    return colors[every.repeat(side, 0).repeat(side, 1)]
