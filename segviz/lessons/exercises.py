"""Exercises that check themselves: what arrived, what is wrong with it, and the belief that may lead there."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any

import numpy as np

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Verdict:
    """What `check` found: shown as a sentence, true if the answer is right.

    `state` is "open" (nothing was answered yet), "right" or "wrong".
    """

    state: str
    words: str

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return self.words.replace("`", "")

    def _repr_html_(self) -> str:
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.words))
        first = re.sub(r"^(Right\.|Not yet:|Your turn:)", r"<strong>\1</strong>", words)
        edge = "#009e73" if self else "#8a8a92"
        return f'<p style="border-left: 3px solid {edge}; padding-left: 0.8em">{first}</p>'


def check(
    answer: Any,
    expected: Any,
    *,
    hints: Mapping[Any, str] | Iterable[tuple[Any, str]] | None = None,
    examples: Iterable[Any] = (),
) -> Verdict:
    """Compare a reader's answer with the expected one and say, without giving it away, what is wrong.

    Args:
        answer: the reader's; `...` or None where nothing is answered yet.
        expected: the right answer, computed: a number, a string, a list, a tensor, or a function.
        hints: for a wrong answer that is likely, the words that answer the belief behind it: a mapping, or pairs where
            the wrong answer is a list, a tensor or a function.
        examples: where functions are compared, the arguments to try: each a tuple (or a single argument).

    Whole numbers must be equal; floats and tensors agree to a relative and absolute 1e-4. Tuples count as lists, and
    a list of numbers as a tensor where a tensor is expected.

    Raises:
        ValueError: a function is expected and no examples are given.

    >>> check(..., 6)
    Your turn: replace the dots, then run the cell again.
    >>> check(6, 6)
    Right.
    >>> check(5, 6, hints={5: "That is the convolution's formula."})
    Not yet: 5 arrived. That is the convolution's formula.
    """
    examples = [example if isinstance(example, tuple) else (example,) for example in examples]
    if callable(expected) and not examples:
        raise ValueError("examples=() arrived: a function is compared on examples, and needs at least one")
    if _is_open(answer):
        return Verdict("open", "Your turn: replace the dots, then run the cell again.")
    wrong = _difference(answer, expected, examples)
    if wrong is None:
        return Verdict("right", "Right.")
    if wrong == NOTHING_RETURNED:
        return Verdict("open", "Your turn: your function returns nothing yet.")
    pairs = hints.items() if isinstance(hints, Mapping) else hints or ()
    belief = next((words for value, words in pairs if _difference(answer, value, examples) is None), None)
    return Verdict("wrong", f"Not yet: {wrong}{f' {belief}' if belief else ''}")


NOTHING_RETURNED = "nothing is returned"


def _is_open(answer: Any) -> bool:
    """Whether dots are left where the reader should write."""
    if isinstance(answer, list | tuple):
        return any(map(_is_open, answer))
    return answer is ... or answer is None


def _difference(answer: Any, expected: Any, examples: list[tuple]) -> str | None:
    """How `answer` differs from `expected`, in a sentence that does not tell `expected`; None if it does not."""
    if callable(expected) or callable(answer):
        return _function_difference(answer, expected, examples)
    answer, expected = _plain(answer), _plain(expected)
    if isinstance(expected, np.ndarray):
        return _array_difference(answer, expected)
    if isinstance(expected, list):
        return _list_difference(answer, expected)
    if _kind(answer) != _kind(expected):
        return f"{_shown(answer)} is {_kind(answer)}, and {_kind(expected)} is asked for."
    if _equal(answer, expected):
        return None
    rounded = isinstance(expected, float) and _is_rounded(answer, expected)
    return f"{_shown(answer)} arrived{', rounded: give four digits or the expression itself' if rounded else ''}."


def _function_difference(answer: Any, expected: Any, examples: list[tuple]) -> str | None:
    if not callable(answer) or not callable(expected):
        return f"{_kind(_plain(answer))} arrived, and {_kind(_plain(expected))} is asked for."
    calls = [f"`{getattr(answer, '__name__', 'yours')}({', '.join(map(repr, example))})`" for example in examples]
    wrong = []
    for call, example in zip(calls, examples, strict=True):
        try:
            given = answer(*example)
        except Exception as error:  # whatever the reader's function raises is news to the reader
            return f"{call} raises {type(error).__name__}: {error}"
        if _is_open(given):
            return NOTHING_RETURNED
        if found := _difference(given, expected(*example), []):
            wrong.append(f"for {call}, {found}")
    if not wrong:
        return None
    count = f" ({len(wrong)} of {len(examples)} examples differ.)" if len(examples) > 1 else ""
    return wrong[0] + count


def _list_difference(answer: Any, expected: list) -> str | None:
    if isinstance(answer, np.ndarray):
        answer = answer.tolist()
    if not isinstance(answer, list):
        return f"{_shown(answer)} is {_kind(answer)}, and a list is asked for."
    if len(answer) != len(expected):
        return f"{_shown(answer)} arrived: too {'few' if len(answer) < len(expected) else 'many'} entries."
    wrong = [i for i, pair in enumerate(zip(answer, expected, strict=True)) if _difference(*pair, []) is not None]
    if not wrong:
        return None
    return f"{_shown(answer)} arrived; {_positions(wrong, len(expected))}"


def _array_difference(answer: Any, expected: np.ndarray) -> str | None:
    if isinstance(answer, list):
        answer = _stacked(answer)
    if not isinstance(answer, np.ndarray):
        return f"{_shown(answer)} is {_kind(answer)}, and {_kind(expected)} is asked for."
    if answer.shape != expected.shape:
        return f"the shape {answer.shape} arrived, and {expected.shape} is asked for."
    close = np.isclose(answer, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    if close.all():
        return None
    first = tuple(int(i) for i in np.argwhere(~close)[0])
    return (
        f"the shape is right, and {int((~close).sum())} of {close.size} entries are not, "
        f"the first at {first}, where yours is {answer[first]:.4g}."
    )


def _stacked(numbers: list) -> Any:
    """Nested lists of numbers as an array; anything else as it is."""
    try:
        array = np.asarray(numbers)
    except ValueError:  # rows of different lengths
        return numbers
    return array if array.dtype.kind in "biuf" else numbers


def _positions(wrong: list[int], total: int) -> str:
    if len(wrong) == total:
        return "no entry is right yet." if total > 1 else "its entry is not right."
    if len(wrong) == 1:
        return f"counted from 0, entry {wrong[0]} is not right."
    return f"counted from 0, entries {', '.join(map(str, wrong))} are not right."


def _plain(value: Any) -> Any:
    """A tensor or array as a NumPy array, its scalars as Python's, tuples and ranges as lists."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return list(value) if isinstance(value, tuple | range) else value


def _equal(answer: Any, expected: Any) -> bool:
    if isinstance(answer, float) or isinstance(expected, float):
        return math.isclose(answer, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return answer == expected


def _is_rounded(answer: float, expected: float) -> bool:
    """Whether the answer is the expected number with fewer decimals."""
    decimals = len(repr(float(answer)).partition(".")[2])
    return round(expected, decimals) == answer


def _kind(value: Any) -> str:
    kinds = [(bool, "a truth value"), (Number, "a number"), (str, "a text"), (list, "a list"), (np.ndarray, "a tensor")]
    known = (words for kind, words in kinds if isinstance(value, kind))
    return next(known, "a function" if callable(value) else f"a {type(value).__name__}")


def _shown(value: Any) -> str:
    words = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return words if len(words) <= 60 else f"{words[:57]}…"
