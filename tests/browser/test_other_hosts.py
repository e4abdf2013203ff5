"""Figures in hosts that bring packages of their own: Notebook 6 with Colab's widgets, Voilà, marimo.

The packages of each go into a folder that is laid over the environment (.venv-hosts), so this takes minutes:
python -m pytest tests/browser/test_other_hosts.py -m long
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from test_colab import pins
from test_jupyter import ROOT, await_answer, eventually, free_port

pytestmark = pytest.mark.long

EXPLORER = "from segviz.widgets import ConvolutionExplorer, Question\nexplorer = ConvolutionExplorer(stride=2)\n"
QUESTION = (
    "options = [{'text': t, 'reply': f'So you say {t}.'} for t in ('yes', 'no')]\n"
    "Question(question='Is it linear?', options=options)"
)
SIZES = "nodes => nodes.map((node) => parseFloat(getComputedStyle(node).fontSize))"
LABEL = (
    "from ipywidgets import Label\n"
    "told = Label()\n"
    "explorer.observe(lambda change: setattr(told, 'value', f'Python knows {change.new}'), 'stride')\n"
    "told"
)


@dataclass(frozen=True)
class Host:
    """A host: its packages, a notebook's cells, how it is started on a port, and what a reader does first."""

    packages: tuple[str, ...]
    cells: tuple[str, ...]
    command: Callable[[int], list[str]]
    address: str
    answers_at: str
    begin: Callable = lambda page: None


def run_all(page) -> None:
    page.locator(".kernel_idle_icon").wait_for(timeout=120_000)
    page.evaluate("Jupyter.notebook.execute_all_cells()")


HOSTS = {
    "Notebook 6": Host(
        (
            "notebook==6.5.7",
            "setuptools<80",
            *(
                f"{name}=={pins()[name]}"
                for name in ("anywidget", "ipykernel", "ipython", "ipywidgets", "jupyter-client", "traitlets")
            ),
        ),
        (EXPLORER + "explorer", QUESTION, LABEL),
        lambda port: ["notebook", "--allow-root", f"--port={port}", "--NotebookApp.token=", "--no-browser"],
        "notebooks/figures.ipynb",
        "api",
        run_all,
    ),
    "Voila": Host(
        ("voila==0.5.13",),
        (EXPLORER + "explorer", QUESTION, LABEL),
        lambda port: ["voila", "figures.ipynb", f"--port={port}", "--no-browser"],
        "",
        "voila/static/voila.js",
    ),
    "marimo": Host(
        ("marimo==0.25.2",),
        (
            EXPLORER + "import marimo as mo\nlive = mo.ui.anywidget(explorer)\nlive",
            QUESTION,
            "mo.md(f\"Python knows {live.value['stride']}\")",
        ),
        lambda port: ["marimo", "run", "figures.py", "--headless", "--no-token", f"--port={port}"],
        "",
        "health",
    ),
}


def packages_of(host: Host) -> Path:
    """A folder of the host's packages, kept in .venv-hosts."""
    digest = hashlib.sha256("\n".join([sys.version, *host.packages]).encode()).hexdigest()[:12]
    folder = ROOT / ".venv-hosts" / digest
    if not folder.exists():
        making = folder.with_name(f"{digest}-{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(making)]
        subprocess.run([*pip, *host.packages], check=True)
        making.rename(folder)
    return folder


@contextmanager
def started(host: Host, folder: Path):
    """The address of the host over a folder with a notebook of figures."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in host.cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "figures.ipynb")
    laid_over, port = packages_of(host), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SEGVIZ_BOOK"},
        **{f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
        "HOME": str(folder),
        "JUPYTER_PATH": str(laid_over / "share" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(laid_over / "etc" / "jupyter"),
        "PYTHONPATH": os.pathsep.join([str(laid_over), str(ROOT)]),
    }
    python = [sys.executable, "-m"]
    if "marimo" in host.command(port):
        convert = [*python, "marimo", "convert", "figures.ipynb", "-o", "figures.py"]
        subprocess.run(convert, cwd=folder, env=environment, check=True, capture_output=True)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*python, *host.command(port)], cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/"
    try:
        await_answer(address + host.answers_at, server)
        yield address + host.address
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_figures_show_move_and_reach_python_and_ask_for_nothing(browser, tmp_path, host):
    page, asked, errors = browser.new_page(viewport={"width": 1300, "height": 2400}), [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with started(host, tmp_path) as address:
        ours = address.split("/", 3)[2]
        page.route(
            lambda url: url.startswith("http") and ours not in url,
            lambda route: (asked.append(route.request.url), route.abort()),
        )
        page.goto(address, timeout=120_000)
        host.begin(page)
        explorer, question = (page.locator(".sv-widget").nth(index) for index in (0, 1))
        question.wait_for(timeout=120_000)
        assert explorer.bounding_box()["width"] > 400
        sizes = explorer.locator(".sv-slider > label, .sv-slider > output").evaluate_all(SIZES)
        assert len(set(sizes)) == 1 and sizes[0] >= 12, "a value stands as large as its label"
        assert explorer.evaluate("node => getComputedStyle(node).getPropertyValue('--sv-input')")
        assert not any(still.is_visible() for still in page.locator(".sv-fallback").all())

        before = explorer.locator(".sv-figure").inner_html()
        explorer.get_by_label("stride s").press("ArrowRight")
        eventually(lambda: explorer.locator(".sv-figure").inner_html() != before, "the slider changes the picture")
        eventually(lambda: page.get_by_text("Python knows 3").count() == 1, "Python hears of it", seconds=60)
        question.locator("label").nth(1).click()
        question.get_by_role("button", name="Record").click()
        assert "So you say no." in question.inner_text()
        if folder := os.environ.get("SEGVIZ_PICTURES"):
            page.screenshot(path=f"{folder}/{tmp_path.name}.png", full_page=True)
    assert [url for url in asked if "fontawesome" not in url] == []  # Voilà's own icons
    assert errors == []
    page.close()
