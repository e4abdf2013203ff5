"""What the book asks of Sphinx: widgets on prose pages, their script only there, and no more than a page needs."""

import re
from types import SimpleNamespace

import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

from segviz.sphinx import assets, mends
from segviz.sphinx.figures import AnyOption

CONFIG = """
extensions = ["myst_parser", "sphinxcontrib.bibtex", "segviz.sphinx"]
html_theme = "basic"
bibtex_bibfiles = ["works.bib"]
bibtex_cite_id = "{key}"
"""
WORKS = "@misc{odena2016, author = {Odena}, title = {Checkerboards}, year = 2016}\n"
WIDGET = "```{widget} ConvolutionExplorer\n:kernel_size: 2\n:op: convolution\n\nA *caption*.\n```\n"
GLOSSARY = "```{glossary}\nstride\n보폭\n  A step.\n```\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small site: a page with a widget, a page without, a glossary."""
    source = tmp_path_factory.mktemp("site")
    (source / "conf.py").write_text(CONFIG)
    toctree = "```{toctree}\nplain\nwords\n```\n"
    (source / "index.md").write_text(f"# With\n\n{WIDGET}\n{toctree}")
    (source / "plain.md").write_text("# Without\n\n[A step](words.md#term-stride), [Odena](words.md#odena2016).\n")
    (source / "words.md").write_text(f"# Words\n\n{GLOSSARY}\n```{{bibliography}}\n:all:\n```\n")
    (source / "works.bib").write_text(WORKS)
    app = SphinxTestApp(srcdir=source, buildername="html")
    app.build()
    yield app
    app.cleanup()


def page(app, name):
    return (app.outdir / f"{name}.html").read_text(encoding="utf-8")


def test_site_builds_without_a_warning(built):
    assert built.warning.getvalue() == ""


def test_directive_places_the_widget_with_its_settings_and_caption(built):
    html = page(built, "index")
    state = re.search(r'data-segviz="convolution".*?<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    assert '"kernel_size": 2' in state
    assert '"op": "convolution"' in state
    assert re.search(r'class="widget-caption[^>]*>\s*<p>A <em>caption</em>', html)


def test_script_and_styles_are_only_on_pages_with_a_widget(built):
    for asset in ("segviz.js", "segviz.css"):
        assert (built.outdir / "_static" / asset).stat().st_size > 0
        assert asset in page(built, "index")
        assert asset not in page(built, "plain")


def test_palette_is_on_every_page(built):
    assert "segviz-palette.css" in page(built, "plain")


def test_korean_terms_say_their_language(built):
    assert re.search(r'<dt[^>]* lang="ko"[^>]*>보폭', page(built, "words"))
    assert not re.search(r'<dt[^>]* lang="ko"[^>]*>stride', page(built, "words"))


@pytest.mark.parametrize("anchor", ["term-stride", "odena2016"])
def test_markdown_links_lead_to_terms_and_to_works(built, anchor):
    assert f'href="words.html#{anchor}"' in page(built, "plain")
    assert f'id="{anchor}"' in page(built, "words")


def test_a_citation_names_its_work_under_the_pointer(built):
    assert re.search(r'href="words.html#odena2016" title="Odena\. Checkerboards\. 2016\."', page(built, "plain"))


def test_mathjax_comes_with_its_fonts_and_without_the_rest(built):
    mathjax = built.outdir / "_static" / "mathjax"
    assert (mathjax / "tex-chtml.js").exists()
    assert list((mathjax / "output" / "chtml" / "fonts").rglob("*.woff"))
    assert sum(path.stat().st_size for path in mathjax.rglob("*") if path.is_file()) < 3_000_000


@pytest.mark.parametrize(
    ("directive", "complaint"),
    [
        ("```{widget} Nowhere\n```", "widget Nowhere: "),
        ("```{widget} ConvolutionExplorer\n:colour: red\n```", "no setting 'colour'"),
        ("```{widget} ConvolutionExplorer\n:stride: 99\n```", "stride"),
        ("[A step](index.md#term-stride)", "term-stride"),
    ],
)
def test_a_wrong_widget_or_anchor_is_a_complaint_that_names_it(tmp_path, directive, complaint):
    (tmp_path / "conf.py").write_text(CONFIG)
    (tmp_path / "works.bib").write_text("")
    (tmp_path / "index.md").write_text(f"# Page\n\n{directive}\n")
    app = SphinxTestApp(srcdir=tmp_path, buildername="html")
    try:
        app.build()
        assert complaint in app.warning.getvalue()
    finally:
        app.cleanup()


def test_option_values_are_read_as_yaml():
    read = AnyOption()["anything"]
    assert (read("3"), read("[1, 2]"), read("true"), read("two words"), read(None)) == (
        3,
        [1, 2],
        True,
        "two words",
        True,
    )


def test_embedded_widget_state_is_dropped():
    state = nodes.raw("", '<script type="application/vnd.jupyter.widget-state+json">{}</script>', format="html")
    kept = nodes.raw("", "<b>kept</b>", format="html")
    doctree = nodes.section("", state, kept)
    assets.drop_widget_state(None, doctree)
    assert doctree.children == [kept]


def test_thebe_is_dropped_and_everything_else_kept():
    class Asset:
        def __init__(self, filename, **attributes):
            self.filename, self.attributes = filename, attributes

    kept, thebe, inline = Asset("doctools.js"), Asset("sphinx-thebe.js"), Asset(None, body="const THEBE_JS_URL = 0")
    context = {"script_files": [kept, thebe, inline], "css_files": ["_static/sphinx-thebe.css", "_static/book.css"]}
    assets.drop_thebe(None, "page", "page.html", context, None)
    assert context == {"script_files": [kept], "css_files": ["_static/book.css"]}


@pytest.mark.parametrize(("written", "right"), mends.MENDED.items())
def test_names_and_roles_are_mended(written, right):
    context = {"body": f"<p>Before</p>{written}"}
    mends.mend_names_and_roles(None, "page", "page.html", context, None)
    assert context["body"] == f"<p>Before</p>{right}"


def test_figures_and_equations_are_counted_within_each_chapter():
    numbers = {
        "first": {"figure": {"fig-b": (2,), "fig-a": (1,)}},
        "second": {"figure": {"fig-c": (3,)}, "displaymath": {"eq-a": (1,)}},
    }
    mends.number_within_chapters(None, SimpleNamespace(toc_fignumbers=numbers))
    assert numbers["first"] == {"figure": {"fig-a": (1,), "fig-b": (2,)}}
    assert numbers["second"] == {"figure": {"fig-c": (1,)}, "displaymath": {"eq-a": (1,)}}
