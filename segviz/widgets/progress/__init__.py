"""The reader's progress: how many of the book's questions this browser holds an answer to, and a way to clear them."""

import html
from pathlib import Path

import traitlets

from segviz.widgets.host import Widget


class Progress(Widget):
    """A table of the chapters with the questions that were answered, and a button that clears every answer.

    The answers are the reader's: they stay in the browser, which alone can count them. In the book, the directive
    `{progress}` fills in the chapters and their questions as they stand on the pages.

    Args:
        chapters: dicts with `title`, `href` (the chapter's address seen from this page, or empty) and `questions`,
            each a dict with `key` and its options' texts, `options`.

    >>> asked = [{"key": "transposed-convolution/five-sizes", "options": ["4, 2, 5, 3, 6", "2, 4, 1, 3, 1"]}]
    >>> Progress(chapters=[{"title": "Transposed convolution", "href": "", "questions": asked}]).description()
    'How many of the questions you have answered, chapter by chapter.'
    """

    front = Path(__file__).parent / "widget.js"

    chapters = traitlets.List(
        traitlets.Dict(
            per_key_traits={
                "title": traitlets.Unicode(),
                "href": traitlets.Unicode(),
                "questions": traitlets.List(traitlets.Dict()),
            }
        )
    )

    def description(self) -> str:
        return "How many of the questions you have answered, chapter by chapter."

    def fallback(self) -> str:
        """In words, since without a script nothing was kept that could be counted or cleared."""
        return (
            f'<div class="sv-fallback"><p>{html.escape(self.description())} '
            "This needs JavaScript, which does not run here; without it no answer is kept.</p></div>"
        )
