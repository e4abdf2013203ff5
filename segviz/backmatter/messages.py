"""The error-message index: every message as it is really raised, and its mend as it really runs.

>>> entry = next(entry for entry in entries() if entry.id == "target-out-of-bounds")
>>> print(raised(entry))
IndexError: Target 255 is out of bounds.
>>> mended(entry)
'tensor(3.0445)'
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import segviz

SILENT = "silent"
_SOURCE = Path(__file__).with_suffix(".toml")
_TERMINAL_COLORS = re.compile(r"\x1b\[\d*m")


@dataclass(frozen=True)
class Entry:
    """One message: code that raises it, why, and code that mends it. `title` is the part that never changes.

    `quoted` is the message of an example that only a GPU can run, with gaps where it has numbers. `also` has other
    words for the same mistake, one a line.
    """

    id: str
    group: str
    title: str
    cause: str
    example: str
    advice: str
    mend: str
    see: str = ""
    quoted: str = ""
    also: str = ""

    @property
    def silent(self) -> bool:
        return self.group == SILENT


@cache
def _content() -> dict[str, Any]:
    return tomllib.loads(_SOURCE.read_text(encoding="utf-8"))


def groups() -> dict[str, str]:
    """The names of the groups and their headings, in the order of the page."""
    return dict(_content()["groups"])


def entries(group: str | None = None) -> list[Entry]:
    """The entries of one group, or all."""
    every = [Entry(**{key: text.strip() for key, text in fields.items()}) for fields in _content()["messages"]]
    return [entry for entry in every if group in (None, entry.group)]


def raised(entry: Entry) -> str:
    """The message that the example raises, as the last lines of a traceback have it; `quoted` where it needs a GPU
    and there is none.

    Raises RuntimeError where nothing is raised, so that the book cannot show a message that no longer comes.
    """
    if entry.quoted and not torch.cuda.is_available():
        return entry.quoted
    with _workplace() as names:
        try:
            _value(entry.example, names)
        except Exception as error:
            return _TERMINAL_COLORS.sub("", f"{type(error).__name__}: {error}").rstrip()
    raise RuntimeError(f"{entry.id}: its example raises nothing")


def shown(entry: Entry) -> str:
    """The value of the example's last line, for an entry that raises nothing."""
    with _workplace() as names:
        return repr(_value(entry.example, names))


def mended(entry: Entry) -> str:
    """The value of the mend's last line, run after the example and with its names."""
    with _workplace() as names:
        with contextlib.suppress(Exception):
            _value(entry.example, names)
        return repr(_value(entry.mend, names))


@contextlib.contextmanager
def _workplace() -> Iterator[dict[str, Any]]:
    """Fresh names, the same random numbers every time, and a folder that is thrown away."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        os.chdir(folder)
        try:
            # A class that an example defines needs a module to belong to.
            yield {"torch": torch, "nn": nn, "F": F, "io": io, "segviz": segviz, "__name__": __name__}
        finally:
            os.chdir(before)


def _value(code: str, names: dict[str, Any]) -> Any:
    """The value of the last line, None where it has none."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<example>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<example>", "eval"), names) if isinstance(last, ast.Expr) else None
