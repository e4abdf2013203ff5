"""The worked example of CONTRIBUTING.md works: typed in as it stands, it makes a widget that passes every test."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [pytest.mark.slow, pytest.mark.browser]

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"^## A worked example.*?(?=^## )", GUIDE, re.M | re.S)[0]
STEPS = re.split(r"^\*\*\d\. ", EXAMPLE, flags=re.M)
FILES = dict(re.findall(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", EXAMPLE, re.M | re.S))

OWN_TEST = "tests/browser/test_pooling.py"


def blocks(step: int, language: str) -> list[str]:
    """The step's blocks that are no files."""
    without_files = re.sub(r"^`[\w/.]+`\n\n```\w+\n.*?^```$", "", STEPS[step], flags=re.M | re.S)
    return re.findall(rf"^```{language}\n(.*?)^```$", without_files, re.M | re.S)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the repository in which the example was typed in."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("segviz", "tests", "chapters", "book"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "_toc.yml", "_config.yml"):
        shutil.copy(ROOT / name, folder)
    for name, text in FILES.items():
        path = folder / name
        assert not path.exists(), f"{name} is in the repository already: the example needs another subject"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    table = folder / "segviz" / "widgets" / "__init__.py"
    (line,) = blocks(5, "python")
    table.write_text(table.read_text(encoding="utf-8").replace("_HOME = {\n", f"_HOME = {{\n{line}"), encoding="utf-8")
    return folder


@pytest.fixture
def environment(copy):
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**ours, "PYTHONPATH": str(copy), "SEGVIZ_NEEDS_BROWSER": "1", "OMP_NUM_THREADS": "1"}


def passed(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """How many tests passed; none may fail or be skipped."""
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    said = re.search(r"^(\d+) passed(?:, \d+ deselected)? in ", ran.stdout, re.M)
    assert ran.returncode == 0 and said, ran.stdout[-4000:] + ran.stderr[-2000:]
    return int(said[1])


def test_the_example_has_the_parts_that_the_tests_run():
    assert [Path(name).name for name in FILES] == [
        "__init__.py", "geometry.js", "widget.js", "widget.css", "test_pooling.py", "pooling.toml",
    ]  # fmt: skip
    assert len(blocks(7, "python")) >= 3


def test_the_new_widget_passes_the_tests_of_every_widget_and_its_own(copy, environment):
    (command,) = blocks(5, "bash")
    _, *words = shlex.split(command)
    assert passed([sys.executable, *words, OWN_TEST], copy, environment) > 20


def test_its_own_test_sees_a_broken_widget(copy, environment):
    geometry = copy / "segviz/widgets/pooling/geometry.js"
    whole = geometry.read_text(encoding="utf-8")
    assert "output * stride + tap" in whole
    geometry.write_text(whole.replace("output * stride + tap", "output + tap"), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", OWN_TEST]
        ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    finally:
        geometry.write_text(whole, encoding="utf-8")
    assert ran.returncode == 1 and "1 failed" in ran.stdout


def test_the_cells_run_and_show_the_question_and_the_figure(copy, environment):
    cells = [nbformat.v4.new_code_cell(source) for source in blocks(7, "python")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(copy / "chapters")}})
    client.execute(env={**environment, "SEGVIZ_BOOK": "1"})
    shown = [output.data["text/html"] for cell in notebook.cells for output in cell.outputs]
    assert [re.search(r'data-segviz="(\w+)"', text)[1] for text in shown] == ["question", "pooling"]


def test_what_was_typed_in_is_in_the_house_style(copy):
    python = [str(copy / name) for name in FILES if name.endswith(".py")]
    for command in (["check"], ["format", "--check"]):
        settings = ["--config", str(ROOT / "pyproject.toml")]
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *settings, *python], capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout
