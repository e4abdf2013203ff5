"""One drawing, a print for every paper."""

import base64
import inspect
import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from segviz import plots
from segviz.palette import DARK, LIGHT
from segviz.plots.paper import DESK, PAPERS


def opened(text):
    return Image.open(io.BytesIO(base64.b64decode(text)))


def corner(picture):
    return np.asarray(picture.convert("RGB"))[0, 0] / 255


@pytest.fixture
def prints(monkeypatch):
    monkeypatch.setenv("SEGVIZ_BOOK", "1")
    _, about = plots.matrices({"C": np.eye(3, 7)})._repr_mimebundle_()
    return about["image/png"]["papers"]


def test_a_notebook_gets_one_picture_as_wide_as_it_was_meant():
    data, about = plots.matrices({"C": np.eye(2)})._repr_mimebundle_()
    assert set(data) == {"image/png"} and set(about["image/png"]) == {"width"}
    assert opened(data["image/png"]).width == pytest.approx(about["image/png"]["width"] * DESK.dots / 96, abs=1)


def test_the_book_gets_a_print_for_every_paper(prints):
    assert set(prints) == set(PAPERS) == {"light", "dark", "phone", "phone-dark"}
    for name, about in prints.items():
        paper = DARK if "dark" in name else LIGHT
        assert corner(opened(about["webp"])) == pytest.approx(to_rgb(paper["paper"]), abs=0.01), name


def test_none_is_wider_than_its_paper(prints):
    assert all(about["width"] <= 96 * PAPERS[name].width + 8 for name, about in prints.items())


def test_panels_that_would_be_narrow_go_below_one_another():
    assert DESK.columns(4, each=2) == 4
    assert PAPERS["phone"].columns(4, each=1.6) == 2
    assert PAPERS["phone"].columns(4, each=5) == 1


def test_a_picture_too_noisy_to_be_light_gives_up_a_little():
    grain = np.random.default_rng(0).normal(0.5, 0.05, (3, 500, 500))
    figure = plots.pictures({"grain": grain.clip(0, 1)})
    proof = DESK.printed(figure)
    assert len(proof.in_webp().file) < len(proof.file) / 2


def test_a_light_picture_is_exact_in_the_book():
    proof = DESK.printed(plots.matrices({"C": np.eye(3, 7)}))
    exact, shown = (Image.open(io.BytesIO(each.file)).convert("RGB") for each in (proof, proof.in_webp()))
    assert np.array_equal(exact, shown)


def test_a_caller_is_not_asked_for_paper():
    assert "paper" not in inspect.signature(plots.pictures).parameters
