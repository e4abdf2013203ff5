"""The picture of the house in CONTRIBUTING is the house: each room has its floor, and imports from floors below."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import segviz

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "segviz"
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PICTURE = re.search(r"^```\nsegviz/\n(.*?)^```$", GUIDE, re.M | re.S)[1]

# From the top floor down; what follows two spaces is an explanation.
FLOORS = [re.split(r" {2,}", line.strip())[0].split(" · ") for line in PICTURE.splitlines()]
FLOOR_OF = {room: -floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def rooms() -> set[str]:
    """Every loose file and every folder that holds Python."""
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    return loose | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def sources() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem != "__init__"]


def imported_modules(source: str, package: tuple[str, ...]) -> Iterator[str]:
    """The dotted names that a file of that package imports or reads off `segviz`, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "segviz":
            yield f"segviz.{node.attr}"


def imported_rooms(source: str, package: tuple[str, ...]) -> set[str]:
    names = {name.split(".")[1] for name in imported_modules(source, package) if name.startswith("segviz.")}
    return {segviz._HOME.get(name, name) for name in names if not name.startswith("__")}


def test_every_room_stands_in_the_picture_once():
    assert sorted(room for floor in FLOORS for room in floor) == sorted(rooms())


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_file_imports_from_floors_below_its_own(path):
    relative = path.relative_to(ROOT)
    own = relative.with_suffix("").parts[1]
    imported = imported_rooms(path.read_text(encoding="utf-8"), relative.parts[:-1])
    upward = {room for room in imported - {own} if FLOOR_OF[room] >= FLOOR_OF[own]}
    assert not upward, f"{own} may import only from the floors below it"


def test_few_loose_files_stand_at_the_door():
    assert len(list(PACKAGE.glob("*.py"))) - 1 <= 10


def test_late_and_relative_imports_and_plain_uses_are_seen():
    source = """
        import segviz
        def late():
            from segviz.widgets import host
            from ..plots import paper
            from . import base
            return segviz.capture
    """
    assert imported_rooms(dedent(source), ("segviz", "models")) == {"widgets", "plots", "models", "activations"}
