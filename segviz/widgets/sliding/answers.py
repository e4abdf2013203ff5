"""What the page holds: the picture, the classifier's answer to every window, and what the two ways cost."""

import base64
import itertools
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from segviz.data import Scenes
from segviz.shipped import windows
from segviz.shipped.leaderboard import operations
from segviz.shipped.recipes import held_out_scenes
from segviz.widgets.activations.gallery import as_picture, data_uri
from segviz.widgets.activations.quantize import quantized

FINEST = 4  # pixels between two windows
STEPS = (4, 8, 16, 32)
LEAST_SIDE, LARGEST_SIDE = 74, 512
SCENE = 18  # a bus, a bicycle mirrored in it, and a cyclist before it


def answers_of(classifier: windows.WindowClassifier | None, image: Tensor | None) -> dict[str, Any]:
    """The page's data; that of the shipped classifier on the book's own scene is made once."""
    if classifier is None and image is None:
        return _kept()
    return held(windows.load() if classifier is None else classifier, _scene() if image is None else _checked(image))


def held(classifier: windows.WindowClassifier, image: Tensor) -> dict[str, Any]:
    """Answers in steps of four pixels, from which those of wider steps are taken, and the costs in multiply-adds.

    `answers` are probabilities in 255ths, (rows, columns, classes) in reading order. `costs` has what the convolution
    takes for all answers of a step: one pass down to the classifier's own stride, below it as many as there are shifts.
    """
    classifier = classifier.eval()
    network = windows.as_network(classifier)
    passes = [multiply_adds(network, image[:, row:, column:]) for row, column in shifts(classifier)]
    costs = {step: sum(passes) if step < classifier.stride else passes[0] for step in STEPS}
    return {
        "picture": data_uri(as_picture(image), "webp", quality=80, method=6),
        "size": list(image.shape[1:]),
        "window": classifier.side,
        "middle": classifier.stride,
        "finest": FINEST,
        "classes": list(Scenes.classes),
        "colors": list(Scenes.palette),
        "answers": base64.b64encode(quantized(every_answer(classifier, image), 0, 1).numpy().tobytes()).decode("ascii"),
        "window_cost": multiply_adds(network, torch.zeros(3, classifier.side, classifier.side)),
        "costs": {str(step): cost for step, cost in costs.items()},
    }


def shifts(classifier: windows.WindowClassifier) -> list[tuple[int, int]]:
    """By how much the picture is shifted for answers at every fourth pixel."""
    steps = range(0, classifier.stride, FINEST)
    return list(itertools.product(steps, steps))


@torch.no_grad()
def every_answer(classifier: windows.WindowClassifier, image: Tensor) -> Tensor:
    """Probabilities (rows, columns, classes) of the windows at every fourth pixel of an image (3, H, W).

    A network of stride 8 answers at every eighth; shifted pictures give what lies between ("shift and stitch").
    """
    network = windows.as_network(classifier)
    rows, columns = ((side - classifier.side) // FINEST + 1 for side in image.shape[1:])
    found = torch.empty(rows, columns, len(Scenes.classes))
    apart = classifier.stride // FINEST
    for row, column in shifts(classifier):
        part = network(image[None, :, row:, column:])[0].softmax(0).permute(1, 2, 0)
        found[row // FINEST :: apart, column // FINEST :: apart] = part
    return found


def multiply_adds(network: nn.Module, image: Tensor) -> int:
    return operations(network, image[None]) // 2


@cache
def _kept() -> dict[str, Any]:
    return held(windows.load(), _scene())


def _scene() -> Tensor:
    return held_out_scenes()[SCENE][0]


def _checked(image: Tensor) -> Tensor:
    rule = f"a float tensor (3, H, W) in [0, 1], {LEAST_SIDE} to {LARGEST_SIDE} pixels a side"
    if not isinstance(image, Tensor) or not image.is_floating_point():
        raise TypeError(f"image is {getattr(image, 'dtype', type(image).__name__)}; it must be {rule}")
    if image.ndim != 3 or len(image) != 3 or min(image.shape[1:]) < LEAST_SIDE or max(image.shape[1:]) > LARGEST_SIDE:
        raise ValueError(f"image has the shape {tuple(image.shape)}; it must be {rule}")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"image has values from {image.min():g} to {image.max():g}; it must be {rule}")
    return image
