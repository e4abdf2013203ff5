"""How much of a score is chance: `python -m segviz.shipped.seeds` trains some networks again, from several seeds.

A seed decides the first weights, the scenes that are learned and their order. The trainings are shorter than those of
the shipped weights, so what they tell is the spread and not the height. The scores are kept in
`segviz/weights/seeds.json`, the weights are not.

    >>> len(COMPARED) * len(TRAININGS)          # trainings
    18
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from segviz.checkpoints import WEIGHTS, load_into
from segviz.data import Scenes
from segviz.models import create_model
from segviz.shipped import records
from segviz.shipped.leaderboard import scores
from segviz.shipped.recipes import SHIPPED, SIZES, VALIDATION_SIZES, at_sizes, recipe_of, trained
from segviz.train import TEST_SEED

SEEDS = WEIGHTS / "seeds.json"
COMPARED = ("fcn32s", "fcn8s", "unet", "segnet", "deeplabv3", "deeplabv3plus")
TRAININGS = (0, 1, 2)
STEPS, SCORED_SCENES = 300, 60


def load(path: Path = SEEDS) -> dict[str, Any]:
    """The stored scores: `recipe` and `scenes` say what was done, `runs` has one entry a training.

    A run has its `name`, its `seed`, and under `sizes` what `leaderboard.scores` says at each side of a scene.
    Raises FileNotFoundError, saying how to make them, where there are none.
    """
    return records.read(path, "python -m segviz.shipped.seeds")


def run(name: str, seed: int, *, runs: Path, steps: int = STEPS, scenes: int = SCORED_SCENES) -> dict[str, Any]:
    """Train `name` over all sizes from `seed` and score its last weights."""
    shipped = SHIPPED[name]
    recipe, learned = recipe_of(shipped, steps, seed), at_sizes(shipped.crop, SIZES, seed)[0]
    # Without validation scenes the last weights stay: a choice by score would hide some of the spread.
    made = trained(name, shipped.settings, recipe, learned, None, runs / f"{name}-{seed}", progress=False)
    model = create_model(name, **shipped.settings).eval()
    load_into(model, made.state)
    at = {str(size): scores(model, Scenes(scenes, (size, size), TEST_SEED)) for size in VALIDATION_SIZES}
    return {"name": name, "seed": seed, "sizes": at}


def store(entries: Sequence[dict[str, Any]], steps: int, scenes: int, path: Path) -> None:
    """Write the runs, and what they were."""
    recipe = asdict(recipe_of(SHIPPED[COMPARED[0]], steps))
    differing = ("seed", "batch_size")
    about = {
        "recipe": {key: value for key, value in recipe.items() if key not in differing},
        "scenes": {"count": scenes, "sizes": list(VALIDATION_SIZES), "seed": TEST_SEED},
    }
    runs = sorted(entries, key=lambda entry: (COMPARED.index(entry["name"]), entry["seed"]))
    records.write(path, about, "runs", runs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and score the networks of `COMPARED` from each seed; runs that are stored already are kept."""
    line = argparse.ArgumentParser(prog="python -m segviz.shipped.seeds", description=__doc__)
    line.add_argument("--steps", type=int, default=STEPS, help=f"of each training (default {STEPS})")
    line.add_argument("--scenes", type=int, default=SCORED_SCENES, help="to score each on, at each size")
    line.add_argument("--out", type=Path, default=SEEDS, help="where the scores go")
    line.add_argument("--runs", type=Path, default=Path("runs/seeds"), help="where unfinished trainings wait")
    line.add_argument("--again", action="store_true", help="train what is stored already, too")
    asked = line.parse_args(arguments)
    entries = [] if asked.again or not asked.out.is_file() else load(asked.out)["runs"]
    done = {(entry["name"], entry["seed"]) for entry in entries}
    for seed in TRAININGS:
        for name in COMPARED:
            if (name, seed) in done:
                continue
            entries.append(run(name, seed, runs=asked.runs, steps=asked.steps, scenes=asked.scenes))
            store(entries, asked.steps, asked.scenes, asked.out)
            told = ", ".join(f"{size} {entry['mean_iou']:.3f}" for size, entry in entries[-1]["sizes"].items())
            print(f"{name:15s} seed {seed}: mean IoU {told}", flush=True)


if __name__ == "__main__":
    main()
