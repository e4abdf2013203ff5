"""Every sweeping sentence of the book, and every one about others, has its proof or its source in claims.toml."""

import ast
import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from pybtex.database import parse_file
from sentences import CHAPTERS, OF_OTHERS, ROOT, SWEEPING, claims

KNOWN = tomllib.loads(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))
LINES = [(page, start, proof) for page, lines in KNOWN.items() for start, proof in lines.items()]
NO_CLAIM = {"a definition", "an instruction", "the task", "the setup", "the figure's legend"}


def line_of(page, sentence):
    return [start for where in ("everywhere", page) for start in KNOWN.get(where, {}) if sentence.startswith(start)]


def test_a_sweeping_sentence_has_its_line():
    missing = [(page, each) for page, each in claims() if len(line_of(page, each)) != 1]
    assert missing == [], "give each one line in claims.toml: a proof, a source, or say that it claims nothing"


def test_a_line_has_its_sentence():
    used = Counter((page, start) for page, each in claims() for start in line_of(page, each))
    stale = [(page, start) for page, start, _ in LINES if page != "everywhere" and not used[page, start]]
    assert stale == []
    assert all(sum(used[page, start] for page in {p for p, _ in used}) for start in KNOWN["everywhere"])


@pytest.mark.parametrize(("page", "start", "proof"), LINES, ids=lambda value: str(value)[:24])
def test_a_proof_exists_and_is_run_and_a_source_has_its_place(page, start, proof):
    kind, _, what = proof.partition(" ")
    if kind == "cell":
        assert what in code_cells(page.removeprefix("questions of "))
    elif kind == "test":
        file, _, name = what.partition("::")
        assert name in functions(file)
    elif kind == "entry":
        assert what in entries()
    elif kind == "source":
        key, _, place = what.partition(": ")
        assert key in works() and place
    elif kind == "see":
        assert len(what.split()) >= 3
    else:
        assert kind == "means" and what in NO_CLAIM


@pytest.mark.parametrize(
    "sentence",
    [
        "No network ever needs it, and it always fails.",
        "Many texts say so.",
        "Only one is left.",
        "Nobody knows.",
        "Most of them are zero.",
        "It takes what most of them say.",
        "Luo† found it.",
        "TensorFlow does it.",
        "It is so since 1.3.0.",
    ],
)
def test_a_sentence_of_this_kind_is_noticed(sentence):
    assert SWEEPING.search(sentence) or OF_OTHERS.search(sentence)


@pytest.mark.parametrize("sentence", ["It holds at most nine.", "An input paints outputs.", "Sizes are pixels."])
def test_a_plain_sentence_needs_no_line(sentence):
    assert not SWEEPING.search(sentence) and not OF_OTHERS.search(sentence)


@cache
def code_cells(chapter):
    (path,) = [path for path in CHAPTERS if path.stem == chapter]
    return {cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"}


@cache
def functions(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and re.match("test_", node.name)}


@cache
def entries():
    text = (ROOT / "segviz" / "backmatter" / "messages.toml").read_text(encoding="utf-8")
    return {entry["id"] for entry in tomllib.loads(text)["messages"]}


@cache
def works():
    return set(parse_file(str(ROOT / "book" / "references.bib")).entries)
