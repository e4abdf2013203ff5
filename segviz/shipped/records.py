"""Scores as they are kept: what they were measured on, then an entry a line, so that a change shows in one line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from segviz.checkpoints import replacing


def read(path: Path, command: str) -> dict[str, Any]:
    """The scores at `path`. Raises FileNotFoundError, saying which `command` makes them, where there are none."""
    if not path.is_file():
        raise FileNotFoundError(f"no scores at {path}; `{command}` makes them")
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, about: dict[str, Any], name: str, entries: Iterable[dict[str, Any]]) -> None:
    """Write what `about` says, a line each, and under `name` the entries."""
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items())
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    with replacing(path) as file:
        file.write(f"{{\n{head}{json.dumps(name)}: [\n{lines}\n]\n}}\n".encode())
