"""Build the book from nothing in a copy of this tree: for its time, and to see that two builds are one book.

    python book/fresh.py

builds it twice and compares what a reader sees: the text of every page, its widgets' states and its pictures, dot by
dot. The environment of this checkout is used as it is.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import zip_longest
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {".png", ".webp", ".gif", ".jpg"}
READ_BY_A_BROWSER = {".js", ".css", ".svg", ".woff", ".woff2", ".ttf", ".ico"}


def copy_of_the_tree(folder: Path) -> Path:
    """A copy of what git knows or would add, which borrows this checkout's environment."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def build(tree: Path) -> float:
    """Build the book there; gives the seconds by the clock.

    Raises `subprocess.CalledProcessError`, with what was said, where the build fails.
    """
    environment = {**os.environ, "PYTHONPATH": str(tree)}  # the copy's package, not this checkout's
    start = time.perf_counter()
    # --assume-old: the environment is borrowed, and must not be made again for the copy.
    command = ["make", "book", "--assume-old=.venv/.segviz-ready"]
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    ran = subprocess.run(command, cwd=tree, env=environment, **said)
    if ran.returncode:
        raise subprocess.CalledProcessError(ran.returncode, command, ran.stdout)
    return time.perf_counter() - start


class Seen(HTMLParser):
    """What a page shows and what its widgets are given, piece by piece, without attributes that only name things.

    A cell that has the tag `clock` measures time: its numbers may differ, and only they.
    """

    SHOWN = ("src", "href", "alt", "title", "aria-label", "d", "points", "style", "class")

    def __init__(self, text: str):
        super().__init__()
        self.pieces: list[str] = []
        self.clocked = 0  # how many open divisions lie within a cell that measures time, itself included
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "div" and (self.clocked or "tag_clock" in (dict(attributes).get("class") or "")):
            self.clocked += 1
        shown = [f"{name}={value}" for name, value in attributes if name in self.SHOWN]
        self.pieces.append(f"<{tag} {' '.join(shown)}>")

    def handle_data(self, data):
        if words := data.strip():
            words = re.sub(r"\s+", " ", words)
            self.pieces.append(re.sub(r"\d[\d.]*", "number", words) if self.clocked else words)

    def handle_endtag(self, tag):
        if tag == "div" and self.clocked:
            self.clocked -= 1


def differences(one: Path, other: Path) -> Iterator[str]:
    """What a reader could tell two built books apart by, in words; nothing where they are one book."""
    names = [{path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} for site in (one, other)]
    yield from (f"{name}: in one of the builds only" for name in sorted(names[0] ^ names[1]))
    for name in sorted(names[0] & names[1]):
        first, second = one / name, other / name
        if first.read_bytes() == second.read_bytes():
            continue
        if first.suffix == ".html":
            yield from (f"{name}: {words}" for words in parted(first.read_text("utf-8"), second.read_text("utf-8")))
        elif first.suffix in PICTURES and not same_dots(first, second):
            yield f"{name}: other dots"
        elif first.suffix in READ_BY_A_BROWSER:
            yield f"{name}: other bytes"


def parted(one: str, other: str) -> Iterator[str]:
    """The first piece in which two pages part."""
    pieces = [Seen(text).pieces for text in (one, other)]
    for a, b in zip_longest(*pieces, fillvalue="nothing more"):
        if a != b:
            yield f"{a[:300]!r} in one, {b[:300]!r} in the other"
            return


def same_dots(first: Path, second: Path) -> bool:
    with Image.open(first) as one, Image.open(second) as other:
        if one.size != other.size:
            return False
        return ImageChops.difference(one.convert("RGBA"), other.convert("RGBA")).getbbox(alpha_only=False) is None


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="segviz-") as folder:
        trees = [copy_of_the_tree(Path(folder, name)) for name in ("one", "other")]  # both before either is built
        for tree in trees:
            print(f"built in {build(tree):.0f} s", flush=True)
        found = list(differences(*(tree / "_build" / "html" for tree in trees)))
    if found:
        sys.exit("\n".join(found))
    print("the two builds are one book")


if __name__ == "__main__":
    main()
