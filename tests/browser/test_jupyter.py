"""Widgets in JupyterLab 4 and Notebook 7, in a real browser, with a real kernel behind them."""

import io
import math
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from PIL import Image
from saved_notebook import falls_back, saved_notebook
from widget_pages import TWO_FRAMES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CELLS = [
    "from segviz.widgets import ConvolutionExplorer, Question\n"
    "explorer = ConvolutionExplorer(stride=2)\n"
    "other = ConvolutionExplorer(op='convolution')\n"
    "explorer",
    "other",
    "options = [{'text': t, 'reply': f'So you say {t}.'} for t in ('yes', 'no')]\n"
    "asked = Question(question='Is it linear?', options=options)\n"
    "asked",
    "explorer.kernel_size = 5",
    "print('kernel knows', explorer.stride, other.stride, asked.choice)",
    "import ipywidgets\nipywidgets.HBox([explorer, ipywidgets.IntSlider(value=2)])",
]
APPLICATIONS = {"JupyterLab": "lab/tree/widgets.ipynb?reset", "Notebook": "notebooks/widgets.ipynb"}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a Jupyter server over a folder with one notebook."""
    with serving(tmp_path_factory.mktemp("jupyter"), CELLS) as address:
        yield address


@contextmanager
def serving(folder: Path, cells: list[str] | nbformat.NotebookNode, *, trusted: bool = False):
    """The address of a Jupyter server over a folder, in which it lays a notebook, or one with these cells."""
    if isinstance(cells, list):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    else:
        notebook = cells
    nbformat.write(notebook, folder / "widgets.ipynb")
    if trusted:
        (folder / "data").mkdir()
        NotebookNotary(data_dir=str(folder / "data")).sign(nbformat.read(folder / "widgets.ipynb", as_version=4))
    port = free_port()
    home = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = {k: v for k, v in os.environ.items() if k != "SEGVIZ_BOOK"} | home | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    settings = ["--ServerApp.port_retries=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    log = (folder / "log").open("w")
    server = subprocess.Popen([*command, *settings], env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/"
    try:
        await_answer(f"{address}api", server)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:  # a kernel that is still being started keeps it
            server.kill()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def await_answer(url: str, server: subprocess.Popen) -> None:
    for _ in range(240):
        assert server.poll() is None, "the Jupyter server ended by itself"
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"no answer from {url}")


class Session:
    """A notebook open in one application."""

    def __init__(self, page):
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")

    def run(self, index: int) -> None:
        """Run a cell as a reader does, and wait until it has a number."""
        prompt = self.cells.nth(index).locator(".jp-InputPrompt")
        pressed = -math.inf

        def has_run() -> bool:
            nonlocal pressed
            number = re.search(r"\d", prompt.inner_text())
            # Keys pressed while the kernel is still being connected are lost: the prompt stays empty.
            if not number and "*" not in prompt.inner_text() and time.monotonic() - pressed > 5:
                for answer in self.page.locator(".jp-Dialog .jp-mod-accept").all():  # "Select kernel": the one offered
                    answer.click()
                self.cells.nth(index).locator(".cm-content").click()
                self.page.keyboard.press("Control+Enter")
                pressed = time.monotonic()
            return bool(number)

        eventually(has_run, f"cell {index} has run", seconds=120)

    def widget(self, index: int):
        place = self.cells.nth(index).locator(".jp-OutputArea .sv-widget")
        place.wait_for(timeout=60_000)
        return place

    def figure(self, index: int) -> str:
        self.page.evaluate(TWO_FRAMES)
        return self.widget(index).locator(".sv-figure").inner_html()

    def said(self, index: int) -> str:
        output = self.cells.nth(index).locator(".jp-OutputArea-output pre")
        output.wait_for(timeout=60_000)
        return output.inner_text().strip()


def opened_notebook(page, address: str, application: str, *, cells: int) -> Session:
    """The notebook of `serving` in an application, its kernel idle."""
    page.goto(address + APPLICATIONS[application])
    session = Session(page)
    session.cells.nth(cells - 1).wait_for(timeout=120_000)
    page.locator("[data-status=idle]").first.wait_for(timeout=120_000)
    return session


def is_widget_error(message) -> bool:
    source = message.location.get("url", "")
    return message.type == "error" and (source.startswith("blob:") or "widget" in message.text.lower())


def eventually(holds, what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.mark.parametrize("application", APPLICATIONS)
def test_page_and_kernel_follow_one_another(browser, jupyter, application):
    page = browser.new_page(viewport={"width": 1300, "height": 1600})
    errors = []  # of widgets: the applications have complaints of their own
    page.on("pageerror", lambda error: "blob:" in (error.stack or "") and errors.append(str(error)))
    page.on("console", lambda message: is_widget_error(message) and errors.append(message.text))
    session = opened_notebook(page, jupyter, application, cells=len(CELLS))
    for index in range(3):
        session.run(index)
    before = [session.figure(0), session.figure(1)]

    stride = session.widget(0).get_by_label("stride s")
    stride.focus()
    page.keyboard.press("ArrowRight")
    eventually(lambda: session.figure(0) != before[0], "the slider changes the picture")
    assert session.figure(1) == before[1], "and no other picture"

    session.run(3)
    kernel_size = session.widget(0).get_by_label("kernel k")
    eventually(lambda: kernel_size.input_value() == "5", "a change in the kernel reaches the page")

    session.widget(2).locator("label").nth(1).click()
    session.widget(2).get_by_role("button", name="Record").click()
    assert "So you say no." in session.widget(2).inner_text()

    session.run(4)
    assert session.said(4) == "kernel knows 3 2 1"

    assert session.cells.nth(0).locator(".sv-fallback").count() == 1
    assert not session.cells.nth(0).locator(".sv-fallback").is_visible(), "the still form beneath a live one is hidden"
    session.run(5)
    assert session.widget(5).bounding_box()["width"] > 400, "a figure keeps a width in a box"
    assert errors == []
    page.close()


EXPLORER = [
    "import torch\n"
    "from segviz.widgets import ActivationExplorer\n"
    "from torch.nn import Conv2d, Flatten, Sequential, Unflatten\n"
    "layers = Sequential(Conv2d(3, 6, 3, padding=1), Flatten(2), Unflatten(2, (64, 64)))\n"
    "explorer = ActivationExplorer(model=layers, pictures=[torch.rand(3, 64, 64)], channels=1)\n"
    "explorer",
    "print('kernel knows', explorer.left['layer'], explorer.left['channel'], explorer.picture)",
]


def test_the_activation_explorer_asks_its_kernel(browser, tmp_path):
    """Any channel, any layer by name, words where there is none, and a picture of the reader's."""
    page = browser.new_page(viewport={"width": 1300, "height": 1600})
    errors = []
    page.on("pageerror", lambda error: "blob:" in (error.stack or "") and errors.append(str(error)))
    with serving(tmp_path, EXPLORER) as address:
        session = opened_notebook(page, address, "JupyterLab", cells=len(EXPLORER))
        session.run(0)
        widget = session.widget(0)
        drawn = widget.locator(".ae-map .ae-canvas").first
        told = widget.locator(".sv-readout")

        eventually(lambda: widget.locator(".ae-channels input").count() == 6, "all channels are offered")
        widget.locator(".ae-channels label").nth(4).click()
        eventually(lambda: "channel 4" in told.inner_text(), "a channel that the page did not hold")

        field = widget.get_by_label("layer of Sequential")
        field.fill("1")
        field.press("Enter")
        eventually(lambda: "no map" in told.inner_text(), "words for a layer without a map")
        field.fill("nothing")
        field.press("Enter")
        eventually(lambda: "no module" in told.inner_text(), "words for a layer that is none")
        field.fill("0")
        field.press("Enter")
        eventually(lambda: "channel 0" in told.inner_text(), "a layer by its name")

        file = widget.locator("input[type=file]")
        file.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"only words"})
        eventually(lambda: "no picture" in widget.locator(".ae-file").inner_text(), "words for what is no picture")
        before = drawn.get_attribute("data-drawn")
        pixels = io.BytesIO()
        Image.new("RGBA", (200, 100), (200, 30, 30, 128)).save(pixels, "PNG")
        file.set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": pixels.getvalue()})
        eventually(lambda: "transparent" in widget.locator(".ae-file").inner_text(), "what was done to the picture")
        eventually(lambda: drawn.get_attribute("data-drawn") != before, "the map of the new picture")

        thumbs = widget.locator(".ae-film canvas")
        eventually(lambda: '",1,' in thumbs.first.get_attribute("data-drawn"), "small maps of the new picture")

        session.run(1)
        assert session.said(1) == "kernel knows 0 0 1"
    assert errors == []
    page.close()


@pytest.mark.long  # each starts a server of its own: pytest tests/browser/test_jupyter.py -m long
@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("kept", ["trusted, state", "trusted, no state", "untrusted"])
def test_a_notebook_that_is_opened_again_shows_its_figures(browser, tmp_path, application, kept):
    """Alive where the widgets' state was saved, else their still form; no cell is run."""
    notebook = saved_notebook()
    if "no state" in kept:
        del notebook.metadata["widgets"]
    page = browser.new_page(viewport={"width": 1300, "height": 1600})
    with serving(tmp_path, notebook, trusted=not kept.startswith("un")) as address:
        page.goto(address + APPLICATIONS[application])
        page.locator(".jp-OutputArea").first.wait_for(timeout=120_000)
        if kept == "trusted, state":
            page.locator(".sv-widget").nth(1).wait_for(timeout=60_000)
            assert not page.locator(".sv-fallback").first.is_visible()
        else:
            eventually(lambda: falls_back(page), "the still form is shown", seconds=60)
            assert page.locator(".sv-widget").count() == 0
            if kept.startswith("trusted"):
                errors = page.get_by_text("model not found")
                errors.nth(1).wait_for(state="attached", timeout=60_000)
                assert not errors.first.is_visible()
        if folder := os.environ.get("SEGVIZ_PICTURES"):
            page.screenshot(path=f"{folder}/{application}-{kept.replace(', ', '-').replace(' ', '-')}.png")
    page.close()
