"""The table of the reader's progress holds the questions that the pages really ask, under the pages' titles."""

import json
import re

import pytest
from sphinx.testing.util import SphinxTestApp

from segviz.widgets import Question

CONFIG = 'extensions = ["myst_parser", "segviz.sphinx"]\nhtml_theme = "basic"\n'


def question(key, *texts):
    options = [{"text": text, "reply": "."} for text in texts]
    return "```{raw} html\n" + Question(key=key, question="?", options=options).html() + "\n```\n"


@pytest.fixture(scope="module")
def chapters(tmp_path_factory):
    """What the table of a small site holds."""
    source = tmp_path_factory.mktemp("site")
    (source / "conf.py").write_text(CONFIG)
    (source / "index.md").write_text("# Start\n\n```{toctree}\nhow/to\nb\nplain\na\n```\n")
    (source / "how").mkdir()
    (source / "how" / "to.md").write_text("# How\n\n```{progress}\n```\n")
    (source / "plain.md").write_text("# Without\n\nWords.\n")
    (source / "a.md").write_text(f"# The `a` of it\n\n{question('a/one', '</b>', 'no')}")
    (source / "b.md").write_text(f"# Before\n\n{question('b/one', '1', '2')}\n{question('b/two', '3', '4')}")
    app = SphinxTestApp(srcdir=source, buildername="html")
    app.build()
    assert app.warning.getvalue() == ""
    html = (app.outdir / "how" / "to.html").read_text(encoding="utf-8")
    app.cleanup()
    assert "segviz.js" in html, "the page loads the widgets' script"
    return json.loads(re.search(r'data-segviz="progress">.*?json">(.*?)</script>', html, re.DOTALL)[1])["chapters"]


def test_chapters_come_in_the_order_of_the_contents_under_their_titles(chapters):
    assert [(chapter["title"], chapter["href"]) for chapter in chapters] == [
        ("Before", "../b.html"),
        ("The a of it", "../a.html"),
    ]


def test_questions_come_with_the_texts_that_an_answer_is_kept_under(chapters):
    before, after = (chapter["questions"] for chapter in chapters)
    assert before == [{"key": "b/one", "options": ["1", "2"]}, {"key": "b/two", "options": ["3", "4"]}]
    assert after == [{"key": "a/one", "options": ["</b>", "no"]}]
