"""What a newcomer relies on: contents, pins, examples and notebooks are what they say."""

import doctest
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import segviz

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


def contents() -> list[str]:
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    return [chapter["file"] for part in parts for chapter in part["chapters"]]


def pins() -> dict[str, str]:
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    return dict(line.split("==") for line in lines if line)


def test_contents_name_only_what_exists():
    for name in contents():
        assert any((ROOT / f"{name}{suffix}").exists() for suffix in (".md", ".ipynb")), name


def test_every_chapter_is_in_the_contents_once():
    listed = [name for name in contents() if name.startswith("chapters/")]
    assert sorted(listed) == [f"chapters/{path.stem}" for path in CHAPTERS]


def test_every_requirement_is_pinned_within_the_package_bounds():
    pinned = {name.lower(): version for name, version in pins().items()}
    assert all(re.fullmatch(r"[\d.]+(?:\.?post\d+)?", version) for version in pinned.values())
    loose = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["distributed"]]
    for requirement in map(Requirement, loose):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement


def test_the_package_has_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert segviz.__version__ == PROJECT["version"] == citation["version"]


def test_the_changelog_says_what_is_new_in_this_version_and_since():
    headings = re.findall(r"^## \[(.+?)\](?: - (.+))?$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    (unreleased, _), (newest, day), *_ = headings
    assert (unreleased, newest) == ("Unreleased", PROJECT["version"])
    assert day == str(yaml.safe_load((ROOT / "CITATION.cff").read_text())["date-released"])


@pytest.mark.parametrize("name", ["README.md", "index.md", "book/api-figures.md", "book/api-engine.md"])
def test_examples_on_the_pages_hold(name):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), flags=re.DOTALL)
    examples = [block for block in blocks if ">>>" in block]
    assert examples
    for block in examples:
        test = doctest.DocTestParser().get_doctest(block, {}, name, name, 0)
        assert doctest.DocTestRunner().run(test).failed == 0


def test_links_between_the_repository_pages_resolve():
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
class TestChapterFile:
    def test_holds_no_output(self, path):
        for cell in json.loads(path.read_text())["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None

    def test_has_stable_and_distinct_cell_ids(self, path):
        ids = [cell.get("id") for cell in json.loads(path.read_text())["cells"]]
        assert None not in ids
        assert len(set(ids)) == len(ids)

    def test_names_the_plain_python_kernel(self, path):
        assert json.loads(path.read_text())["metadata"]["kernelspec"]["name"] == "python3"
