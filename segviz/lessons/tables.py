"""Small tables of computed values, formula beside measurement."""

import html
from collections.abc import Iterable, Mapping
from typing import Any

# A column about the input is blue, and so on: the first word of its heading decides.
COLORED = {"input", "output", "kernel", "matrix"}

# In the table itself, since each notebook and the book dress tables in their own way.
SPACED = "padding: 0.2em 1em 0.2em 0; text-align: left"


class Table:
    """Columns of equal length under their headings, as HTML in a notebook and as text elsewhere."""

    def __init__(self, columns: Mapping[str, list[str]]):
        self.columns = columns

    def __repr__(self) -> str:
        widths = [max(map(len, [heading, *cells])) for heading, cells in self.columns.items()]
        lines = [self.columns.keys(), *self._rows()]
        return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)

    def _repr_html_(self) -> str:
        headings = "".join(_heading(heading) for heading in self.columns)
        rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self._rows())
        return f"<table><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"

    def _rows(self) -> list[tuple[str, ...]]:
        return list(zip(*self.columns.values(), strict=True))


def table(**columns: Iterable[Any]) -> Table:
    """A table of these columns; an underscore in a name reads as a space, floats have four significant digits.

    Raises `ValueError` where columns differ in length.

    >>> table(kernel=[2, 3], output_size=[4, 5])
    kernel  output size
         2            4
         3            5
    """
    shown = {name.replace("_", " "): list(map(_shown, cells)) for name, cells in columns.items()}
    lengths = {heading: len(cells) for heading, cells in shown.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns must be of equal length, got {lengths}")
    return Table(shown)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _heading(heading: str) -> str:
    word = heading.partition(" ")[0]
    color = f' class="sv-{word}"' if word in COLORED else ""
    return f'<th scope="col"{color} style="{SPACED}">{html.escape(heading)}</th>'


def _cell(text: str) -> str:
    return f'<td style="{SPACED}">{html.escape(text)}</td>'
