"""Every network of the book side by side: `python -m segviz.shipped.leaderboard` scores the shipped weights.

What is scored is what a reader gets from `create_model(name, weights="scenes")`, on scenes that no training
has seen: 200 of 224 pixels, and 100 of each other size. The result is data (`segviz/weights/scores.json`) from which
chapters draw their tables and plots:

    from segviz.shipped import leaderboard
    for entry in leaderboard.load()["models"]:
        small = leaderboard.at_size(entry, 128)
        print(entry["name"], entry["mean_iou"], small["mean_iou"], entry["failures"]["poles_lost"])
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from segviz.checkpoints import WEIGHTS
from segviz.data import Scenes
from segviz.fields import receptive_field
from segviz.models import create_model, list_models
from segviz.shipped import records
from segviz.shipped.recipes import SIZE, VALIDATION_SIZES, held_out_scenes
from segviz.shipped.scoring import TOLERANCE, counted, scores, summary, without_each

__all__ = ["at_size", "entry", "load", "memory", "operations", "scores", "seconds", "seen", "table", "training_memory"]

SCORES = WEIGHTS / "scores.json"
OTHER_SIZES, OTHER_SCENES = [side for side in VALIDATION_SIZES if side != SIZE[0]], 100  # half as many as at 224


def load(path: Path = SCORES) -> dict[str, Any]:
    """The stored scores: `scenes` says what they were measured on, `models` has one entry a network.

    Raises FileNotFoundError, saying how to make them, where there are none.
    """
    return records.read(path, "python -m segviz.shipped.leaderboard")


def at_size(entry: dict[str, Any], size: int) -> dict[str, Any]:
    """The scores of a stored entry on pictures of this side, in pixels.

    Raises ValueError for a size that was not measured.
    """
    own = {str(SIZE[0]): entry} | entry["sizes"]
    if str(size) not in own:
        raise ValueError(f"size={size} was not measured; {', '.join(sorted(own, key=int))} were")
    return own[str(size)]


def entry(name: str, scenes: Scenes, device: str | torch.device = "cpu") -> dict[str, Any]:
    """All that the table says of the shipped network `name`.

    Scores are those on `scenes`, and under `sizes` those on pictures of other sizes; `without` has the scores with
    each scene left out in turn, so that two networks can be compared street by street.
    """
    model = create_model(name, weights="scenes").eval()
    example = scenes[0][0][None]
    about = {
        "name": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "operations": operations(model, example),
        "training_memory": training_memory(model, example),
        "memory": memory(model, example),
        "seconds": seconds(model, example),
        "receptive_field": seen(model),
    }
    model.to(device)
    counts = counted(model, scenes)
    without = {name: [round(value, 7) for value in values] for name, values in without_each(counts).items()}
    sizes = {
        str(side): scores(model, Scenes(min(OTHER_SCENES, len(scenes)), (side, side), scenes.seed))
        for side in OTHER_SIZES
    }
    return about | summary(counts) | {"without": without, "sizes": sizes}


def timed_again(row: dict[str, Any], scenes: Scenes) -> dict[str, Any]:
    """An entry with what depends on how busy the machine is measured anew."""
    model = create_model(row["name"], weights="scenes").eval()
    return row | {"seconds": seconds(model, scenes[0][0][None])}


def operations(model: nn.Module, x: Tensor) -> int:
    """Floating-point operations of a forward pass in convolutions and products, a multiply-add being two.

    >>> operations(nn.Conv2d(3, 4, 1), torch.rand(1, 3, 5, 5))               # 2 · 5·5 · 3 · 4
    600
    """
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(x)
    return counter.get_total_flops()


def training_memory(model: nn.Module, x: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward pass, parameters and the picture itself left out.

    >>> training_memory(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), torch.rand(1, 1, 5, 5))  # ReLU's output
    100
    """
    known = {tensor.untyped_storage().data_ptr() for tensor in (x, *model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(x)  # held while it is counted, so that no freed storage is met twice
    del output
    return sum(kept.values())


def memory(model: nn.Module, x: Tensor) -> int:
    """Bytes of the maps that a forward pass without gradients holds at its fullest, parameters and picture left out.

    What a library's convolution needs beside its maps is its own affair, and is not counted.

    >>> memory(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.ReLU()), torch.rand(1, 1, 5, 5))    # two at a time
    200
    """
    with torch.no_grad(), _Live((x, *model.parameters(), *model.buffers())) as live:
        model(x)
    return live.most


class _Live(TorchDispatchMode):
    """The bytes of all storages that operations made and that somebody still holds, and the most there were."""

    def __init__(self, known: Sequence[Tensor]):
        super().__init__()
        self.known = {StorageWeakRef(tensor.untyped_storage()).cdata for tensor in known}
        self.held: dict[int, tuple[StorageWeakRef, int]] = {}
        self.most = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                reference = StorageWeakRef(storage)
                if reference.cdata not in self.known:
                    self.held[reference.cdata] = (reference, storage.nbytes())
        self.held = {key: pair for key, pair in self.held.items() if not pair[0].expired()}
        self.most = max(self.most, sum(size for _, size in self.held.values()))
        return made


@torch.no_grad()
def seconds(model: nn.Module, x: Tensor, repeats: int = 5) -> float:
    """The shortest of several forward passes, in seconds."""
    model(x)
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        model(x)
        best = min(best, time.perf_counter() - start)
    return best


def seen(model: nn.Module) -> int | None:
    """Side of the receptive field of an output pixel, in input pixels; None where it is the whole picture."""
    side = max(receptive_field(model).size)
    return None if math.isinf(side) else int(side)


def table(models: Sequence[dict[str, Any]]) -> str:
    """The entries as lines of text, the best mean IoU first."""
    lines = [f"{'':15s}{'mIoU':>7s}{'edge F1':>9s}{'params':>9s}{'GFLOP':>8s}{'ms':>7s}{'sees':>7s}{'poles lost':>12s}"]
    for row in sorted(models, key=lambda entry: -entry["mean_iou"]):
        sees = "all" if row["receptive_field"] is None else str(row["receptive_field"])
        lines.append(
            f"{row['name']:15s}{row['mean_iou']:7.3f}{row['boundary_f1']:9.3f}{row['parameters'] / 1e6:8.2f}M"
            f"{row['operations'] / 1e9:8.2f}{1e3 * row['seconds']:7.0f}{sees:>7s}"
            f"{100 * row['failures']['poles_lost']:11.0f}%"
        )
    return "\n".join(lines)


def store(models: Sequence[dict[str, Any]], scenes: Scenes, path: Path) -> None:
    """Write the entries, a line each, and what they were measured on."""
    measured_on = {
        "count": len(scenes),
        "size": list(scenes.size),
        "seed": scenes.seed,
        "classes": list(scenes.classes),
        "tolerance": TOLERANCE,
        "other_sizes": {str(side): min(OTHER_SCENES, len(scenes)) for side in OTHER_SIZES},
    }
    with_what = {"torch": torch.__version__.split("+")[0], "cpu_threads": torch.get_num_threads()}
    records.write(path, {"scenes": measured_on, "measured_with": with_what}, "models", models)


def main(arguments: Sequence[str] | None = None) -> None:
    """Score the networks named on the command line, or all that have weights, and store the table."""
    line = argparse.ArgumentParser(prog="python -m segviz.shipped.leaderboard", description=__doc__)
    line.add_argument("names", nargs="*", metavar="NAME", help="of the networks to score (default: all shipped)")
    line.add_argument("--device", default="cpu", help="for the scores; times are the CPU's (default cpu)")
    line.add_argument("--times", action="store_true", help="only time them again: on an idle machine, all at once")
    line.add_argument("--out", type=Path, default=SCORES, help="where the scores go")
    asked = line.parse_args(arguments)
    unknown = [name for name in asked.names if name not in list_models()]
    if unknown:
        line.error(f"unknown names {unknown}; known are {', '.join(list_models())}")
    names = asked.names or [name for name in list_models() if (WEIGHTS / f"{name}.safetensors").is_file()]
    if not names:
        line.error("there are no shipped weights to score; `python -m segviz.shipped.recipes` trains them")
    scenes = held_out_scenes()
    known = {row["name"]: row for row in load(asked.out)["models"]} if asked.out.is_file() else {}
    if asked.times and not known.keys() >= set(names):
        line.error(f"--times is for what has been scored; {asked.out} lacks {sorted(set(names) - known.keys())}")
    for name in names:
        known[name] = timed_again(known[name], scenes) if asked.times else entry(name, scenes, asked.device)
        models = [known[name] for name in list_models() if name in known]
        store(models, scenes, asked.out)
        print(table([known[name]]).splitlines()[1], flush=True)
    print(table(models))


if __name__ == "__main__":
    main()
