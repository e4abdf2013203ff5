"""Chapters as the tests read them: their cells, and what those give when run from top to bottom."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import matplotlib.pyplot as plt
import nbformat

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    return "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


def is_solution(cell: nbformat.NotebookNode) -> bool:
    return cell.id.endswith("-solution")


def lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line.strip()]


@contextmanager
def pictures_off() -> Iterator[None]:
    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    try:
        yield
    finally:
        plt.close("all")
        plt.switch_backend(backend)


class Run(NamedTuple):
    """A chapter that was run: the value of each code cell by the cell's name, and the names it leaves."""

    values: dict[str, Any]
    names: dict[str, Any]


@cache
def run(path: Path) -> Run:
    """Every code cell, from top to bottom in one namespace as a kernel would."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with pictures_off():
        return Run({cell.id: value_of(cell.source, names) for cell in code_cells(path)}, names)


def value_of(source: str, names: dict[str, Any]) -> Any:
    """Run a cell; give the value of its last expression, as a notebook shows it."""
    tree = ast.parse(source)
    shown = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(shown.value), "<cell>", "eval"), names) if shown else None


def verdict_on(path: Path, exercise: str, line: str) -> Any:
    """What an exercise's own cell says to a line that a reader writes in place of the one with the dots."""
    (cell,) = [cell for cell in code_cells(path) if cell.id == exercise]
    asked = line.split(" = ")[0]
    source = re.sub(rf"^{re.escape(asked)} = .*\.\.\..*$", line, cell.source, count=1, flags=re.M)
    return value_of(source, dict(run(path).names))


def replies(chapter: Run, cell: str) -> dict[str, str]:
    """The text of each option of a question → the reply to it."""
    return {option["text"]: option["reply"] for option in chapter.values[cell].options}
