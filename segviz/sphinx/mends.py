"""What docutils, Sphinx and MyST-NB leave undone: the language of words, numbers by chapter, roles that axe refuses."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

MENDED = {
    'role="doc-biblioentry"': 'role="listitem"',  # ARIA has replaced this role by that one
    '<summary aria-label="Toggle hidden content">': "<summary>",  # it hid the words that are seen on it
}


def mark_korean(app: Sphinx, doctree: nodes.document) -> None:
    """Tell readers' voices and hyphenation which glossary terms are Korean (docutils makes `lang` of the class)."""
    for term in doctree.findall(nodes.term):
        if any("가" <= letter <= "힣" for letter in term.astext()):
            term["classes"].append("language-ko")


def number_within_chapters(app: Sphinx, env: Any) -> list[str]:
    """Count figures and equations from 1 in each chapter: Sphinx counts them through the book, unless it also
    numbers the chapters, and these have names."""
    for page in env.toc_fignumbers.values():
        for numbers in page.values():
            for count, name in enumerate(sorted(numbers, key=numbers.get), 1):
                numbers[name] = (count,)
    return []


def mend_names_and_roles(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Put right what axe finds in the HTML that docutils and MyST-NB write."""
    if "body" in context:
        for written, right in MENDED.items():
            context["body"] = context["body"].replace(written, right)


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", mark_korean)
    app.connect("env-get-updated", number_within_chapters, priority=900)  # after Sphinx has numbered them
    app.connect("html-page-context", mend_names_and_roles)
