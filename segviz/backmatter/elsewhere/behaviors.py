"""Behaviors of released libraries that are hard to guess: the code that shows each, and the same in PyTorch.

The code of `behaviors.toml` is run by `make elsewhere`; what PyTorch answers is run again whenever the book is built.
The value of the last line is what is shown.
"""

from __future__ import annotations

import ast
import tomllib
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Behavior:
    """One behavior: the environment that its code runs in, the package whose version counts, and what it means."""

    id: str
    topic: str
    environment: str
    package: str
    title: str
    code: str
    why: str
    torch: str = ""
    backend: str = ""


@cache
def entries(topic: str | None = None) -> list[Behavior]:
    """The behaviors of a topic, or all."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    every = [
        Behavior(**{key: value.strip() for key, value in each.items()}) for each in tomllib.loads(text)["behaviors"]
    ]
    return [each for each in every if topic in (None, each.topic)]


def in_torch(each: Behavior) -> str:
    """What PyTorch answers, as text; nothing where nothing is asked."""
    return answer(each.torch) if each.torch else ""


def answer(code: str) -> str:
    """The value of the last line, or the start of the error that is raised instead."""
    tree, names = ast.parse(code), {"__name__": "behavior"}
    last = tree.body.pop()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "<behavior>", "exec"), names)
            assert isinstance(last, ast.Expr), "the last line has a value"
            return str(_rounded(eval(compile(ast.Expression(last.value), "<behavior>", "eval"), names)))
    except Exception as problem:
        words = " ".join(str(problem).split())
        return f"{type(problem).__name__}: {words[:110]}{'…' if len(words) > 110 else ''}"


def _rounded(value: Any) -> Any:
    """Numbers to four digits, in lists of any depth; a float that is whole loses its point."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rounded(each) for each in value)
    if isinstance(value, float):
        if value == value and abs(value) < 1e15 and value == int(value):
            return int(value)
        return float(f"{value:.4g}")
    return value
