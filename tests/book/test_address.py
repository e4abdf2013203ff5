"""The book's public address stands in one place, and one command changes it everywhere."""

import json
import shutil

import pytest
import yaml

from book.address import ROOT, address, change_address, files_with_text, owner_and_name, rewritten, spellings

ADDRESS = address()
OWNER, NAME = owner_and_name(ADDRESS)
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


def test_every_spelling_is_rewritten():
    old, new = "https://github.com/old/name", "https://github.com/new/title"
    text = " ".join(spellings(old)) + " git+https://github.com/old/name.git@main"
    assert rewritten(text, old, new) == " ".join(spellings(new)) + " git+https://github.com/new/title.git@main"


def test_a_longer_name_is_another_address():
    text = "https://github.com/old/name-of-another https://github.com/old/names"
    assert rewritten(text, "https://github.com/old/name", "https://github.com/new/title") == text


@pytest.mark.parametrize(
    "url", ["", "github.com/a/b", "https://gitlab.com/a/b", "https://github.com/a", "https://github.com/a/b/c"]
)
def test_an_address_of_another_form_is_refused(url):
    with pytest.raises(ValueError, match=r"expected https://github\.com/OWNER/NAME"):
        owner_and_name(url)


def test_configuration_citation_and_readme_name_the_address():
    assert yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"] == ADDRESS
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["repository-code"] == ADDRESS
    assert f"git+{ADDRESS}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_installs_from_the_address_and_is_opened_from_it(path):
    code = "".join(
        "".join(cell["source"]) for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"
    )
    assert f"git+{ADDRESS}" in code
    assert (
        f"colab.research.google.com/github/{OWNER}/{NAME}/blob/main/chapters/{path.name}"
        in (ROOT / "README.md").read_text()
    )


def test_one_command_changes_it_everywhere(tmp_path):
    for path in files_with_text(ROOT):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    changed = {
        path.relative_to(tmp_path).as_posix() for path in change_address("https://github.com/else/where", tmp_path)
    }
    assert {"pyproject.toml", "_config.yml", "README.md", "CITATION.cff", "CONTRIBUTING.md"} <= changed
    assert {f"chapters/{path.name}" for path in CHAPTERS} <= changed
    assert address(tmp_path) == "https://github.com/else/where"
    texts = [path.read_text(encoding="utf-8") for path in files_with_text(tmp_path)]
    assert not [
        spelling
        for spelling in spellings(ADDRESS)
        for text in texts
        if spelling + "/" in text or spelling + '"' in text
    ]
