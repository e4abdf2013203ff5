"""The directive `{progress}`: how many of the book's questions the reader has answered, chapter by chapter.

The chapters' titles and the questions that are really asked on their pages are known only when every page has been
read, so the directive leaves a place that is filled when its page is written.
"""

import json
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from segviz.widgets import Progress

ASKED = re.compile(r'data-segviz="question">.*?<script type="application/json">(.*?)</script>', re.DOTALL)


class ProgressPlace(nodes.General, nodes.Element):
    """Where the table goes once the questions are known."""


class ProgressDirective(SphinxDirective):
    """The reader's progress, with the button that clears it; it takes no options."""

    def run(self) -> list[nodes.Node]:
        return [ProgressPlace()]


def questions_on(doctree: nodes.document) -> list[dict[str, Any]]:
    """The questions that a page asks, in order, each with its `key` and the texts of its `options`."""
    asked = [found for node in doctree.findall(nodes.raw) for found in ASKED.findall(node.astext())]
    states = {state["key"]: state for state in map(json.loads, asked)}
    return [{"key": key, "options": [option["text"] for option in state["options"]]} for key, state in states.items()]


def chapters_with_questions(app: Sphinx, from_page: str) -> list[dict[str, Any]]:
    """The pages that ask something, in the order of the contents, as :class:`segviz.widgets.Progress` takes them."""
    chapters = []
    for page in app.env.collect_relations():
        if questions := questions_on(app.env.get_doctree(page)):
            href = app.builder.get_relative_uri(from_page, page)
            chapters.append({"title": app.env.titles[page].astext(), "href": href, "questions": questions})
    return chapters


def fill_places(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for place in list(doctree.findall(ProgressPlace)):
        progress = Progress(chapters=chapters_with_questions(app, page))
        place.replace_self(nodes.raw("", progress.html(), format="html"))


def setup(app: Sphinx) -> None:
    app.add_node(ProgressPlace)
    app.add_directive("progress", ProgressDirective)
    app.connect("doctree-resolved", fill_places)
