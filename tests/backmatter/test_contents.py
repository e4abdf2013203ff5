"""The first page names every chapter under its part."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
INDEX = (ROOT / "index.md").read_text(encoding="utf-8")
SECTION = INDEX.partition("## What there is to read")[2].partition("\n## ")[0]
PARTS = {
    part["caption"]: [entry["file"] for entry in part["chapters"]]
    for part in yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    if any(entry["file"].startswith("chapters/") for entry in part["chapters"])
}


def title(chapter):
    cells = json.loads((ROOT / f"{chapter}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize("part", PARTS)
def test_the_chapters_of_a_part_are_linked_in_order_by_their_titles(part):
    lines = SECTION.partition(f"**{part}**")[2].partition("\n**")[0]
    expected = [(title(chapter), f"{chapter}.ipynb") for chapter in PARTS[part]]
    assert re.findall(r"^- \[(.+?)\]\((.+?)\):", lines, flags=re.M) == expected


def test_nothing_is_said_of_chapters_to_come():
    assert len(re.findall(r"^- \[", SECTION, flags=re.M)) == sum(map(len, PARTS.values()))
    assert "to come" not in SECTION


def test_the_time_a_chapter_takes_is_what_the_chapters_say():
    notebooks = [(ROOT / f"{chapter}.ipynb").read_text(encoding="utf-8") for part in PARTS.values() for chapter in part]
    minutes = [int(re.search(r"about (\d+) minutes", text)[1]) for text in notebooks]
    page = (ROOT / "book" / "how-to-use.md").read_text(encoding="utf-8")
    assert f"A chapter takes {min(minutes)} to {max(minutes)} minutes" in page
