"""Predict first: the reader records a choice, and only then sees what it says about what they believe.

Text between backticks is set as code. `segviz.lessons.predict` makes a question from a chapter's file.
"""

import html
import re
from pathlib import Path

import traitlets

from segviz.widgets.host import Widget


class Question(Widget):
    """A question with options: the choice is recorded before the reply and the right answer show.

    Args:
        key: the name under which the reader's own browser keeps the choice.
        question: the question itself.
        options: two or more dicts with `text`, and `reply`: what is said to a reader who chose it.
        right: index of the right option.
        choice: index of the recorded option, or None.

    >>> yes_no = [{"text": "yes", "reply": "Its matrix is."}, {"text": "no", "reply": "Write its matrix down."}]
    >>> Question(question="Is it linear?", options=yes_no, right=0)
    Question('Is it linear?')
    """

    front = Path(__file__).parent / "widget.js"

    key = traitlets.Unicode()
    question = traitlets.Unicode()
    options = traitlets.List(traitlets.Dict(per_key_traits={"text": traitlets.Unicode(), "reply": traitlets.Unicode()}))
    right = traitlets.Int(0, min=0)
    choice = traitlets.Int(None, min=0, allow_none=True)

    @traitlets.validate("right", "choice")
    def _index_of_an_option(self, proposal):
        index = proposal.value
        if index is not None and index >= len(self.options):
            raise ValueError(f"{proposal.trait.name}={index}: there are {len(self.options)} options, counted from 0")
        return index

    def description(self) -> str:
        return self.question

    def fallback(self) -> str:
        """The question and its options, and the replies behind a fold that opens without a script."""
        texts = "".join(f"<li>{_marked(option['text'])}</li>" for option in self.options)
        right = ["", " (right)"]
        replies = "".join(
            f"<dt>{_marked(option['text'])}{right[i == self.right]}</dt><dd>{_marked(option['reply'])}</dd>"
            for i, option in enumerate(self.options)
        )
        return (
            f'<div class="sv-fallback qu-fallback"><p class="sv-question">{_marked(self.question)}</p><ul>{texts}</ul>'
            f"<details><summary>Choose first, then open the answers</summary><dl>{replies}</dl></details></div>"
        )

    def __repr__(self) -> str:
        return f"Question({self.question!r})"


def _marked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
