"""Training from the command line: `python -m segviz.train --model unet --width 0.25 --steps 2000`.

Started again with the same words, a training that was killed carries on. Several processes share it under
`accelerate launch --num_processes 2 -m segviz.train --model …`.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from torchvision.transforms import v2

from segviz.data import PUBLIC, Scenes, augmentation, class_shares, fitted
from segviz.models import create_model, list_models
from segviz.training import Recipe, balanced_weights, train
from segviz.training.optimization import freeze_batch_norm, parameter_groups

# Scenes are validated on, and the book's models scored on, seeds that no training uses.
VALIDATION_SEED, TEST_SEED = 1_000_001, 1_000_002


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="python -m segviz.train", description=__doc__)
    add = line.add_argument
    yes_no = argparse.BooleanOptionalAction
    add("--model", required=True, choices=list_models(), metavar="NAME", help=", ".join(list_models()))
    add("--width", type=float, default=1.0, help="factor of every channel count (default 1, the paper's)")
    add("--option", action="append", default=[], metavar="KEY=VALUE", help="of the model, as backbone=resnet101")
    add("--data", choices=["scenes", *PUBLIC], default="scenes", help="what to learn from (default scenes)")
    add("--root", default="data", help="folder of a public data set (default ./data)")
    add("--download", action=yes_no, default=False, help="fetch voc, sbd or pets into --root")
    add("--size", type=int, nargs=2, default=(128, 128), metavar=("H", "W"), help="of a scene or a crop")
    add("--augment", action=yes_no, default=None, help="vary the pictures (default: not the scenes)")
    add("--steps", type=int, default=2000)
    add("--batch-size", type=int, default=8, help="over all processes (default 8)")
    add("--optimizer", choices=["sgd", "adamw"], default="sgd", help="default sgd, with the poly schedule")
    add("--lr", type=float, default=0.01, help="learning rate at the start (default 0.01)")
    add(
        "--head-lr-factor",
        type=float,
        default=None,
        metavar="F",
        help="layers after the backbone learn F times as fast",
    )
    add("--momentum", type=float, default=0.9)
    add("--weight-decay", type=float, default=1e-4)
    add("--warmup", type=int, default=0, metavar="STEPS", help="of linear growth before the schedule")
    add("--clip", type=float, default=None, metavar="NORM", help="bound on the gradient's norm")
    add("--class-weights", choices=["none", "balanced"], default="none", help="balanced: median frequency")
    add("--freeze-bn", action=yes_no, default=False, help="keep batch statistics and their weights as they are")
    add("--seed", type=int, default=0)
    add("--device", default=None, help="default: CUDA, else MPS, else the CPU")
    add("--amp", action=yes_no, default=None, help="mixed precision (default: on a GPU)")
    add("--workers", type=int, default=0, help="processes that load data (default 0: none)")
    add("--threads", type=int, default=None, help="of PyTorch on the CPU")
    add("--out", type=Path, default=None, help="folder for state, weights and history (default runs/NAME-DATA)")
    add("--resume", action=yes_no, default=True, help="carry on from a state in --out (default yes)")
    add("--validate-every", type=int, default=None, metavar="STEPS", help="default: a tenth of the training")
    add("--save-every", type=int, default=None, metavar="STEPS", help="default: with each validation")
    add("--progress", action=yes_no, default=True, help="show a bar")
    return line


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Train as the words of the command line say; gives the history."""
    line = parser()
    asked = line.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    try:
        options = model_options(asked.option)
        training_set, validation_set = data_sets(asked)
        classes = training_set.classes  # type: ignore[attr-defined]
        recipe = Recipe(
            steps=asked.steps,
            batch_size=asked.batch_size,
            optimizer=asked.optimizer,
            learning_rate=asked.lr,
            momentum=asked.momentum,
            weight_decay=asked.weight_decay,
            warmup=asked.warmup,
            clip=asked.clip,
            seed=asked.seed,
            class_weights=_weights(asked.class_weights, training_set, len(classes)),
        )
        torch.manual_seed(asked.seed)
        model = create_model(asked.model, len(classes), width=asked.width, **options)
    except (ValueError, TypeError, FileNotFoundError) as error:
        line.error(str(error))
    if asked.freeze_bn:
        freeze_batch_norm(model)
    factor = asked.head_lr_factor
    return train(
        model,
        training_set,
        validation_set,
        recipe=recipe,
        parameters=None if factor is None else parameter_groups(model, asked.lr, new_layers=factor),
        directory=asked.out or Path("runs") / f"{asked.model}-{asked.data}",
        name=asked.model,
        options={"num_classes": len(classes), "width": asked.width} | options,
        resume=asked.resume,
        validate_every=asked.validate_every,
        save_every=asked.save_every,
        device=asked.device,
        amp=asked.amp,
        workers=asked.workers,
        progress=asked.progress,
    )


def model_options(words: Sequence[str]) -> dict[str, Any]:
    """The options of a model from words `key=value`, values being Python's or, failing that, text.

    >>> model_options(["backbone=resnet50", "output_stride=8", "aspp_rates=(6, 12)", "aux=False"])
    {'backbone': 'resnet50', 'output_stride': 8, 'aspp_rates': (6, 12), 'aux': False}
    """
    options = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise ValueError(f"--option must be key=value, got {word!r}")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[key] = value
    return options


def data_sets(asked: argparse.Namespace) -> tuple[Dataset, Dataset]:
    """What to learn from and what to validate on."""
    size = tuple(asked.size)
    if asked.data == "scenes":
        vary = augmentation(size) if asked.augment else None
        return Scenes(100_000, size, asked.seed, transforms=vary), Scenes(64, size, VALIDATION_SEED)
    opened, train_split, validation_split = PUBLIC[asked.data]
    settings = {"download": asked.download} if asked.data in ("voc", "sbd", "pets") else {}
    vary = v2.Compose([fitted(size)]) if asked.augment is False else augmentation(size)
    training_set = opened(asked.root, train_split, transforms=vary, **settings)
    return training_set, opened(asked.root, validation_split, transforms=fitted(size), **settings)


def _weights(kind: str, dataset: Dataset, num_classes: int) -> tuple[float, ...] | None:
    if kind == "none":
        return None
    return balanced_weights(class_shares(dataset, num_classes, limit=200))


if __name__ == "__main__":
    main()
