"""How the shipped weights were made: `python -m segviz.shipped.recipes` trains them all again, or those named.

Every network of the book learns the same scenes at a small width. A training takes about a quarter of an
hour on two CPU cores; one that was stopped carries on. The weights are stored in 16 bits and scored as
stored.

    >>> SHIPPED["unet"].width
    0.18
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2

from segviz.checkpoints import WEIGHTS, Checkpoint, load_checkpoint, load_into, save_checkpoint
from segviz.data import Kept, Scenes, class_shares
from segviz.device import get_device
from segviz.models import create_model, list_models
from segviz.train import TEST_SEED, VALIDATION_SEED
from segviz.training import Recipe, train
from segviz.training.evaluation import evaluate
from segviz.training.loop import WEIGHTS_FILE
from segviz.training.optimization import channels_last, fast_in_half, settle_batch_norm

# 224 is the size DeconvNet's figure is drawn for, and seven cells of an FCN-32s.
SIZE = (224, 224)
TRAINING_SCENES, VALIDATION_SCENES, TEST_SCENES = 4000, 48, 200


@dataclass(frozen=True)
class Shipped:
    """One network's width, options and training; `crop` is the side of the windows it learns from.

    `first` are options of a part that is trained by itself before, for as many steps; the whole starts from it.
    `settle`: the statistics of batch normalization are measured again after the training, on whole scenes.
    """

    width: float
    steps: int
    batch_size: int = 8
    crop: int = 128
    learning_rate: float = 2e-3
    options: dict[str, Any] = field(default_factory=dict)
    first: dict[str, Any] | None = None
    settle: bool = False


# The FCNs and DeconvNet need whole scenes: a crop of 128 is four cells of stride 32. Those with wide rates
# need a map that the rates fit on. The others learn more in the same time from small windows.
SHIPPED = {
    "fcn32s": Shipped(0.08, 2500, batch_size=4, crop=224),
    "fcn16s": Shipped(0.08, 2500, batch_size=4, crop=224),
    "fcn8s": Shipped(0.08, 2500, batch_size=4, crop=224),
    "fcn_resnet": Shipped(0.18, 2200, batch_size=4, crop=192),
    # Its 7×7 bottleneck is one position at 224, where BN has four values a batch: 0.28 mean IoU halfway through.
    "deconvnet": Shipped(0.1, 4000, batch_size=4, crop=224, options={"fc_kernel": 3}),
    "segnet": Shipped(0.18, 2500),
    "segnet_basic": Shipped(0.4, 1000),
    "unet": Shipped(0.18, 3000),
    # Batches of four crops through up to a hundred BN layers: their running statistics alone cost 67 18 points.
    "fcdensenet56": Shipped(0.5, 700, batch_size=4, settle=True),
    "fcdensenet67": Shipped(0.4, 700, batch_size=4, settle=True),
    "fcdensenet103": Shipped(0.3, 900, batch_size=4, settle=True),
    "deeplabv1": Shipped(0.2, 2500, batch_size=4, crop=192),
    "dilatednet": Shipped(0.08, 1500, batch_size=4, crop=192, first={"context": None}),
    "deeplabv2": Shipped(0.14, 2200, batch_size=4, crop=192),
    "deeplabv3": Shipped(0.16, 2500, batch_size=4, crop=192),
    "deeplabv3plus": Shipped(0.13, 3500, batch_size=4, crop=192),
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
    varied = v2.Compose([v2.RandomCrop(shipped.crop), v2.RandomHorizontalFlip()])
    training_set = Kept(Scenes(TRAINING_SCENES, SIZE, recipe.seed), transforms=varied)
    validation_set = Scenes(VALIDATION_SCENES, SIZE, VALIDATION_SEED)

    def trained(settings: dict[str, Any], directory: Path, start: dict[str, Tensor] | None = None) -> Checkpoint:
        torch.manual_seed(recipe.seed)
        model = channels_last(create_model(name, **settings))
        if start is not None:
            model.load_state_dict(start, strict=False)
        train(
            model,
            training_set,
            validation_set,
            recipe=recipe,
            directory=directory,
            name=name,
            options=settings,
            device=device,
            amp=fast_in_half(get_device() if device is None else device),
            workers=workers,
            progress=progress,
        )
        return load_checkpoint(directory / WEIGHTS_FILE, name)

    start = None
    if shipped.first is not None:
        start = trained(settings | shipped.first, runs / f"{name}-first").state
    best = trained(settings, runs / name, start)
    if shipped.settle:
        best = settled(best)
    save_checkpoint(runs / name / "half.safetensors", best, half=True)
    state = load_checkpoint(runs / name / "half.safetensors").state
    model = create_model(name, **settings)
    load_into(model, state)
    scores = evaluate(model, held_out_scenes(), device=device)
    stored = Checkpoint(name, settings, state, scores | {"steps": recipe.steps})
    save_checkpoint(folder / f"{name}.safetensors", stored, half=True)
    return stored


def settled(checkpoint: Checkpoint, scenes: int = 80, batch_size: int = 8) -> Checkpoint:
    """The same weights with statistics of batch normalization measured on whole training scenes."""
    model = create_model(checkpoint.name, **checkpoint.options)
    load_into(model, checkpoint.state)
    drawn = Scenes(scenes, SIZE)
    starts = range(0, scenes, batch_size)
    settle_batch_norm(model, (torch.stack([drawn[i][0] for i in range(k, k + batch_size)]) for k in starts))
    return replace(checkpoint, state=model.state_dict())


def held_out_scenes() -> Scenes:
    """The scenes every score is measured on; no training has seen their seed."""
    return Scenes(TEST_SCENES, SIZE, TEST_SEED)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the networks named on the command line, or all."""
    line = argparse.ArgumentParser(prog="python -m segviz.shipped.recipes", description=__doc__)
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
