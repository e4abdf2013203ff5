"""The book's sentences, and which of them claim what no cell beside them computes.

A claim is a sentence that speaks of all or of most cases (always, never, only, nobody, often, …), that cites a work, or
that says what others do: papers, releases, other libraries. Questions to the reader claim nothing.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
PAGES = [ROOT / "index.md", *sorted((ROOT / "book").glob("*.md"))]

SWEEPING = re.compile(
    r"\b(always|never|only|nobody|everybody|everyone|no other|nothing else|mostly|often|usual|usually|seldom"
    r"|(?<!\bat )most(?! one)|(?:many|several|some|few) (?:texts|ports|tutorials|people|readers|surveys|published))\b",
    re.I,
)
OF_OTHERS = re.compile(
    r"†|\b(TensorFlow|ONNX|Caffe|OpenCV|Pillow|Keras|NumPy|version \d\S*|since \d\S*|until \d\S*|authors?|coauthors"
    r"|the paper(?:'s)?|papers?(?:')?)\b",
    re.I,
)


def sentences() -> Iterator[tuple[str, str]]:
    """Every sentence with the name of its page: a chapter, `questions of` one, the glossary, an entry of the index."""
    for path in CHAPTERS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield from ((path.stem, each) for each in _split("".join(cell["source"]).split("## References")[0]))
            caption = cell["metadata"].get("mystnb", {}).get("figure", {}).get("caption", "")
            yield from ((path.stem, each) for each in _split(caption))
    for path in sorted((ROOT / "segviz" / "lessons" / "questions").glob("*.toml")):
        for asked in tomllib.loads(path.read_text(encoding="utf-8")).values():
            for text in (asked["question"], *(option["reply"] for option in asked["options"])):
                yield from ((f"questions of {path.stem}", each) for each in _split(text))
    index = tomllib.loads((ROOT / "segviz" / "backmatter" / "messages.toml").read_text(encoding="utf-8"))
    for entry in index["messages"]:
        for text in (entry["cause"], entry["advice"]):
            yield from (("messages", each) for each in _split(text))
    for row in tomllib.loads((ROOT / "segviz" / "backmatter" / "ledger.toml").read_text(encoding="utf-8"))["rows"]:
        for text in (row["claim"], row.get("why", "")):
            yield from (("rows of the ledger", each) for each in _split(text))
    for path in PAGES:
        text = path.read_text(encoding="utf-8").replace("```{glossary}", "")
        yield from ((path.stem, each) for each in _split(text))


def claims() -> list[tuple[str, str]]:
    """The sentences that need a proof or a source, each once."""
    found = [(page, each) for page, each in sentences() if not each.endswith("?")]
    return list(dict.fromkeys(each for each in found if SWEEPING.search(each[1]) or OF_OTHERS.search(each[1])))


def _split(text: str) -> Iterator[str]:
    """Sentences without their markup; a cited work is marked †."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$(?: \([\w-]+\))?|^#[^\n]*|^\|[^\n]*", " ", text, flags=re.S | re.M)
    text = re.sub(r"\]\([^)]*references\.md#[^)]*\)", "†]", text)
    text = re.sub(r"\{\w+\}`([^`<]*?)(?: <[^`]*>)?`", r"\1", re.sub(r"\]\([^)]*\)", "]", text))
    text = re.sub(r"<[^>]+>|[\[\]]", "", text)
    for part in re.split(r"\n\s*\n|\n(?=- |\d\. |: )|\n(?=  \S)", text):
        line = re.sub(r"^(- |\d\. |: )", "", " ".join(part.split()))
        yield from (each for each in re.split(r"(?<=[.?!:])\s+(?=[A-Z*`“\"{(])", line) if each)
