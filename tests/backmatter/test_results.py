"""Results are written once, read by the pages, and complete."""

import json

import pytest

from segviz.backmatter import architectures, directives, ledger, messages, results
from segviz.shipped import leaderboard


@pytest.fixture(scope="module")
def made():
    return results.made()


def test_results_cover_every_entry_row_and_network(made):
    assert list(made["messages"]) == [entry.id for entry in messages.entries()]
    assert list(made["ledger"]) == [row.id for row in ledger.rows()]
    assert len(made["architectures"]) == len(architectures.words()) + len(architectures.variants())


def test_stored_results_are_those_that_were_made(made, monkeypatch, tmp_path):
    monkeypatch.setattr(results, "made", lambda: made)
    results.main(str(tmp_path / "made.json"))
    assert results.load(tmp_path / "made.json") == made
    assert json.loads((tmp_path / "made.json").read_text(encoding="utf-8")) == made
    assert results.load(tmp_path / "nowhere.json") is made


def test_an_entry_is_set_with_its_message_and_its_value(made):
    entry = next(entry for entry in messages.entries() if entry.id == "target-out-of-bounds")
    text = directives.account(entry, **made["messages"][entry.id])
    assert text.index("IndexError: Target 255") < text.index("**Cause.**") < text.index("**Mend.**")


def test_a_message_that_was_not_raised_says_so(made):
    for entry in messages.entries():
        known = made["messages"][entry.id]
        assert (directives.NOT_RAISED in directives.account(entry, **known)) == (known["shown"] == entry.quoted)


def test_where_nothing_is_raised_the_wrong_value_stands_under_the_example(made):
    entry = next(entry for entry in messages.entries() if entry.id == "argparse-bool")
    text = directives.account(entry, **made["messages"][entry.id])
    assert text.startswith("**Cause.**")
    assert text.index("\nTrue\n") < text.index("**Mend.**") < text.index("\nFalse\n")


def test_a_row_says_differs_only_where_the_comparison_does(made):
    for row in ledger.rows():
        verdict = directives.ledger_line(row, **made["ledger"][row.id])[-1]
        assert verdict.startswith("✓ **agrees**" if made["ledger"][row.id]["agrees"] else "≠ **differs**")


def test_a_table_is_a_list_of_lists():
    assert directives.table(["a", "b"], [["1\n\nmore", "2"]], look="x").splitlines()[4:] == [
        "- - a",
        "  - b",
        "- - 1",
        "    ",
        "    more",
        "  - 2",
        "````",
    ]


def test_numbers_are_set_for_reading():
    facts = {"parameters": 1234567, "multiplications": 2_500_000_000, "stride": 8, "field": float("inf"), "least": 9}
    assert directives.numbers_of(facts) == ["1,234,567", "2.5 G", "8", "all", "9"]


def test_every_scored_network_has_a_line():
    for entry in leaderboard.load()["models"]:
        assert directives.score_line(entry)[1] == f"{entry['mean_iou']:.1%}"


def test_a_widget_shows_that_it_takes_settings_and_others_show_their_own():
    def shown(signature):
        return directives.settings_of_widgets(None, "class", "name", None, None, signature, "")

    assert shown("(*args, **kwargs)") == ("(**settings)", "")
    assert shown("(size, stride=1)") is None
