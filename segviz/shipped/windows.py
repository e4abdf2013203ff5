"""Two classifiers of windows, both smaller than a bus: `python -m segviz.shipped.windows` trains them again.

They are chapter 1's. The one sees 42 × 42 pixels and says what the 8 × 8 in their middle show; its near-sighted twin
has the same layers up to the second pool and sees 18 × 18, to judge the 4 × 4 in their middle. Nothing in them is
padded, so that what they say of a window is what they say there as a convolution over the whole picture. The command
takes some minutes each on one core.

>>> classifier = WindowClassifier().eval()
>>> classifier(torch.rand(1, 3, 42, 42)).shape, as_network(classifier)(torch.rand(1, 3, 66, 98)).shape
(torch.Size([1, 11]), torch.Size([1, 11, 4, 8]))
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

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

# Side of the window → pixels from one answer to the next, side of the last map in a window, and the recipe: steps, and
# windows along a side of each crop that is learned from.
FORMS = {42: (8, 3, 2500, 12), 18: (4, 2, 2000, 20)}
FOLDER = Path(__file__).parent


class WindowClassifier(nn.Module):
    """Windows (N, 3, side, side) to logits (N, 11) of what their middle shows; nothing is padded.

    `side` is 42, with a stride of 8 pixels and a last map of 3 × 3, or 18, with a stride of 4 and a map of 2 × 2;
    ValueError for another.
    """

    def __init__(self, side: int = 42, num_classes: int = len(Scenes.classes)) -> None:
        super().__init__()
        if side not in FORMS:
            raise ValueError(f"side must be one of {', '.join(map(str, FORMS))}, got {side!r}")
        self.side = side
        self.stride, self.map_side, *_ = FORMS[side]
        self.features = nn.Sequential(
            nn.Conv2d(3, 12, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3), nn.ReLU(), nn.Conv2d(24, 24, 3), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        channels = 24
        if side == 42:
            self.features.extend([nn.Conv2d(24, 48, 3), nn.ReLU(), nn.MaxPool2d(2)])
            channels = 48
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(channels * self.map_side**2, 64), nn.ReLU(), nn.Linear(64, num_classes)
        )

    @property
    def margin(self) -> int:
        """Pixels from the window's border to the middle that it judges."""
        return (self.side - self.stride) // 2

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


def as_network(classifier: WindowClassifier) -> nn.Sequential:
    """The classifier as a network for pictures (N, 3, H, W) of its window's side and more, sharing its weights.

    Gives logits (N, 11, h, w): unit (i, j) judges the window whose first pixel is `stride` times (i, j).
    """
    head = as_convolutions(classifier.classifier, (classifier.map_side, classifier.map_side))
    return nn.Sequential(*classifier.features, *head).train(classifier.training)


def load(side: int = 42) -> WindowClassifier:
    """The trained classifier of windows of that side, ready to evaluate; ValueError where there is none."""
    classifier = WindowClassifier(side).eval()
    path = file_of(side)
    load_into(classifier, load_checkpoint(path, "windows").state, str(path))
    return classifier


def file_of(side: int, folder: Path = FOLDER) -> Path:
    return folder / f"window{side}.safetensors"


@torch.no_grad()
def prediction(classifier: WindowClassifier, image: Tensor) -> Tensor:
    """The class at every pixel of an image (3, H, W): int64 (H, W), 255 where no window has its middle.

    The logits of the windows are interpolated between their middles.
    """
    logits = as_network(classifier)(image[None])
    inside = F.interpolate(logits, scale_factor=classifier.stride, mode="bilinear").argmax(1)[0]
    found = torch.full(image.shape[1:], Scenes.ignore_index)
    top = classifier.margin
    found[top : top + inside.shape[0], top : top + inside.shape[1]] = inside
    return found


def scores(classifier: WindowClassifier, scenes: Scenes, *, margin: int = 24) -> dict[str, Tensor]:
    """What the middle of the scenes is taken for, `margin` pixels in from their rim, where every window fits.

    `confusion` (11, 11) counts pixels, rows by truth; `mirrored` (11,) are those of bicycles mirrored in a bus, by what
    they are taken for.
    """
    classes = len(scenes.classes)
    confusion, mirrored = torch.zeros(classes, classes, dtype=torch.int64), torch.zeros(classes, dtype=torch.int64)
    middle = (slice(margin, -margin),) * 2
    for index in range(len(scenes)):
        image, mask = scenes[index]
        found = prediction(classifier, image)[middle]
        confusion += confusion_matrix(found, mask[middle], classes)
        reflections = torch.from_numpy(scenes.scene(index).mirrored)[middle]
        mirrored += torch.bincount(found[reflections], minlength=classes)
    return {"confusion": confusion, "mirrored": mirrored}


class Asked(nn.Module):
    """A classifier in training: logits at the picture's size (N, 11, H, W), each answer standing for its middle."""

    def __init__(self, classifier: WindowClassifier) -> None:
        super().__init__()
        self.network, self.stride, self.margin = as_network(classifier), classifier.stride, classifier.margin
        self.num_classes = len(Scenes.classes)

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(F.interpolate(self.network(x), scale_factor=self.stride, mode="nearest"), [self.margin] * 4)


class Crops:
    """Random crops of so many windows, mirrored half of the time; pixels in the middle of no window are not asked."""

    def __init__(self, classifier: WindowClassifier, windows: int) -> None:
        self.margin = classifier.margin
        side = classifier.side + classifier.stride * (windows - 1)
        self.varied = v2.Compose([v2.RandomCrop(side), v2.RandomHorizontalFlip()])

    def __call__(self, image: tv_tensors.Image, mask: tv_tensors.Mask) -> tuple[Tensor, Tensor]:
        image, mask = self.varied(image, mask)
        middle = (slice(self.margin, -self.margin),) * 2
        asked = torch.full_like(mask, Scenes.ignore_index)
        asked[middle] = mask[middle]
        return image, asked


def train_windows(side: int, *, folder: Path = FOLDER, steps: int | None = None, scenes: int = 2000) -> Path:
    """Train the classifier of windows of that side on the scenes; gives the file it is stored in.

    Every step asks four crops of many windows each: neighbors share their computation, and the gradient is that of the
    windows cut out one by one. `steps` shortens the training, for a trial.
    """
    torch.manual_seed(0)
    classifier = WindowClassifier(side)
    model = Asked(classifier)
    start_for_relu_(model)
    *_, whole_training, windows = FORMS[side]
    recipe = Recipe(
        steps=steps or whole_training,
        batch_size=4,
        optimizer="adamw",
        learning_rate=2e-3,
        weight_decay=0.01,
        warmup=50,
        clip=1.0,
        class_weights=class_weights(),
    )
    training_set = Kept(Scenes(scenes, SIZE, recipe.seed), transforms=Crops(classifier, windows))
    train(model, training_set, recipe=recipe, device="cpu", progress=False)
    # The network in training shares the classifier's memory, so the classifier has learned, too.
    save_checkpoint(file_of(side, folder), Checkpoint("windows", {"side": side}, classifier.state_dict()), half=True)
    return file_of(side, folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the classifiers of the sides named on the command line, or both."""
    line = argparse.ArgumentParser(prog="python -m segviz.shipped.windows", description=main.__doc__)
    line.add_argument("sides", type=int, nargs="*", help="of the windows (default: all)")
    line.add_argument("--steps", type=int, default=None, help="instead of each recipe's own, for a trial")
    line.add_argument("--folder", type=Path, default=FOLDER, help="where the weights go")
    asked = line.parse_args(arguments)
    unknown = [side for side in asked.sides if side not in FORMS]
    if unknown:
        line.error(f"unknown sides {unknown}; known are {', '.join(map(str, FORMS))}")
    for side in asked.sides or FORMS:
        print(train_windows(side, folder=asked.folder, steps=asked.steps), flush=True)


if __name__ == "__main__":
    main()
