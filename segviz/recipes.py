"""How the shipped weights were made: `python -m segviz.recipes` trains them all again, or those named.

Every network of the book learns the same scenes at a small width. A training takes about a quarter of an
hour on two CPU cores; one that was stopped carries on. The weights are stored in 16 bits and scored as
stored.

    >>> SHIPPED["unet"].width
    0.18
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torchvision.transforms import v2

from segviz.checkpoints import WEIGHTS, Checkpoint, load_checkpoint, load_into, save_checkpoint
from segviz.data import Scenes, class_shares
from segviz.models import create_model, list_models
from segviz.train import TEST_SEED, VALIDATION_SEED
from segviz.training import WEIGHTS_FILE, Recipe, evaluate, train

# 224 is the size DeconvNet's figure is drawn for, and seven cells of an FCN-32s.
SIZE = (224, 224)
TEST_SCENES, VALIDATION_SCENES = 200, 48


@dataclass(frozen=True)
class Shipped:
    """One network's width, options and training; `crop` is the side of the windows it learns from."""

    width: float
    steps: int
    batch_size: int = 8
    crop: int = 128
    learning_rate: float = 2e-3
    options: dict[str, Any] = field(default_factory=dict)


# The FCNs and DeconvNet need whole scenes: a crop of 128 is four cells of stride 32. The others learn more in
# the same time from windows.
SHIPPED = {
    "fcn32s": Shipped(0.08, 4000, batch_size=4, crop=224),
    "fcn16s": Shipped(0.08, 4000, batch_size=4, crop=224),
    "fcn8s": Shipped(0.08, 4000, batch_size=4, crop=224),
    "fcn_resnet": Shipped(0.18, 3500),
    "deconvnet": Shipped(0.06, 3500, batch_size=4, crop=224),
    "segnet": Shipped(0.18, 3000),
    "segnet_basic": Shipped(0.4, 1800),
    "unet": Shipped(0.18, 3000),
    "fcdensenet56": Shipped(0.5, 1000, batch_size=4),
    "fcdensenet67": Shipped(0.4, 800, batch_size=4),
    "fcdensenet103": Shipped(0.3, 800, batch_size=4),
    "deeplabv1": Shipped(0.2, 4000),
    "dilatednet": Shipped(0.08, 4000),
    "deeplabv2": Shipped(0.14, 4000),
    "deeplabv3": Shipped(0.16, 3500),
    "deeplabv3plus": Shipped(0.13, 3500),
}


def class_weights() -> tuple[float, ...]:
    """A weight for each class of the scenes: the square root of the median share over its own.

    Full balancing makes a network see poles everywhere; none lets a coarse one forget the small classes.
    """
    shares = class_shares(Scenes(100, seed=VALIDATION_SEED), len(Scenes.classes))
    return tuple(round(weight, 4) for weight in (shares.median() / shares).sqrt().tolist())


def train_shipped(
    name: str,
    *,
    folder: Path = WEIGHTS,
    runs: Path = Path("runs/weights"),
    steps: int | None = None,
    device: str | None = None,
    workers: int = 0,
    progress: bool = True,
) -> Checkpoint:
    """Train the network `name` by its recipe, score it on the test scenes and store it in `folder`.

    `steps` shortens the training, for a trial. Gives what was stored.
    """
    shipped = SHIPPED[name]
    settings = {"num_classes": len(Scenes.classes), "width": shipped.width} | shipped.options
    recipe = Recipe(
        steps=steps or shipped.steps,
        batch_size=shipped.batch_size,
        optimizer="adamw",
        learning_rate=shipped.learning_rate,
        weight_decay=0.01,
        warmup=50,
        clip=1.0,
        class_weights=class_weights(),
    )
    torch.manual_seed(recipe.seed)
    window = v2.RandomCrop(shipped.crop) if shipped.crop < SIZE[0] else None
    train(
        create_model(name, **settings),
        Scenes(100_000, SIZE, recipe.seed, transforms=window),
        Scenes(VALIDATION_SCENES, SIZE, VALIDATION_SEED),
        recipe=recipe,
        directory=runs / name,
        name=name,
        options=settings,
        device=device,
        workers=workers,
        progress=progress,
    )
    best = load_checkpoint(runs / name / WEIGHTS_FILE, name)
    path = folder / f"{name}.safetensors"
    save_checkpoint(runs / name / "half.safetensors", best, half=True)
    state = load_checkpoint(runs / name / "half.safetensors").state
    model = create_model(name, **settings)
    load_into(model, state)
    scores = evaluate(model, held_out_scenes(), device=device)
    stored = Checkpoint(name, settings, state, scores | {"steps": recipe.steps})
    save_checkpoint(path, stored, half=True)
    return stored


def held_out_scenes() -> Scenes:
    """The scenes every score is measured on; no training has seen their seed."""
    return Scenes(TEST_SCENES, SIZE, TEST_SEED)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the networks named on the command line, or all."""
    line = argparse.ArgumentParser(prog="python -m segviz.recipes", description=__doc__)
    line.add_argument("names", nargs="*", metavar="NAME", help="of the networks to train (default: all)")
    line.add_argument("--steps", type=int, default=None, help="instead of each recipe's own, for a trial")
    line.add_argument("--device", default=None, help="default: CUDA, else MPS, else the CPU")
    line.add_argument("--workers", type=int, default=0, help="processes that load data (default 0: none)")
    line.add_argument("--folder", type=Path, default=WEIGHTS, help="where the weights go")
    line.add_argument("--runs", type=Path, default=Path("runs/weights"), help="where unfinished trainings wait")
    asked = line.parse_args(arguments)
    unknown = [name for name in asked.names if name not in SHIPPED]
    if unknown:
        line.error(f"unknown names {unknown}; known are {', '.join(SHIPPED)}")
    for name in asked.names or list_models():
        stored = train_shipped(
            name,
            folder=asked.folder,
            runs=asked.runs,
            steps=asked.steps,
            device=asked.device,
            workers=asked.workers,
        )
        size = (asked.folder / f"{name}.safetensors").stat().st_size / 2**20
        print(f"{name:15s} mean IoU {stored.scores['mean_iou']:.3f}  {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
