"""What chapter 7 says without computing it: the beliefs behind wrong options, the exercises' hints, the sixths."""

import tomllib

import pytest
from notebooks import CHAPTERS, ROOT, run, verdict_on

from segviz.arithmetic import valid_weights

(PATH,) = [path for path in CHAPTERS if path.stem == "aspp-rate-validity"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


def options(question):
    """An option's text → its value, in the file of questions."""
    text = (ROOT / "segviz" / "lessons" / "questions" / f"{PATH.stem}.toml").read_text(encoding="utf-8")
    return {option["text"]: option["value"] for option in tomllib.loads(text)[question]["options"]}


# --- Prose ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [21, 33, 65, 97])
def test_the_count_that_leads_changes_at_one_two_four_and_five_sixths(size):
    for rate in range(1, size + 1):
        sixths = 6 * rate / size
        most = 9 if sixths < 1 else 6 if sixths < 2 else 4 if sixths < 4 else 2 if sixths < 5 else 1
        shares = valid_weights(size, rate)
        assert shares[most] == pytest.approx(max(shares.values())), rate


@pytest.mark.parametrize("size", [21, 28, 33, 65])
def test_the_filter_is_a_1_by_1_everywhere_from_the_maps_size_on(size):
    assert valid_weights(size, size - 1)[1] < 1
    assert valid_weights(size, size)[1] == 1


def test_the_picture_shows_four_weights_on_one_crop_and_one_on_the_other(chapter):
    titles = [ax.get_title() for ax in chapter.values["crop-picture"].axes]
    assert titles == ["crop 513: 4 of 9 weights", "crop 321: 1 of 9 weights"]


# --- Each wrong option is what its reply says it is --------------------------------------------------------


def test_the_wrong_shares_come_of_the_beliefs_that_are_answered():
    shown = options("nine-of-nine")
    assert shown["about 63 %"] == round(1 - 24 / 65, 3)
    assert shown["about 26 %"] == round(17 / 65, 3)
    assert options("crop-321")["about 86 %"] == round(18 / 21, 2)


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given --------------------------------

LIKELY = [
    ("1", 40 // 2, "the right one ends at 19"),
    ("2", [48, (48 - 1) * 16 + 1], "a quarter of the map"),
    ("3", [6, valid_weights((64, 128), 36)[6]], "the shorter axis"),
    ("4", ((33 - 2 * 6) / 33) ** 2, "two rates away"),
    ("6", 36 * 8, "a map of 36"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words
