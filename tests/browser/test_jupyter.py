"""Widgets in JupyterLab 4 and Notebook 7, in a real browser, with a real kernel behind them."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
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
]
APPLICATIONS = {"JupyterLab": "lab/tree/widgets.ipynb?reset", "Notebook": "notebooks/widgets.ipynb"}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a Jupyter server over a folder with one notebook."""
    folder = tmp_path_factory.mktemp("jupyter")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "widgets.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "RUNTIME")}
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
        server.wait(timeout=30)


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
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        prompt = self.cells.nth(index).locator(".jp-InputPrompt")
        eventually(lambda: re.search(r"\d", prompt.inner_text()), f"cell {index} has run", seconds=120)

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
    page.goto(jupyter + APPLICATIONS[application])
    session = Session(page)
    session.cells.nth(len(CELLS) - 1).wait_for(timeout=120_000)
    page.locator("[data-status=idle]").first.wait_for(timeout=120_000)
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
    assert errors == []
    page.close()
