"""The bug hunt: two networks, one of them wrong, and measurements at a price until one can say which and why."""

import html
import json
from functools import cache
from pathlib import Path
from typing import Any

import traitlets

from segviz.widgets.host import Widget


@cache
def hunt() -> dict[str, Any]:
    """Measurements, reasons and rounds, with all answers as `python -m segviz.lessons.hunting` measured them."""
    return json.loads((Path(__file__).parent / "rounds.json").read_text(encoding="utf-8"))


class BugHunt(Widget):
    """Ten rounds of two small networks each, of which one has a mistake that raises no error.

    Args:
        round: the round that is shown, counted from 1.
        notes: what the reader has done, round → `asked` (names of measurements, in order), `suspect` ("A", "B" or
            None), `reason` (a name or None) and `verdicts` (suspect, reason, and how much had been asked by then).

    >>> BugHunt(round=3).description()
    'Which of two networks is wrong, and why? Round 3 of 10: a trunk with batch normalization.'
    """

    front = Path(__file__).parent / "widget.js"
    filled = frozenset({"hunt"})

    round = traitlets.Int(1, min=1)
    notes = traitlets.Dict()
    hunt = traitlets.Dict()

    @traitlets.default("hunt")
    def _measured(self) -> dict[str, Any]:
        return hunt()

    @traitlets.validate("round")
    def _there_is(self, proposal):
        if proposal.value > len(self.hunt["rounds"]):
            raise ValueError(f"round={proposal.value}: there are {len(self.hunt['rounds'])}")
        return proposal.value

    @traitlets.validate("notes")
    def _known(self, proposal):
        known = {kind: [one["name"] for one in self.hunt[kind]] for kind in ("measurements", "reasons")}
        for number, note in proposal.value.items():
            verdicts = note.get("verdicts", [])
            suspects = [note.get("suspect"), *(suspect for suspect, _, _ in verdicts)]
            reasons = [note.get("reason"), *(reason for _, reason, _ in verdicts)]
            wrong = [
                *(name for name in note.get("asked", []) if name not in known["measurements"]),
                *(name for name in suspects if name not in ("A", "B", None)),
                *(name for name in reasons if name not in (*known["reasons"], None)),
            ]
            if wrong:
                raise ValueError(
                    f"notes: round {number} names {wrong[0]!r}, which is no measurement, suspect or reason"
                )
        return proposal.value

    def description(self) -> str:
        rounds = self.hunt["rounds"]
        title = rounds[self.round - 1]["title"]
        return f"Which of two networks is wrong, and why? Round {self.round} of {len(rounds)}: {title}."

    def fallback(self) -> str:
        """The round's measurements as a table, and the verdict behind a fold that opens without a script."""
        one = self.hunt["rounds"][self.round - 1]
        rows = "".join(
            f'<tr><th scope="row">{html.escape(m["label"])}</th>'
            + "".join(f"<td>{html.escape(_words(answer))}</td>" for answer in one["answers"][m["name"]])
            + "</tr>"
            for m in self.hunt["measurements"]
        )
        why = next(reason["text"] for reason in self.hunt["reasons"] if reason["name"] == one["reason"])
        return (
            f'<div class="sv-fallback"><p class="sv-question">{html.escape(self.description())}</p>'
            f'<p>{html.escape(one["both"])}</p><table><thead><tr><td></td><th scope="col">A</th><th scope="col">B</th>'
            f"</tr></thead><tbody>{rows}</tbody></table><details><summary>Decide first, then open the verdict</summary>"
            f"<p>{one['wrong']}: {html.escape(why)}. {html.escape(one['mend'])}</p></details></div>"
        )


def _words(answer: str | list[float]) -> str:
    return answer if isinstance(answer, str) else f"{answer[0]} to {answer[-1]} in {len(answer)} steps"
