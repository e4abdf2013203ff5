"""A classifier of windows, smaller than a bus, and its twin that sees farther: `python -m segviz.shipped.windows`.

Both are chapter 1's. The classifier judges a window of 42 × 42 pixels: what do the 8 × 8 in its middle show? Its layers
pad nothing, so that what it says of a window is what it says there as a convolution over the whole picture. The twin
has the same layers, and the weights of its fc6 stand three cells apart instead of one: it sees 74 × 74 pixels with as
many weights and multiplications. The command trains both again, some minutes each on one core.

>>> classifier = WindowClassifier().eval()
>>> classifier(torch.rand(1, 3, 42, 42)).shape, as_network(classifier)(torch.rand(1, 3, 66, 98)).shape
(torch.Size([1, 11]), torch.Size([1, 11, 4, 8]))
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision import tv_tensors
from torchvision.transforms import v2

from segviz.backbones.convolutional import as_convolutions
from segviz.checkpoints import Checkpoint, load_checkpoint, load_into, save_checkpoint
from segviz.data import Kept, Scenes
from segviz.layers import start_for_relu_
from segviz.metrics import confusion_matrix
from segviz.shipped.recipes import SIZE, class_weights
from segviz.training import Recipe, train

STRIDE, SIDE = 8, 3  # of the last map: pixels from cell to cell, and its side in a window
RATES = (1, 3)  # of fc6: the classifier's own, and its twin's
FOLDER = Path(__file__).parent


class WindowClassifier(nn.Module):
    """Windows (N, 3, 42, 42) to logits (N, 11) of what their middle 8 × 8 pixels show; nothing is padded."""

    def __init__(self, num_classes: int = len(Scenes.classes)) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 12, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3), nn.ReLU(), nn.Conv2d(24, 24, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(48 * SIDE * SIDE, 64), nn.ReLU(), nn.Linear(64, num_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


def side(rate: int = 1) -> int:
    """The side of the window that one answer sees, in pixels.

    >>> side(), side(rate=3)
    (42, 74)
    """
    return 26 + 2 * STRIDE * rate


def as_network(classifier: WindowClassifier, *, rate: int = 1) -> nn.Sequential:
    """The classifier as a network for pictures (N, 3, H, W) of its window's side and more, sharing its weights.

    Gives logits (N, 11, h, w): unit (i, j) judges the window whose first pixel is (8i, 8j). `rate` spreads fc6's weights
    so many cells apart; each answer then sees `side(rate)` pixels.
    """
    head = as_convolutions(classifier.classifier, (SIDE, SIDE))
    head[0].dilation = (rate, rate)  # type: ignore[assignment]
    return nn.Sequential(*classifier.features, *head).train(classifier.training)


def load(rate: int = 1) -> WindowClassifier:
    """The trained classifier, or with `rate=3` the weights of its twin (see `as_network`); ready to evaluate.

    Raises ValueError for another rate.
    """
    if rate not in RATES:
        raise ValueError(f"rate must be one of {', '.join(map(str, RATES))}, got {rate!r}")
    path = file_of(rate)
    classifier = WindowClassifier().eval()
    load_into(classifier, load_checkpoint(path, "windows").state, str(path))
    return classifier


def file_of(rate: int, folder: Path = FOLDER) -> Path:
    return folder / f"window{side(rate)}.safetensors"


@torch.no_grad()
def prediction(network: nn.Module, image: Tensor, margin: int) -> Tensor:
    """The class at every pixel of an image (3, H, W): int64 (H, W), 255 where no whole window has its middle.

    The answers lie 8 pixels apart, the first `margin + 3.5` pixels in, and are interpolated between.
    """
    logits = network(image[None])
    inside = F.interpolate(logits, scale_factor=STRIDE, mode="bilinear").argmax(1)[0]
    found = torch.full(image.shape[1:], 255)
    found[margin : margin + inside.shape[0], margin : margin + inside.shape[1]] = inside
    return found


def scores(network: nn.Module, scenes: Scenes, *, rate: int, margin: int) -> dict[str, Any]:
    """The confusion of the middle of the scenes, `margin` pixels in from their rim, and of mirrored bicycles there.

    `confusion` (11, 11) counts pixels, rows by truth; `mirrored` (11,) are those of bicycles mirrored in a bus, by what
    they are taken for.
    """
    classes = len(scenes.classes)
    confusion, mirrored = torch.zeros(classes, classes, dtype=torch.int64), torch.zeros(classes, dtype=torch.int64)
    for index in range(len(scenes)):
        image, mask = scenes[index]
        height, width = mask.shape
        middle = slice(margin, height - margin), slice(margin, width - margin)
        found = prediction(network, image, (side(rate) - STRIDE) // 2)[middle]
        confusion += confusion_matrix(found, mask[middle], classes)
        reflections = torch.from_numpy(scenes.scene(index).mirrored)[middle]
        mirrored += torch.bincount(found[reflections], minlength=classes)
    return {"confusion": confusion, "mirrored": mirrored}


class Asked(nn.Module):
    """The network in training: logits at the picture's size (N, 11, H, W), where every answer stands for its 8 × 8 pixels."""

    def __init__(self, network: nn.Module, rate: int) -> None:
        super().__init__()
        self.network, self.margin = network, (side(rate) - STRIDE) // 2
        self.num_classes = len(Scenes.classes)

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(F.interpolate(self.network(x), scale_factor=STRIDE, mode="nearest"), [self.margin] * 4)


class Crops:
    """Random crops of `cells` × `cells` windows, mirrored half of the time; pixels in the middle of none are not asked."""

    def __init__(self, rate: int, cells: int) -> None:
        self.margin = (side(rate) - STRIDE) // 2
        self.varied = v2.Compose([v2.RandomCrop(side(rate) + STRIDE * (cells - 1)), v2.RandomHorizontalFlip()])

    def __call__(self, image: tv_tensors.Image, mask: tv_tensors.Mask) -> tuple[Tensor, Tensor]:
        image, mask = self.varied(image, mask)
        middle = (slice(self.margin, -self.margin),) * 2
        asked = torch.full_like(mask, Scenes.ignore_index)
        asked[middle] = mask[middle]
        return image, asked


def train_windows(rate: int, *, folder: Path = FOLDER, steps: int = 2500, cells: int = 12, scenes: int = 2000) -> Path:
    """Train the classifier, or with `rate` 3 its twin, on windows of the scenes; gives the file it is stored in.

    Every step asks four crops of `cells` × `cells` windows: neighbors share their computation, and the gradient is that
    of the windows cut out one by one.
    """
    torch.manual_seed(0)
    classifier = WindowClassifier()
    network = as_network(classifier, rate=rate)
    start_for_relu_(network)
    recipe = Recipe(
        steps=steps,
        batch_size=4,
        optimizer="adamw",
        learning_rate=2e-3,
        weight_decay=0.01,
        warmup=50,
        clip=1.0,
        class_weights=class_weights(),
    )
    training_set = Kept(Scenes(scenes, SIZE, recipe.seed), transforms=Crops(rate, cells))
    train(Asked(network, rate), training_set, recipe=recipe, device="cpu", progress=False)
    # The network shares the classifier's memory, so the classifier is trained, too.
    save_checkpoint(file_of(rate, folder), Checkpoint("windows", {"rate": rate}, classifier.state_dict()), half=True)
    return file_of(rate, folder)


def main(arguments: Sequence[str] | None = None) -> None:
    line = argparse.ArgumentParser(prog="python -m segviz.shipped.windows", description="Train chapter 1's classifiers.")
    line.add_argument("--rates", type=int, nargs="+", default=RATES, choices=RATES)
    line.add_argument("--steps", type=int, default=2500)
    line.add_argument("--folder", type=Path, default=FOLDER, help="where the weights go")
    asked = line.parse_args(arguments)
    for rate in asked.rates:
        print(train_windows(rate, folder=asked.folder, steps=asked.steps), flush=True)


if __name__ == "__main__":
    main()
