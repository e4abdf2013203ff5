"""How the shipped weights were made: `python -m segviz.shipped.recipes` trains them all again, or those named.

Every network of the book learns the same scenes at a small width: first at one size, then over sizes from 96 to 320
pixels, so that it serves them all. A training takes about half an hour on two CPU cores; one that was stopped carries
on. The weights are stored in 16 bits and scored as stored.

    >>> SHIPPED["unet"].width
    0.18
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import v2

from segviz.checkpoints import WEIGHTS, Checkpoint, load_checkpoint, load_into, save_checkpoint
from segviz.data import Kept, Scenes, Sizes, class_shares
from segviz.device import get_device
from segviz.models import create_model, list_models
from segviz.train import TEST_SEED, VALIDATION_SEED
from segviz.training import Recipe, train
from segviz.training.batches import seed_of
from segviz.training.evaluation import evaluate
from segviz.training.loop import WEIGHTS_FILE
from segviz.training.optimization import channels_last, fast_in_half, settle_batch_norm

# 224 is the size DeconvNet's figure is drawn for, and seven cells of an FCN-32s.
SIZE = (224, 224)
TRAINING_SCENES, VALIDATION_SCENES, TEST_SCENES = 4000, 48, 200

# A network is right at the sizes that it has seen. Beside multiples of 16 stand sizes of one more: there the two
# conventions of `align_corners` and the centers of padded strides fall elsewhere.
SIZES = (96, 112, 128, 129, 160, 193, 224, 225, 256, 320)
VALIDATION_SIZES = (128, 224, 320)
MULTIPLES = tuple(sorted({size // 16 * 16 for size in SIZES}))


@dataclass(frozen=True)
class Shipped:
    """One network's width, options and training; `crop` is the side of the windows it learns from.

    `steps` are at the one size; `more` follow over all sizes, from a lower learning rate. `first` are options of a
    part that is trained by itself before, for as many steps; the whole starts from it. `settle`: the statistics of
    batch normalization are measured again after the training, on whole scenes. `half`: in 16 bits, where the device
    is fast in them. `sizes` are those that the second part goes over.
    """

    width: float
    steps: int
    more: int
    batch_size: int = 8
    crop: int = 128
    learning_rate: float = 2e-3
    options: dict[str, Any] = field(default_factory=dict)
    first: dict[str, Any] | None = None
    settle: bool = False
    half: bool = True
    sizes: tuple[int, ...] = SIZES

    @property
    def settings(self) -> dict[str, Any]:
        """What `create_model` is given beside the name."""
        return {"num_classes": len(Scenes.classes), "width": self.width} | self.options

    @property
    def seen(self) -> tuple[int, int]:
        """How many windows all parts of the training are given, and how many pixels these hold.

        >>> SHIPPED["segnet_basic"].seen[0] == (1000 + 700) * 8
        True
        """
        alone = self.steps * (1 if self.first is None else 2) * self.batch_size
        over_sizes = [window(size, self.crop) ** 2 for size in self.sizes]
        more = self.more * self.batch_size
        return alone + more, alone * self.crop**2 + more * sum(over_sizes) // len(over_sizes)


# The FCNs and DeconvNet need whole scenes: a crop of 128 is four cells of stride 32. A CPU takes nine times as long
# over the 64×64 kernel of an FCN-32s in 16 bits as in 32. Those with wide rates need a map that the rates fit on. The
# others learn more in the same time from small windows.
SHIPPED = {
    "fcn32s": Shipped(0.08, 2500, 1200, batch_size=4, crop=224, half=False),
    "fcn16s": Shipped(0.08, 2500, 700, batch_size=4, crop=224, half=False),
    "fcn8s": Shipped(0.08, 2500, 700, batch_size=4, crop=224, half=False),
    "fcn_resnet": Shipped(0.18, 2200, 700, batch_size=4, crop=192),
    # Its 7×7 bottleneck is one position at 224, where BN has four values a batch: 0.28 mean IoU halfway through.
    "deconvnet": Shipped(0.1, 4000, 1200, batch_size=4, crop=224, options={"fc_kernel": 3}),
    "segnet": Shipped(0.18, 2500, 800),
    "segnet_basic": Shipped(0.4, 1000, 700),
    "unet": Shipped(0.18, 3000, 1500),
    # Batches of four crops through up to a hundred BN layers: their running statistics alone cost 67 18 points.
    "fcdensenet56": Shipped(0.5, 700, 250, batch_size=4, settle=True),
    "fcdensenet67": Shipped(0.4, 700, 250, batch_size=4, settle=True),
    "fcdensenet103": Shipped(0.3, 900, 700, batch_size=4, settle=True),
    "deeplabv1": Shipped(0.2, 2500, 700, batch_size=4, crop=192),
    "dilatednet": Shipped(0.08, 1500, 700, batch_size=4, crop=192, first={"context": None}),
    "deeplabv2": Shipped(0.14, 2200, 700, batch_size=4, crop=192),
    "deeplabv3": Shipped(0.16, 2500, 800, batch_size=4, crop=192),
    # Chapter 8 asks it what one pixel more than a multiple of 16 does to a network that has never seen it.
    "deeplabv3plus": Shipped(0.13, 3500, 1000, batch_size=4, crop=192, sizes=MULTIPLES),
}


@cache
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

    `steps` shortens both parts of the training, for a trial. Gives what was stored.
    """
    shipped = SHIPPED[name]
    how: dict[str, Any] = {"device": device, "workers": workers, "progress": progress}
    start = None
    recipe, scenes = recipe_of(shipped, steps or shipped.steps), at_one_size(shipped.crop)
    if shipped.first is not None:
        part = shipped.settings | shipped.first
        start = trained(name, part, recipe, *scenes, runs / f"{name}-first", **how).state
    start = trained(name, shipped.settings, recipe, *scenes, runs / name, start=start, **how).state
    best = over_sizes(name, start, runs=runs, steps=steps, **how)
    return stored(best, folder, device)


def over_sizes(
    name: str, start: Mapping[str, Tensor], *, runs: Path, steps: int | None = None, seed: int = 0, **how: Any
) -> Checkpoint:
    """The second part of the training of `name`, from the weights `start`."""
    shipped = SHIPPED[name]
    recipe = replace(recipe_of(shipped, steps or shipped.more, seed), learning_rate=shipped.learning_rate / 2)
    directory = runs / f"{name}-sizes"
    learned, choosing = at_sizes(shipped.crop, shipped.sizes, seed)
    # Before they are settled, statistics say little of the weights: the last ones are taken, the learning rate being 0.
    chosen_by = None if shipped.settle else choosing
    best = trained(name, shipped.settings, recipe, learned, chosen_by, directory, start=start, **how)
    return settled(best) if shipped.settle else best


def recipe_of(shipped: Shipped, steps: int, seed: int = 0) -> Recipe:
    """What all trainings have in common, and this network's own."""
    return Recipe(
        steps=steps,
        batch_size=shipped.batch_size,
        optimizer="adamw",
        learning_rate=shipped.learning_rate,
        weight_decay=0.01,
        warmup=50,
        clip=1.0,
        class_weights=class_weights(),
        seed=seed,
    )


def at_one_size(crop: int) -> tuple[Dataset, Dataset]:
    """Scenes of 224 pixels to learn, by windows of `crop`, and whole ones to choose the best weights by."""
    varied = v2.Compose([v2.RandomCrop(crop), v2.RandomHorizontalFlip()])
    return (
        Kept(Scenes(TRAINING_SCENES, SIZE), transforms=varied),
        Scenes(VALIDATION_SCENES, SIZE, VALIDATION_SEED),
    )


def window(size: int, crop: int) -> int:
    """The side that is cut from a scene of `size`: of a small one all, else `crop`, one more where the size is odd."""
    return min(size, crop + size % 2)


def at_sizes(crop: int, sizes: Sequence[int], seed: int = 0) -> tuple[Dataset, Dataset]:
    """As many scenes over the sizes, each by its `window`."""
    each = TRAINING_SCENES // len(sizes)

    def scenes(place: int, size: int) -> Dataset:
        varied = v2.Compose([v2.RandomCrop(window(size, crop)), v2.RandomHorizontalFlip()])
        return Kept(Scenes(each, (size, size), seed_of(seed, place)), transforms=varied)

    chosen = [
        Scenes(VALIDATION_SCENES // len(VALIDATION_SIZES), (size, size), VALIDATION_SEED) for size in VALIDATION_SIZES
    ]
    return Sizes(scenes(place, size) for place, size in enumerate(sizes)), Sizes(chosen)


def trained(
    name: str,
    settings: dict[str, Any],
    recipe: Recipe,
    training_set: Dataset,
    validation_set: Dataset | None,
    directory: Path,
    *,
    start: Mapping[str, Tensor] | None = None,
    device: str | None = None,
    workers: int = 0,
    progress: bool = True,
) -> Checkpoint:
    """The best weights of one training, kept in `directory`; among its scores, `history` has the learning curve."""
    torch.manual_seed(recipe.seed)
    model = channels_last(create_model(name, **settings))
    if start is not None:
        model.load_state_dict(start, strict=False)
    history = train(
        model,
        training_set,
        validation_set,
        recipe=recipe,
        directory=directory,
        name=name,
        options=settings,
        device=device,
        amp=SHIPPED[name].half and fast_in_half(get_device() if device is None else device),
        workers=workers,
        progress=progress,
    )
    best = load_checkpoint(directory / WEIGHTS_FILE, name)
    curve = [{key: entry[key] for key in ("step", "loss", "mean_iou") if key in entry} for entry in history]
    return replace(best, scores=best.scores | {"history": curve})


def stored(best: Checkpoint, folder: Path, device: str | None = None) -> Checkpoint:
    """The weights as readers get them, in 16 bits, with their scores on the held-out scenes."""
    path = folder / f"{best.name}.safetensors"
    save_checkpoint(path, best, half=True)
    state = load_checkpoint(path).state
    model = create_model(best.name, **best.options)
    load_into(model, state)
    shipped = SHIPPED[best.name]
    told = {"steps": shipped.steps + shipped.more, "history": best.scores["history"]}
    scores = evaluate(model, held_out_scenes(), device=device) | told
    ready = Checkpoint(best.name, best.options, state, scores)
    save_checkpoint(path, ready, half=True)
    return ready


def settled(checkpoint: Checkpoint, scenes: int = 80, batch_size: int = 8) -> Checkpoint:
    """The same weights with statistics of batch normalization measured on whole training scenes, of several sizes."""
    model = create_model(checkpoint.name, **checkpoint.options)
    load_into(model, checkpoint.state)

    def batches() -> Iterator[Tensor]:
        for size in VALIDATION_SIZES:
            drawn = Scenes(scenes // len(VALIDATION_SIZES) // batch_size * batch_size, (size, size))
            for k in range(0, len(drawn), batch_size):
                yield torch.stack([drawn[i][0] for i in range(k, k + batch_size)])

    settle_batch_norm(model, batches())
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
        made = train_shipped(
            name,
            folder=asked.folder,
            runs=asked.runs,
            steps=asked.steps,
            device=asked.device,
            workers=asked.workers,
        )
        size = (asked.folder / f"{name}.safetensors").stat().st_size / 2**20
        print(f"{name:15s} mean IoU {made.scores['mean_iou']:.3f}  {size:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
