"""Every chapter, unchanged, under Colab's pins: its widget stack, and a stand-in for `google.colab` in the kernel."""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from segviz.widgets.host import VIEW

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
DAILY = "transposed-convolution"
PINS = ROOT / "tests" / "colab-pins.txt"

# These stay as the environment has them: large, or without a say in how a chapter runs.
NOT_LAID_OVER = {"torch", "torchvision", "scikit-image", "safetensors"}

# Runs in the kernel before the first cell. `%pip` writes down what it was asked for and installs nothing.
STAND_IN = """
import sys
import types

google, colab, output = (types.ModuleType(name) for name in ("google", "google.colab", "google.colab.output"))
google.__path__, google.colab, colab.output = [], colab, output
colab.asked_pip_for, colab.enabled = [], 0


def enable_custom_widget_manager():
    colab.enabled += 1


output.enable_custom_widget_manager = enable_custom_widget_manager
output._widgets = types.SimpleNamespace(_installed_url="https://colab.test/manager")
sys.modules.update({module.__name__: module for module in (google, colab, output)})
get_ipython().register_magic_function(colab.asked_pip_for.append, "line", "pip")
"""

# After the chapter's own cells: a widget of ours, told something from Python, and what the kernel holds.
LIVE = """
from segviz.widgets import ConvolutionExplorer
explorer = ConvolutionExplorer()
explorer.stride = 3
assert explorer.get_state("stride") == {"stride": 3}
explorer
"""

ASK = """
import json, sys
import anywidget, IPython, ipykernel, ipywidgets, matplotlib, numpy
colab = sys.modules["google.colab"]
versions = {m.__name__.lower(): m.__version__ for m in (anywidget, IPython, ipykernel, ipywidgets, matplotlib, numpy)}
print(json.dumps({"pip": colab.asked_pip_for, "enabled": colab.enabled, "versions": versions}))
"""


def pins() -> dict[str, str]:
    """Colab's packages: name -> version."""
    lines = [line for line in PINS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_colab_meets_the_requirement_as_it_is(requirement):
    held = pins()[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(held), f"pip would replace Colab's {requirement.name} {held}"


@pytest.fixture(scope="session")
def overlay() -> Path:
    """A folder of Colab's packages, kept in .venv-colab, to be laid over the environment's own."""
    laid_over = [f"{name}=={version}" for name, version in pins().items() if name not in NOT_LAID_OVER]
    digest = hashlib.sha256("\n".join([sys.version, *laid_over]).encode()).hexdigest()[:12]
    folder = ROOT / ".venv-colab" / digest
    if not folder.exists():
        making = folder.with_name(f"{digest}-{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(making)]
        subprocess.run([*pip, *laid_over], check=True)
        try:
            making.rename(folder)
        except OSError:  # another test process was faster
            assert folder.exists()
    return folder


@pytest.fixture
def run_on_colab(overlay, tmp_path, monkeypatch):
    """Run a notebook as Colab would; gives it back with its outputs and those of `LIVE`, and what `ASK` says."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-colab.py").write_text(STAND_IN, encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SEGVIZ_BOOK"},
        "PYTHONPATH": os.pathsep.join([str(overlay), str(ROOT)]),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "OMP_NUM_THREADS": "1",
    }

    def run(notebook: nbformat.NotebookNode, folder: Path) -> tuple[nbformat.NotebookNode, dict]:
        notebook.cells += [nbformat.v4.new_code_cell(source) for source in (LIVE, ASK)]
        client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
        client.execute(env=environment)
        return notebook, json.loads(notebook.cells[-1].outputs[-1].text)

    return run


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def live_views(cells) -> int:
    return sum(VIEW in output.get("data", {}) for output in outputs(cells))


@pytest.mark.parametrize(
    "chapter",
    # One chapter every time; all of them weekly, since each costs as much as its page in the book.
    [
        pytest.param(path, marks=pytest.mark.slow if path.stem == DAILY else pytest.mark.long, id=path.stem)
        for path in CHAPTERS
    ],
)
def test_the_chapter_runs_unchanged(run_on_colab, chapter):
    notebook, said = run_on_colab(nbformat.read(chapter, as_version=4), chapter.parent)
    assert [output for output in outputs(notebook.cells) if output.output_type == "error"] == []
    assert [output.text for output in outputs(notebook.cells) if output.get("name") == "stderr"] == []
    assert len(said["pip"]) == 1
    package = said["pip"][0].removeprefix("install -q ")
    assert package.endswith("/segviz"), "the setup cell installs segviz and nothing else"
    assert {name: pins()[name] for name in said["versions"]} == said["versions"]
    assert said["enabled"] == 1, "anywidget turns the custom widget manager on, once"
    ours = notebook.cells[-2].outputs[0]  # the live form; the still one is beneath
    assert ours.metadata[VIEW]["colab"]["custom_widget_manager"]["url"]
    if "segviz.widgets" in "".join(cell.source for cell in notebook.cells[:-2]):
        assert live_views(notebook.cells[:-2]) > 0
