"""The unpool lab: what a max-pool forgets, what its switches remember, and what goes wrong between the two."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget

_SIZES = range(2, 10)
_OUTPUT_SIZES = range(1, 13)
_LARGEST = 99


def starting_map(rows: int, columns: int) -> list[list[int]]:
    """Scattered values without ties in any 2 × 2 window; a larger map continues a smaller one."""
    return [[(49 * row + 11 * column + 15 * row * column + 5) % 97 for column in range(columns)] for row in range(rows)]


def other_map(rows: int, columns: int) -> list[list[int]]:
    """The other map, whose switches may be taken by mistake."""
    return [[(33 * row + 31 * column + 5 * row * column + 5) % 97 for column in range(columns)] for row in range(rows)]


class UnpoolLab(Widget):
    """A small map, its 2 × 2 max-pool of stride 2, and `F.max_unpool2d` of that, beside a deconvolution's matrix.

    Settings that PyTorch refuses, or takes and gives a wrong map for, are allowed here: the widget shows which it is.

    Args:
        size: (rows, columns) of a map to start with, each 2 to 9, instead of `values`.
        values: the map, as rows of whole numbers from 0 to 99.
        before: the map before the last change, by which the moved switches are found; empty where nothing changed.
        ceil_mode: of the pool: whether a window that hangs over the edge counts.
        output_size: what the unpooling is given: None (nothing), "input" (the map's own size), or a size
            [rows, columns], each 1 to 12.
        indices: "own", or "another": the switches of another map, of `other_size`.
        other_size: [rows, columns] of that other map, each 2 to 9.
        side: "input", "pooled" or "unpooled": the map that is pointed at.
        at: [row, column] of the pointed cell.

    Raises:
        ValueError: a setting outside its rule.

    >>> UnpoolLab(size=(2, 3)).values
    [[5, 16, 27], [54, 80, 9]]
    >>> UnpoolLab(size=(5, 5)).outcome()
    'nothing raised, 3 of 4 values in a wrong place'
    """

    front = Path(__file__).parent / "widget.js"

    values = traitlets.List(default_value=starting_map(6, 6))
    before: traitlets.List = traitlets.List(default_value=[])
    ceil_mode = traitlets.Bool(False)
    output_size = traitlets.Any(None)
    indices = traitlets.Enum(["own", "another"], "own")
    other_size = traitlets.List(default_value=[4, 4])
    side = traitlets.Enum(["input", "pooled", "unpooled"], "input")
    at = traitlets.List(traitlets.Int(min=0), [2, 3], minlen=2, maxlen=2)

    def __init__(self, *, size: Sequence[int] | None = None, **settings: Any):
        if size is not None:
            if "values" in settings:
                raise ValueError(f"UnpoolLab: size={size!r} and values are given: give one, the values have a size")
            settings["values"] = starting_map(*_checked_size("size", size, _SIZES))
        super().__init__(**settings)

    @traitlets.validate("values", "before")
    def _map_that_is_drawn(self, proposal):
        if proposal.trait.name == "before" and not proposal.value:
            return []
        return _checked_map(proposal.trait.name, proposal.value)

    @traitlets.validate("output_size")
    def _known_output_size(self, proposal):
        if proposal.value is None or proposal.value == "input":
            return proposal.value
        return _checked_size("output_size", proposal.value, _OUTPUT_SIZES, or_else=', or None, or "input"')

    @traitlets.validate("other_size")
    def _other_map_that_is_drawn(self, proposal):
        return _checked_size("other_size", proposal.value, _SIZES)

    def outcome(self) -> str:
        """What the real `F.max_unpool2d` does with these settings, in a few words."""
        from segviz.widgets.unpool.still import measured  # torch is loaded when it is asked, and not before

        found = measured(self.state())
        if found.error:
            return found.error
        if not found.wrong:
            return f"all {found.count} values in their place"
        return f"nothing raised, {found.wrong} of {found.count} values in a wrong place"

    def description(self) -> str:
        rows, columns = len(self.values), len(self.values[0])
        whose = "its own switches" if self.indices == "own" else "another map's switches"
        return (
            f"A map of {rows} × {columns}, max-pooled by 2 × 2 windows and unpooled with {whose}: {self.outcome()}. "
            "Below, transposed: the unpooling's matrix, an entry at each switch; a deconvolution's, one for all maps."
        )

    def still(self) -> str:
        from segviz.plots import data_uri  # matplotlib and torch are loaded for a page's fallback only
        from segviz.widgets.unpool.still import still_figure

        return data_uri(still_figure(self.state()))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked_map(name: str, value: Any) -> list[list[int]]:
    if not all(isinstance(row, (list, tuple)) for row in value):
        raise ValueError(f"UnpoolLab: {name}={value!r} must be a list of rows")
    rows = [list(row) for row in value]
    if len(rows) not in _SIZES or any(len(row) not in _SIZES or len(row) != len(rows[0]) for row in rows):
        raise ValueError(f"UnpoolLab: {name}={value!r} must be 2 to 9 rows of equally many values, 2 to 9")
    for entry in (entry for row in rows for entry in row):
        if not _is_whole(entry) or not 0 <= entry <= _LARGEST:
            raise ValueError(f"UnpoolLab: {name} holds {entry!r}; it must hold whole numbers from 0 to {_LARGEST}")
    return rows


def _checked_size(name: str, value: Any, allowed: range, *, or_else: str = "") -> list[int]:
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_whole, value))
    if not is_pair or not all(length in allowed for length in value):
        rule = f"two whole numbers (rows, columns), each {allowed[0]} to {allowed[-1]}{or_else}"
        raise ValueError(f"UnpoolLab: {name}={value!r} must be {rule}")
    return list(value)
