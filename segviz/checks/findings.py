"""What an audit gives: findings, and the words and tables they are shown in."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SEVERITIES = ("fault", "waste", "note")

WIDTH = 100  # of the text form, in characters


@dataclass(frozen=True)
class Finding:
    """One thing that an audit found.

    `severity` is "fault", "waste" or "note"; `layer` a dotted module name, or None where it is no single layer's;
    `measured` holds plain numbers; `message` says in one sentence what was measured, the rule and the mend; `more` is
    the page of the book that explains it.
    """

    kind: str
    severity: str
    layer: str | None
    measured: dict[str, Any]
    message: str
    more: str


@dataclass(frozen=True)
class Audit:
    """The findings, faults first: iterable, sized, and a table where it is shown.

    `tried` says in a sentence what was looked for and at which sizes; `untried` holds a sentence for each thing that
    could not be measured, and why.
    """

    findings: tuple[Finding, ...]
    tried: str
    untried: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return bool(self.findings)

    @property
    def kinds(self) -> set[str]:
        """The kinds of what was found."""
        return {finding.kind for finding in self.findings}

    def __repr__(self) -> str:
        blocks = [_block(finding) for finding in self.findings] or ["Nothing was found."]
        return "\n".join([*blocks, *(_wrapped(said) for said in (self.tried, *self.untried))])

    def _repr_html_(self) -> str:
        rows = "".join(_row(finding) for finding in self.findings)
        headings = "".join(f"<th {_CELL}>{name}</th>" for name in ("severity", "kind", "layer", "what was measured"))
        table = f"<table><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"
        said = " ".join(html.escape(sentence) for sentence in (self.tried, *self.untried))
        return f"{table if rows else '<p>Nothing was found.</p>'}<p>{said}</p>"


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Faults first, then waste, then notes; within a severity as they came."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def _block(finding: Finding) -> str:
    heading = f"{finding.severity:5}  {finding.kind}" + (f"  at {finding.layer}" if finding.layer else "")
    return f"{heading}\n{_wrapped(finding.message, 7)}\n{' ' * 7}{finding.more}\n"


def _wrapped(text: str, indent: int = 0) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


# In the table itself, since each notebook and the book dress tables in their own way.
_CELL = 'style="padding: 0.2em 1em 0.2em 0; text-align: left; vertical-align: top"'
_SENTENCE = 'style="padding: 0.2em 0; text-align: left; min-width: 18em; white-space: normal"'


def _row(finding: Finding) -> str:
    # Chapters and pages of the book lie side by side in folders, so that a link goes up by one.
    more = f' <a href="../{finding.more}.html">More</a>'
    cells = [finding.severity, finding.kind, finding.layer or ""]
    shown = "".join(f"<td {_CELL}>{html.escape(cell)}</td>" for cell in cells)
    return f"<tr>{shown}<td {_SENTENCE}>{html.escape(finding.message)}{more}</td></tr>"
