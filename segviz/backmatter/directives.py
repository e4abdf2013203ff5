"""The book's directives for its back matter: what was run is written as MyST, and set like any other page.

`{messages} GROUP` gives each error message of a group a section, `{find-message}` the box to look one up in;
`{ledger} SECTION` is a table of printed and computed values, `{architectures} KIND` one of networks. In the API
reference, widgets show that they take settings by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from segviz import __version__
from segviz.backmatter import architectures, ledger, messages, results
from segviz.backmatter.elsewhere import page as elsewhere
from segviz.shipped import leaderboard
from segviz.sphinx.assets import add_script_where

NOT_RAISED = "*Not raised here: that needs a GPU. The words are PyTorch's own; each … is a number or words of yours.*"


class BackMatter(SphinxDirective):
    """A directive that sets as MyST what it makes of the results."""

    def results(self) -> dict[str, Any]:
        if not hasattr(self.env, "segviz_results"):
            path = Path(self.env.srcdir, "_build", ".jupyter_cache", results.NAME)
            self.env.segviz_results = results.load(path)  # type: ignore[attr-defined]
        return self.env.segviz_results  # type: ignore[attr-defined]

    def set(self, text: str) -> list[nodes.Node]:
        return self.parse_text_to_nodes(text)


# --- Error messages -------------------------------------------------------------------------------


class Messages(BackMatter):
    """The entries of one group of the error-message index, each with its anchor `message-ID`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        known = self.results()["messages"]
        return [self.section(entry, **known[entry.id]) for entry in messages.entries(self.arguments[0])]

    def section(self, entry: messages.Entry, shown: str, mended: str) -> nodes.section:
        anchor = f"message-{entry.id}"
        section = nodes.section(ids=[anchor], names=[anchor])
        self.state.document.note_explicit_target(section)
        words, _ = self.parse_inline(entry.title if entry.silent else f"`{entry.title}`")
        section += [nodes.title(entry.title, "", *words), *self.set(account(entry, shown, mended))]
        return section


def account(entry: messages.Entry, shown: str, mended: str) -> str:
    """What is said of an entry: the message as raised, its cause, what makes it, what mends it."""
    parts = [] if entry.silent else [block(shown, "book-message")]
    if shown == entry.quoted:
        parts.append(NOT_RAISED)
    if entry.also:
        words = ", or ".join(f"`` {line} ``" for line in entry.also.splitlines())
        parts.append(f":::{{div}} book-also\nIt may also read: {words}.\n:::")
    parts += [f"**Cause.** {entry.cause}", code(entry.example)]
    if entry.silent:
        parts.append(block(shown, "book-result"))
    parts += [f"**Mend.** {entry.advice}", code(entry.mend)]
    if mended != "None":
        parts.append(block(mended, "book-result"))
    if entry.see:
        parts.append(f"More in {entry.see}.")
    return "\n\n".join(parts)


def code(source: str) -> str:
    return f"```{{code-block}} python\n{source}\n```"


def block(text: str, look: str) -> str:
    return f"```{{code-block}} text\n:class: {look}\n\n{text}\n```"


class FindMessage(SphinxDirective):
    """A box that leaves only the messages which share words with what is typed or pasted into it.

    Its script also folds the messages up under their headings; without one they stand open, and there is no box.
    """

    def run(self) -> list[nodes.Node]:
        box = (
            '<div class="book-find" hidden><label for="find-message">Paste the last line of your traceback, '
            'or type a word of it</label><input type="search" id="find-message" placeholder="RuntimeError: …" '
            'autocomplete="off" autocapitalize="off" spellcheck="false"><p role="status"></p></div>'
        )
        return [nodes.raw("", box, format="html")]


# --- Ledger and architectures ---------------------------------------------------------------------


class Ledger(BackMatter):
    """One section of the ledger: what is claimed where, the value in print, the value computed, and the verdict."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        known = self.results()["ledger"]
        lines = [ledger_line(row, **known[row.id]) for row in ledger.rows(self.arguments[0])]
        return self.set(table(["what", "in print", "computed", "verdict"], lines, look="book-ledger"))


def ledger_line(row: ledger.Row, computed: str, agrees: bool, explanation: str) -> list[str]:
    verdict = "✓ **agrees**" if agrees else "≠ **differs**"
    return [
        f"{row.claim}\n\n{row.source}",
        row.printed,
        f"{computed}\n\n{breaking(row.computed)}",
        f"{verdict}\n\n{explanation}" if explanation else verdict,
    ]


def breaking(code: str) -> str:
    """Code that a narrow column breaks behind an opening parenthesis, or at a space.

    >>> breaking("seen(network('unet'), 3)")
    "`seen(`<wbr>`network(`<wbr>`'unet'), 3)`"
    """
    return "<wbr>".join(f"`{part}`" for part in re.split(r"(?<=\()(?!\))", code))


class Architectures(BackMatter):
    """Networks in `words`, what is computed of them (`numbers`), of other forms (`variants`), or `scores`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        if self.arguments[0] == "scores":
            self.env.note_dependency(str(leaderboard.SCORES))
            headings = ["network", "mean IoU", "boundary F1", "poles lost"]
            best_first = sorted(leaderboard.load()["models"], key=lambda entry: -entry["mean_iou"])
            return self.set(table(headings, map(score_line, best_first), look="book-networks book-scores"))
        known = self.results()["architectures"]
        numbers = ["parameters", "multiply-adds", "stride", "sees", "least"]
        if self.arguments[0] == "words":
            headings = ["network", "encoder", "decoder", "upsampling"]
            lines = [
                [w.title, *map(unbroken, (w.encoder, w.decoder, w.upsampling))] for w in architectures.words().values()
            ]
        elif self.arguments[0] == "numbers":
            headings = ["network", *numbers, "paper"]
            lines = [network_line(name, known[name]) for name in architectures.words()]
        else:
            headings = ["network", *numbers]
            lines = [variant_line(name, options, known) for name, options in architectures.variants()]
        return self.set(table(headings, lines, look=f"book-networks book-{self.arguments[0]}"))


def score_line(entry: dict[str, Any]) -> list[str]:
    lost = entry["failures"]["poles_lost"]
    return [
        f"{architectures.words()[entry['name']].title}\n\n`{entry['name']}`",
        f"{entry['mean_iou']:.1%}",
        f"{entry['boundary_f1']:.1%}",
        "–" if lost is None else f"{lost:.1%}",
    ]


def network_line(name: str, facts: dict[str, Any]) -> list[str]:
    words = architectures.words()[name]
    return [
        f"{words.title}\n\n`{name}`",
        *numbers_of(facts),
        f"{{cite:t}}`{words.paper}`{words.venue and f', {words.venue}'}",
    ]


def variant_line(name: str, options: dict[str, Any], known: dict[str, Any]) -> list[str]:
    label = architectures.label(name, options)
    named = ", ".join(f"`{key}=`<wbr>`{value!r}`" for key, value in options.items())
    return [f"{architectures.words()[name].title.split(' on ')[0]}\n\n{named}", *numbers_of(known[label])]


def unbroken(text: str) -> str:
    """A text whose products stay on one line.

    >>> unbroken("3 × 3, then × 2").split(" ")
    ['3\\xa0×\\xa03,', 'then', '×\\xa02']
    """
    return re.sub("× ", "×\N{NO-BREAK SPACE}", re.sub(r"(?<=\d) ×", "\N{NO-BREAK SPACE}×", text))


def numbers_of(facts: dict[str, Any]) -> list[str]:
    field = "all" if math.isinf(facts["field"]) else f"{facts['field']:.0f}"
    return [
        f"{facts['parameters']:,}",
        f"{facts['multiplications'] / 1e9:.1f} G",
        str(facts["stride"]),
        field,
        str(facts["least"]),
    ]


def table(headings: Iterable[str], lines: Iterable[Iterable[str]], *, look: str) -> str:
    """A MyST list table; a cell may hold several paragraphs."""
    rows = [item(map(item, line)) for line in [headings, *lines]]
    return f"````{{list-table}}\n:header-rows: 1\n:class: {look}\n\n" + "\n".join(rows) + "\n````"


def item(texts: Iterable[str] | str) -> str:
    """A list item; of several texts, one that is a list of them."""
    text = texts if isinstance(texts, str) else "\n".join(texts)
    return "- " + text.replace("\n", "\n  ")


# --- API reference --------------------------------------------------------------------------------


def settings_of_widgets(app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, returns: str) -> Any:
    """A widget takes its settings by name, and its docstring lists them; what it inherits says only `*args`."""
    return ("(**settings)", returns) if signature == "(*args, **kwargs)" else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("messages", Messages)
    app.add_directive("find-message", FindMessage)
    app.add_directive("ledger", Ledger)
    app.add_directive("architectures", Architectures)
    elsewhere.setup(app)
    add_script_where(app, Path(__file__).with_name("find-message.js"), "book-find")
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-signature", settings_of_widgets)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
