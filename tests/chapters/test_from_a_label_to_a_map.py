"""What chapter 1 says without computing it: the beliefs behind wrong options, the hints, the words on its figures."""

import tomllib

import pytest
from notebooks import CHAPTERS, ROOT, replies, run, verdict_on

(PATH,) = [path for path in CHAPTERS if path.stem == "from-a-label-to-a-map"]


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


def options(question):
    """An option's value → its text, in the file of questions."""
    text = (ROOT / "segviz" / "lessons" / "questions" / f"{PATH.stem}.toml").read_text(encoding="utf-8")
    return {str(option["value"]): option["text"] for option in tomllib.loads(text)[question]["options"]}


# --- Prose ---------------------------------------------------------------------------------------------


def test_the_words_about_costs_are_the_numbers(chapter):
    names = chapter.names
    assert round(names["one"] / 1e6, 1) == 3.1
    assert round(224**2 / 42**2) == 28
    assert str(round(28.4 * 3.087)) in options("cost-of-all")


def test_the_curves_end_where_the_words_about_the_figure_say(chapter):
    ends = {name: ratios[-1] for name, (_, ratios) in chapter.names["curves"].items()}
    assert round(ends["VGG16"]) == 24 and round(ends["AlexNet"]) == 9 and round(ends["42 px"]) == 11
    assert all(ratios[0] == 1 for _, ratios in chapter.names["curves"].values())


def test_the_later_two_have_a_fifth_of_the_parameters_and_less(chapter):
    vgg, _, resnet, efficient = chapter.names["million"]
    assert efficient < resnet < 0.2 * vgg
    assert 0.85 * vgg < (4096 * 512 * 49 + 4096**2) / 1e6  # fc6 and fc7: "nearly nine tenths"


def test_the_streams_of_the_port_lie_104_rows_apart(chapter):
    assert chapter.names["deep"] - chapter.names["skip"] == 104
    assert 596.5 - 492.5 == 104


def test_the_pictures_say_what_their_captions_say(chapter):
    near, far, _ = (ax.get_title() for ax in chapter.values["windows-compared"].axes[:3])
    assert near == "18 px: bicycle" and far == "42 px: bus"
    assert chapter.values["street"].axes[0].get_title().startswith("the window: bus")


# --- Each wrong option is answered ------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "number"), [("predict-cost", "148"), ("predict-shortcut", "34")])
def test_every_reply_leads_to_the_number(chapter, cell, number):
    wrong = [reply for text, reply in replies(chapter, cell).items() if not text.startswith(("about 150", "34"))]
    assert wrong and all(number in reply for reply in wrong)


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given --------------------------------

LIKELY = [
    ("1", 11 * 15, "The whole window must"),
    ("2", 320, "a whole window"),
    ("3", [16, 16, 29], "16 are channels"),
    ("3", [4, 4, 5], "Windows may overlap"),
    ("4", 55 * 4 / 32, "along one axis"),
    ("5", [12.5, 19], "VGG16's"),
    ("7", 104, "pool4's"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


def test_a_kernel_in_the_other_order_is_told_its_reason():
    verdict = verdict_on(PATH, "exercise-6", "kernel = folded")
    assert verdict.state == "wrong" and "channels first" in verdict.words
