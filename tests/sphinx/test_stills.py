"""Figures on a page: one picture for every paper they were printed on, and others as they are."""

import base64
from types import SimpleNamespace

import pytest
from myst_nb.core.render import MimeData, load_renderer

from segviz.sphinx.stills import Renderer

PLAIN, DARK = b"plain", b"dark"


@pytest.fixture
def renderer(tmp_path, monkeypatch):
    """MyST-NB's renderer with a folder for its files and no options of a cell."""
    made = Renderer(SimpleNamespace(get_cell_level_config=lambda *_, **__: {"alt": "words"}), SimpleNamespace())

    def write(path, content, **_):
        tmp_path.joinpath(*path).write_bytes(content)
        return str(tmp_path.joinpath(*path))

    monkeypatch.setattr(made, "write_file", write)
    return made


def data(**about):
    return MimeData("image/png", base64.b64encode(PLAIN).decode(), output_metadata={"image/png": about})


def test_the_book_finds_it_by_name():
    assert load_renderer("segviz") is Renderer


def test_a_figure_becomes_a_picture_for_every_paper(renderer, tmp_path):
    prints = {
        "light": {"webp": base64.b64encode(PLAIN).decode(), "width": 300},
        "dark": {"webp": base64.b64encode(DARK).decode(), "width": 300},
    }
    light, dark = renderer.render_image(data(width=310, papers=prints))
    assert light["classes"] == ["still", "still-light", "no-scaled-link"]
    assert dark["classes"] == ["still", "still-dark", "no-scaled-link"]
    assert (dark["alt"], dark["width"], dark["loading"]) == ("words", "300px", "lazy")
    assert (tmp_path / dark["uri"]).read_bytes() == DARK


def test_any_other_picture_stays_as_it_is(renderer):
    (image,) = renderer.render_image(data())
    assert image["alt"] == "words" and not image["classes"]
