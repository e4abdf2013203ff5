"""The engine that computes networks in the page: its files in the book, and the pages that know of them.

A page loads none of these files by itself. The widgets' script is told where they lie (`data-engine` on its tag), and
asks for them when the reader does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = "engine"
KEPT, SIZES = ".engine", "sizes.json"  # a folder beside the pages, and a file in it
EXPLORER = 'data-segviz="activations"'  # the widget that computes
PACKAGE = Path(__file__).parents[1]
# What the networks' files are made of, and what the scenes'.
SOURCES = ("activations.py", "backbones", "data", "fields", "layers.py", "models", "shipped", "weights", "widgets")


def attributes(body: str) -> dict[str, Any]:
    """What the tag of the widgets' script says on a page: where the engine lies, and the networks there are."""
    if EXPLORER not in body:
        return {}
    from segviz.models import list_models

    return {"data-engine": f"{FOLDER}/", "data-networks": " ".join(list_models())}


def write_engine(app: Sphinx, problem: Exception | None) -> None:
    """Put the engine's files into a book that has a page which computes; they are kept between builds."""
    out = Path(app.outdir)
    if problem or app.builder.format != "html" or not _is_used(out):
        return
    sizes, target = kept_networks(out.parent), out / "_static" / FOLDER
    shutil.copytree(out.parent / KEPT, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SIZES))
    write_script(target, sizes)


def kept_networks(beside: Path) -> dict[str, int]:
    """The sizes of the networks' files, kept between builds beside the pages; what is not up to date is written."""
    from segviz.checkpoints import replacing

    folder, made_of = beside / KEPT, _digest()
    if (folder / SIZES).is_file():
        known: dict[str, Any] = json.loads((folder / SIZES).read_text(encoding="utf-8"))
        if known["made of"] == made_of:
            return dict(known["bytes"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sizes = write_networks(folder)
    with replacing(folder / SIZES) as file:
        file.write(json.dumps({"made of": made_of, "bytes": sizes}).encode())
    return sizes


def write_networks(folder: Path, names: Iterable[str] | None = None) -> dict[str, int]:
    """Write the files of networks (all, if None) and of the scenes into a folder; gives the size of each network's."""
    from segviz.models import list_models
    from segviz.widgets.activations.abouts import about, scenes
    from segviz.widgets.engine import files
    from segviz.widgets.engine.packing import shipped_file

    sizes: dict[str, int] = {}
    scripts: dict[str, Any] = {f"scene.{index}": scene for index, scene in scenes().items()}
    for name in list_models() if names is None else names:
        file = shipped_file(name)
        sizes[name] = len(file)
        scripts |= {f"{name}.about": about(name), **files.pieces_of(name, file)}
    for name, value in scripts.items():
        (folder / f"{name}.js").write_text(files.handing(name, value), encoding="utf-8")
    return sizes


def write_script(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write the engine, which knows the networks of these sizes, into a folder."""
    from segviz.widgets.engine import files

    (folder / files.SCRIPT).write_text(files.engine_script(sizes), encoding="utf-8")


def _is_used(out: Path) -> bool:
    return any(f'data-engine="{FOLDER}/"' in page.read_text(encoding="utf-8") for page in out.rglob("*.html"))


def _digest() -> str:
    """A fingerprint of all that the files of networks and scenes are made of, but for what the browser reads."""
    digest = hashlib.sha256()
    for source in SOURCES:
        place = PACKAGE / source
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".safetensors", ".toml"):
                digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def setup(app: Sphinx) -> None:
    app.connect("build-finished", write_engine)
