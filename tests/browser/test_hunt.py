"""The bug hunt: its rounds against the real networks, its accounts, its words, and a reader's hands on it."""

import pytest
from playwright.sync_api import expect
from widget_pages import book_page

from segviz.lessons import hunting
from segviz.widgets import BugHunt
from segviz.widgets.hunt import hunt

ROUNDS, MEASUREMENTS = hunt()["rounds"], hunt()["measurements"]
PRICE = {m["name"]: m["price"] for m in MEASUREMENTS}
REASONS = {reason["name"]: reason["text"] for reason in hunt()["reasons"]}
NUMBERS = range(1, len(ROUNDS) + 1)


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.set_content(book_page([BugHunt()]))
    yield page
    page.close()


def shown(page, number, **note):
    """Readout and view of a round with these notes."""
    state = BugHunt(round=number, notes={str(number): note}).state()
    return page.evaluate("(state) => segviz.modules.hunt.compute(state)", state)


# --- What it tells was measured ------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_the_answers_are_those_of_the_networks(number):
    quick = tuple(name for name in PRICE if name not in ("loss", "center"))
    told = ROUNDS[number - 1]
    again = hunting.measured_round(hunting.ROUNDS[number - 1], quick)
    assert {name: told["answers"][name] for name in quick} == again["answers"]
    assert {key: told[key] for key in again if key != "answers"} == {k: v for k, v in again.items() if k != "answers"}


@pytest.mark.parametrize("number", [4, 10])
def test_where_outputs_look_and_the_loss_were_measured_too(number):
    told = ROUNDS[number - 1]["answers"]
    again = hunting.measured_round(hunting.ROUNDS[number - 1], ("center",) if number == 4 else ("loss",))["answers"]
    if number == 4:
        assert told["center"] == again["center"]
    else:
        for kept, found in zip(told["loss"], again["loss"], strict=True):
            assert kept == pytest.approx(found, abs=0.15)


def test_prices_rules_and_reasons_are_those_of_the_lesson():
    fresh = hunting.measured(())
    assert (hunt()["measurements"], hunt()["reasons"]) == (fresh["measurements"], fresh["reasons"])


@pytest.mark.parametrize("one", ROUNDS, ids=lambda one: one["title"])
def test_what_decides_a_round_differs_and_what_is_cheaper_does_not_decide(one):
    for name in one["telling"]:
        assert one["answers"][name][0] != one["answers"][name][1]
    assert one["reason"] in REASONS
    for curve in one["answers"]["loss"]:
        assert sum(curve[-5:]) < sum(curve[:5])
    assert "loss" not in one["telling"]


def test_either_network_is_wrong_as_often():
    wrong = [one["wrong"] for one in ROUNDS]
    assert wrong.count("A") == wrong.count("B") == 5


def test_the_linear_head_would_need_803_parameters():
    assert 9 * 8 * 11 + 11 == 803 and "803" in ROUNDS[7]["mend"]


# --- Accounts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_a_verdict_that_holds_costs_nothing_and_the_cheapest_way_is_par(page, number):
    one = ROUNDS[number - 1]
    cheapest = min(one["telling"], key=PRICE.get)
    view = shown(page, number, asked=[cheapest], verdicts=[[one["wrong"], one["reason"], 1]])
    assert view["solved"] and view["paid"] == view["par"] == PRICE[cheapest]
    assert view["total"] == {"solved": 1, "paid": view["par"], "par": view["par"]}
    assert [row["name"] for row in view["rows"] if row["telling"]] == [n for n in PRICE if n in one["telling"]]


@pytest.mark.parametrize("number", NUMBERS)
def test_no_other_verdict_holds_and_each_costs_five(page, number):
    one = ROUNDS[number - 1]
    others = [[s, r, 0] for s in "AB" for r in REASONS if (s, r) != (one["wrong"], one["reason"])]
    view = shown(page, number, verdicts=others)
    assert not view["solved"]
    assert view["paid"] == 5 * len(others)


def test_a_failed_verdict_is_the_last_word_until_something_is_asked(page):
    failed = [["A", "linear", 1]]
    assert shown(page, 1, asked=["sign"], verdicts=failed)["failed"] == failed[0]
    assert shown(page, 1, asked=["sign", "maps"], verdicts=failed)["failed"] is None


# --- The state's rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "named"),
    [
        ({"asked": ["colour"]}, "colour"),
        ({"suspect": "C"}, "'C'"),
        ({"reason": "luck"}, "luck"),
        ({"verdicts": [["A", "luck", 0]]}, "luck"),
    ],
)
def test_notes_of_what_there_is_not_are_refused_by_name(notes, named):
    with pytest.raises(ValueError, match=f"notes: round 1 names .*{named}"):
        BugHunt(notes={"1": notes})


def test_a_round_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="round=11: there are 10"):
        BugHunt(round=11)


# --- A reader's hands -----------------------------------------------------------------------------------


@pytest.fixture
def hunting_page(browser):
    page = browser.new_page()
    page.set_content(book_page([BugHunt()]))
    yield page
    page.close()


def says(page, words):
    expect(page.locator(".sv-readout")).to_contain_text(words)


def test_a_round_is_played_with_the_mouse(hunting_page):
    page, one = hunting_page, ROUNDS[0]
    says(page, "What do you ask first?")
    page.get_by_role("button", name="count parameters").click()
    says(page, "You have paid 1.")
    page.get_by_role("button", name="count parameters").click()  # what is known costs nothing
    page.get_by_role("button", name="least and largest").click()
    says(page, "You have paid 2.")
    page.get_by_role("button", name="Record").click()
    expect(page.locator(".bh-request")).to_have_text("Say which, too.")
    other = "AB".replace(one["wrong"], "")
    page.get_by_role("radio", name=f"{other} is wrong").check()
    page.get_by_role("button", name="Record").click()
    expect(page.locator(".bh-request")).to_have_text("Say why, too.")
    page.get_by_label("because").select_option(one["reason"])
    page.get_by_role("button", name="Record").click()
    says(page, f"Not so. That is what is wrong, but not with {other}. That cost 5; you have paid 7.")
    page.get_by_role("radio", name=f"{one['wrong']} is wrong").check()
    page.get_by_role("button", name="Record").click()
    says(page, f"It is so. {one['wrong']} is wrong: {REASONS[one['reason']]}.")
    says(page, "You paid 7; 1 would have done.")
    expect(page.locator(".bh-score")).to_have_text("1 of 10 solved for 7; 1 would have done")
    expect(page.get_by_role("button", name="Record")).to_be_disabled()
    page.get_by_role("button", name="Reset").click()
    says(page, "What do you ask first?")
    expect(page.locator(".bh-score")).to_have_text("0 of 10 solved")


def test_what_was_asked_in_a_round_is_there_when_one_comes_back(hunting_page):
    page = hunting_page
    page.get_by_role("button", name="train both").click()
    says(page, "It falls. You have paid 8.")
    assert page.locator(".bh-curve").count() == 2
    page.get_by_role("slider", name="round").press("ArrowRight")
    says(page, "Round 2: four blocks.")
    assert page.locator(".bh-curve").count() == 0
    page.get_by_role("slider", name="round").press("ArrowLeft")
    says(page, "You have paid 8.")
    assert page.locator(".bh-curve").count() == 2


def test_a_round_is_played_with_the_keys(hunting_page):
    page, one = hunting_page, ROUNDS[0]
    page.get_by_role("button", name="least and largest").focus()
    page.keyboard.press("Enter")
    says(page, "You have paid 1.")
    page.get_by_role("radio", name="A is wrong").focus()
    page.keyboard.press("Space" if one["wrong"] == "A" else "ArrowRight")
    page.keyboard.press("Tab")
    while page.get_by_label("because").input_value() != one["reason"]:
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    says(page, "You paid 1, and for less it cannot be known.")
