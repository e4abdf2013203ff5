"""Measure the programs of one environment: `ENVIRONMENT/bin/python -m benchmarks.elsewhere.measure FILE PROGRAM …`.

A PROGRAM is `topic/framework`. PyTorch runs beside it, in the same process.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

# Quiet and on one core, before the frameworks are imported.
os.environ.update(
    {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "3", "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
)

import numpy as np
import torch

from benchmarks.elsewhere import program
from segviz.backmatter.elsewhere import beside, data
from segviz.widgets.elsewhere import laws

torch.set_num_threads(1)

SAMPLE = 60
"""How many settings a way is tried at that has no law, or one that is tried in full elsewhere."""


def measured(name: str) -> dict[str, Any]:
    """All that is known of one program: its ways with their verdicts, laws and examples, and its recipes."""
    topic, framework = name.split("/")
    trials = importlib.import_module(f"segviz.backmatter.elsewhere.trials.{topic}")
    module = importlib.import_module(f"benchmarks.elsewhere.{topic}.{framework}")
    return {
        "topic": topic,
        "framework": framework,
        "ways": [_way(trials, module, each, name) for each in program.ways_of(module)],
        "recipes": [_recipe(trials, module, each, name) for each in program.recipes_of(module)],
    }


def _way(trials: ModuleType, module: ModuleType, each: program.Way, seed: str) -> dict[str, Any]:
    grid, draw = trials.grid(each.kind), _generator(seed, each.kind)
    if each.sampled or not each.law:
        grid = _drawn(grid, SAMPLE, draw)
    law, words, misses, why = getattr(laws, each.law) if each.law else None, [], [], ""
    for settings in grid:
        given = trials.inputs(settings, np.random.default_rng(0))  # the same in the tests, which count verdicts by law
        got = _run(module, each.function, settings, given)
        if isinstance(got, Exception):
            why = why or _first_line(got)
        output = None if isinstance(got, Exception) else got
        words.append(beside.verdict(output, trials.in_torch(each.kind, settings, given)))
        if law:
            expected = trials.by_law(law, each.kind, {**settings, **dict(each.law_settings)}, given)
            if (expected is None) != (output is None) or (
                expected is not None and not (expected.shape == output.shape and beside.close(output, expected))
            ):
                misses.append(settings)
    if misses:
        print(f"  {seed} {each.written}: {len(misses)} misses of {len(grid)}, first {misses[:3]}", file=sys.stderr)
    return {
        "written": each.written,
        "kind": each.kind,
        "settings": len(grid),
        "verdicts": beside.counted(words),
        **({"refusal": why} if why else {}),
        **({"law": {"name": each.law, **dict(each.law_settings), "misses": len(misses)}} if law else {}),
        "example": _example(trials, module, each),
    }


def _example(trials: ModuleType, module: ModuleType, each: program.Way) -> Any:
    given = trials.example_inputs(each.kind)
    got = _run(module, each.function, trials.example(each.kind), given)
    return {"refused": _first_line(got)} if isinstance(got, Exception) else data.plain(trials.row(got))


def _recipe(trials: ModuleType, module: ModuleType, each: program.Recipe, seed: str) -> dict[str, Any]:
    grid = [settings for settings in trials.grid(each.kind) if not each.within or eval(each.within, {}, settings)]
    draw, equal = _generator(seed, each.kind), 0
    chosen = _drawn(grid, program.SETTINGS, draw)
    for tried, settings in enumerate(chosen):
        given = trials.inputs(settings, draw)
        got = _run(module, each.function, settings, given)
        wanted = trials.in_torch(each.kind, settings, given)
        right = not isinstance(got, Exception) and beside.verdict(got, wanted) == beside.EQUAL
        equal += right
        if not right and equal == tried:
            print(f"  {seed} {each.function.__name__}: not equal at {settings}: {got!r:.300}", file=sys.stderr)
    return {
        "kind": each.kind,
        "within": each.within,
        "source": each.source,
        "settings": len(chosen),
        "equal": equal,
    }


def _run(module: ModuleType, function: Any, settings: dict[str, Any], given: dict[str, np.ndarray]) -> Any:
    """The output as NumPy (N, C, H, W), or the exception."""
    last = getattr(module, "LAYOUT", "NCHW") == "NHWC"
    turned = {name: np.ascontiguousarray(np.moveaxis(value, 1, -1)) if last and name == "x" else value
              for name, value in given.items()}  # fmt: skip
    to_native = getattr(module, "native", None)
    if to_native:
        turned = {name: to_native(value) for name, value in turned.items()}
    got = beside.attempt(function, settings, turned)
    if isinstance(got, Exception):
        return got
    array = np.asarray(got.detach() if isinstance(got, torch.Tensor) else got)
    return np.moveaxis(array, -1, 1) if last and array.ndim == 4 else array


def _drawn(grid: list[Any], count: int, draw: np.random.Generator) -> list[Any]:
    return [grid[index] for index in sorted(draw.permutation(len(grid))[:count])]


def _generator(*seeds: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(seeds).encode()))


def _first_line(problem: Exception) -> str:
    """The exception's type and the start of what it says."""
    words = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {words[:160]}{'…' if len(words) > 160 else ''}"


def main(target: str, *names: str) -> None:
    found = []
    for name in names:
        print(name, file=sys.stderr, flush=True)
        found.append(measured(name))
    Path(target).write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
