"""The data file: what is in it, and whether today's PyTorch still agrees with the one that it was measured beside.

>>> content = load()
>>> way = next(way for way in ways(content, "transposed") if way["written"] == 'Conv2DTranspose(padding="same")')
>>> way["framework"], way["example"]
('keras', [1, 2, 13, 20, 130, 200])
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from segviz.backmatter.elsewhere import behaviors, beside
from segviz.backmatter.elsewhere.trials import TOPICS

MEASURED = Path(__file__).with_name("measured.json")
PRINTED = 48  # of the settings of a kind, how many of PyTorch's outputs are kept, evenly spread


def load(path: Path = MEASURED) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def words() -> dict[str, Any]:
    """Names of frameworks and of kinds, and what is said of each."""
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


def trials(topic: str) -> ModuleType:
    return importlib.import_module(f"segviz.backmatter.elsewhere.trials.{topic}")


def ways(content: dict[str, Any], topic: str) -> Iterator[dict[str, Any]]:
    """The ways to write a topic's layers, each with its framework, in the order of the kinds."""
    of_topic = [program for program in content["programs"] if program["topic"] == topic]
    for kind in trials(topic).KINDS:
        for program in of_topic:
            yield from ({"framework": program["framework"], **way} for way in program["ways"] if way["kind"] == kind)


def recipes(content: dict[str, Any], topic: str) -> Iterator[dict[str, Any]]:
    """The recipes of a topic, each with its framework."""
    for program in content["programs"]:
        if program["topic"] == topic:
            yield from ({"framework": program["framework"], **recipe} for recipe in program["recipes"])


def names_at(behavior: str, positions: list[float]) -> list[str]:
    """Which names of a behavior that answers `{name: position}` were measured to read each of these positions.

    >>> names_at("onnx-modes", [6 / 7, 0.75, 1.0])
    ['align_corners', 'half_pixel, pytorch_half_pixel', 'asymmetric']
    """
    answers = ast.literal_eval(load()["behaviors"][behavior]["answer"])
    return [", ".join(name for name, at in answers.items() if abs(at - place) < 1e-3) for place in positions]


# --- PyTorch's side ----------------------------------------------------------------------------------


def pytorch_side() -> dict[str, Any]:
    """What PyTorch makes of every kind of layer: the example, and a few numbers of outputs over the whole grid."""
    return {topic: {kind: _side(trials(topic), kind) for kind in trials(topic).KINDS} for topic in TOPICS}


def _side(trial: ModuleType, kind: str) -> dict[str, Any]:
    example = trial.row(trial.in_torch(kind, trial.example(kind), trial.example_inputs(kind)))
    grid = trial.grid(kind)
    spread = grid[:: max(1, len(grid) // PRINTED)]
    return {"example": plain(example), "outputs": [_print(trial, kind, settings) for settings in spread]}


def _print(trial: ModuleType, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    output = trial.in_torch(kind, settings, trial.inputs(settings, np.random.default_rng(0)))
    weights = np.cos(np.arange(output.size))  # a sum that notices a shift
    return {**settings, "shape": list(output.shape), "sum": round(float(weights @ output.ravel().astype(float)), 2)}


def plain(value: Any) -> Any:
    """Numbers as JSON holds them: whole ones whole, others to six digits, and words for what is no number."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, float):
        if not np.isfinite(value):
            return str(value)
        return int(value) if value == int(value) and abs(value) < 1e15 else float(f"{value:.6g}")
    return value


# --- What must hold ----------------------------------------------------------------------------------


def seal(content: dict[str, Any]) -> str:
    """A fingerprint of all that was measured: a file that somebody has edited does not bear its own."""
    rest = {name: value for name, value in content.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def problems(content: dict[str, Any]) -> list[str]:
    """Where the file disagrees with itself or with today's PyTorch, in words; nothing if it does not."""
    found = [] if content.get("seal") == seal(content) else ["measured.json was edited: make elsewhere writes it"]
    for topic, kinds in pytorch_side().items():
        for kind, now in kinds.items():
            stored = content["pytorch"][topic][kind]
            if not _alike(stored["example"], now["example"]):
                found.append(f"{topic}, {kind}, the example: stored {stored['example']}, now {now['example']}")
            if len(stored["outputs"]) != len(now["outputs"]):
                found.append(f"{topic}, {kind}: {len(stored['outputs'])} outputs stored, now {len(now['outputs'])}")
            pairs = zip(stored["outputs"], now["outputs"], strict=False)
            found += [f"{topic}, {kind}: stored {old}, now {new}" for old, new in pairs if not _same_print(old, new)]
    for each in behaviors.entries():
        stored, now = content["behaviors"].get(each.id, {}).get("torch"), behaviors.in_torch(each)
        if stored != now:
            found.append(f"{each.id}: stored {stored}, now {now}")
    for program in content["programs"]:
        for recipe in program["recipes"]:
            if recipe["equal"] != recipe["settings"]:
                found.append(f"{program['topic']} in {program['framework']}: a recipe is not equal everywhere")
    return found


def check(content: dict[str, Any]) -> None:
    """Raise RuntimeError, with all that disagrees, unless nothing does; the book's build calls it."""
    if found := problems(content):
        raise RuntimeError("The page Elsewhere does not hold with this PyTorch:\n  " + "\n  ".join(found))


def _alike(stored: Any, now: Any) -> bool:
    some, other = np.array(stored, float), np.array(now, float)
    return some.shape == other.shape and beside.close(some, other)


def _same_print(old: dict[str, Any], new: dict[str, Any]) -> bool:
    rest = [{name: value for name, value in each.items() if name != "sum"} for each in (old, new)]
    return rest[0] == rest[1] and abs(old["sum"] - new["sum"]) <= 0.02 + 1e-4 * abs(new["sum"])
