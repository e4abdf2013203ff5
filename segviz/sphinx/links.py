"""Markdown links to glossary terms and to cited works.

A role of MyST would say them shorter, but Colab, which knows no MyST, shows the reader its braces.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from pybtex.backends.plaintext import Backend
from sphinx.application import Sphinx

PLAIN = Backend()  # by its name it would be searched among all installed packages, for each link anew


def offer_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Let a link name any anchor of a page, `glossary.md#term-stride`, as it may name a heading."""
    anchors = _anchors(app.env, app.env.docname)
    for node in doctree.findall(nodes.Element):
        for anchor in node.get("ids", []):
            anchors.setdefault(anchor, (node.line, anchor, ""))


def offer_citations(app: Sphinx, env: Any) -> None:
    """The same for the works of the bibliography, whose entries come after the pages are read."""
    for citation in _citations(env):
        docname = citation.bibliography_key.docname
        _anchors(env, docname)[citation.citation_id] = (None, citation.citation_id, "")


def name_the_work(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say under the pointer which work a citation leads to."""
    works = {citation.citation_id: citation for citation in _citations(app.env)}
    for link in doctree.findall(nodes.reference):
        page, _, anchor = link.get("refuri", "").partition("#")
        if anchor in works and page == app.builder.get_relative_uri(docname, works[anchor].bibliography_key.docname):
            link["reftitle"] = works[anchor].formatted_entry.text.render(PLAIN)


def _citations(env: Any) -> Iterable[Any]:
    return getattr(env.domains.get("cite"), "citations", ())


def _anchors(env: Any, docname: str) -> dict[str, tuple[int | None, str, str]]:
    return env.metadata[docname].setdefault("myst_slugs", {})  # where MyST looks: name -> (line, id, text)


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", offer_anchors)
    app.connect("env-check-consistency", offer_citations)
    app.connect("doctree-resolved", name_the_work)
