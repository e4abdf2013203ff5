"""Exercises say what went wrong, and never the answer."""

import numpy as np
import pytest
import torch

from segviz.lessons.exercises import check


def test_a_right_number_is_right():
    verdict = check(6, 6)
    assert verdict
    assert str(verdict) == "Right."


@pytest.mark.parametrize("unanswered", [..., None, [..., ...], (3, ...)])
def test_dots_ask_for_an_answer_and_are_no_mistake(unanswered):
    verdict = check(unanswered, [3, 4])
    assert verdict.state == "open"
    assert str(verdict).startswith("Your turn:")


def test_a_wrong_number_is_shown_and_the_answer_is_not():
    words = str(check(5, 6417))
    assert words == "Not yet: 5 arrived."


def test_a_hint_answers_the_belief_behind_a_wrong_value():
    hints = {5: "That is the convolution's formula.", 7: "Mind the padding."}
    assert "the convolution's formula" in str(check(5, 6, hints=hints))
    assert "padding" not in str(check(5, 6, hints=hints))
    assert "padding" not in str(check(8, 6, hints=hints))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (2.50001, 2.5),
        (6.0, 6),
        (np.float32(0.1), 0.1),
        (torch.tensor(3), 3),
        ((1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        ([1, [2, 3.0]], [1, [2, 3]]),
        (torch.tensor([1, 2]), [1, 2]),
        ([[1.0, 2.0]], torch.tensor([[1.0, 2.00001]])),
        (np.eye(2), torch.eye(2)),
        ("bilinear", "bilinear"),
        ({1: 2}, {1: 2}),
    ],
)
def test_equal_values_are_right_in_whatever_form_they_come(answer, expected):
    assert check(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        ("6", 6, "'6' is a text, and a number is asked for."),
        (True, 1, "True is a truth value, and a number is asked for."),
        (1, True, "1 is a number, and a truth value is asked for."),
        (3, [3], "3 is a number, and a list is asked for."),
        ([1, 2], [1, 2, 3], "[1, 2] arrived: too few entries."),
        ([1, 2, 3], [1, 2], "[1, 2, 3] arrived: too many entries."),
        ([1, 9, 3], [1, 2, 3], "[1, 9, 3] arrived; counted from 0, entry 1 is not right."),
        ([9, 2, 9], [1, 2, 3], "[9, 2, 9] arrived; counted from 0, entries 0, 2 are not right."),
        ([8, 9], [1, 2], "[8, 9] arrived; no entry is right yet."),
        (3, torch.ones(2), "3 is a number, and a tensor is asked for."),
        (["a"], torch.ones(1), "['a'] is a list, and a tensor is asked for."),
        ([[1], [1, 2]], torch.ones(1), "[[1], [1, 2]] is a list, and a tensor is asked for."),
        (torch.ones(2, 3), torch.ones(3, 2), "the shape (2, 3) arrived, and (3, 2) is asked for."),
        (abs, 3, "a function arrived, and a number is asked for."),
    ],
)
def test_a_wrong_answer_says_what_is_wrong_with_it(answer, expected, words):
    assert str(check(answer, expected)) == f"Not yet: {words}"


def test_a_tensor_names_its_first_wrong_entry_and_how_many_there_are():
    answer = torch.zeros(2, 2)
    answer[1, 0] = 7
    words = str(check(answer, torch.zeros(2, 2)))
    assert "1 of 4 entries" in words
    assert "(1, 0), where yours is 7" in words


def test_a_hint_may_be_keyed_by_a_tensor_or_a_list():
    hints = [(torch.ones(2), "These are the counts."), ([0, 0], "Nothing arrives.")]
    assert str(check(torch.ones(2), torch.tensor([1.0, 2.0]), hints=hints)).endswith("These are the counts.")
    assert str(check([0, 0], [1, 2], hints=hints)).endswith("Nothing arrives.")


def size(i, k):
    return i - k + 1


def test_functions_are_compared_on_examples():
    assert check(lambda i, k: i + 1 - k, size, examples=[(5, 3), (4, 4)])
    words = str(check(lambda i, k: i - k, size, examples=[(5, 3), (4, 4)]))
    assert words == "Not yet: for <lambda>(5, 3), 2 arrived. (2 of 2 examples differ.)"


def test_a_hint_for_a_function_is_the_function_of_the_belief():
    hints = [(lambda i, k: i - k, "The kernel fits once more than it can step.")]
    assert "once more" in str(check(lambda i, k: -k + i, size, hints=hints, examples=[(5, 3)]))
    assert "once more" not in str(check(lambda i, k: i + k, size, hints=hints, examples=[(5, 3)]))


def test_a_single_argument_needs_no_tuple():
    assert check(lambda n: 2 * n, lambda n: n + n, examples=[1, 2])


def test_a_function_that_raises_or_returns_nothing_is_told_so():
    words = str(check(lambda n: 1 // n, lambda n: n, examples=[0]))
    assert words == "Not yet: <lambda>(0) raises ZeroDivisionError: integer division or modulo by zero"
    assert str(check(lambda n: None, lambda n: n, examples=[0])).startswith("Your turn:")


def test_a_function_without_examples_is_refused():
    with pytest.raises(ValueError, match="examples"):
        check(size, size)


def test_long_answers_are_cut():
    assert len(str(check(list(range(1000)), [1]))) < 120


def test_the_notebook_shows_the_same_words_with_code_set_as_code():
    html = check(lambda n: "<b>", lambda n: n, examples=[1])._repr_html_()
    assert "<code>&lt;lambda&gt;(1)</code>" in html
    assert "<b>" not in html
    assert "<strong>Not yet:</strong>" in html
    assert "<strong>Right.</strong>" in check(1, 1)._repr_html_()


@pytest.mark.parametrize(("answer", "told"), [(0.49, True), (0.5, True), (0.492, True), (0.48, False), (0.4912, False)])
def test_a_rounded_answer_is_told_that_it_is_rounded(answer, told):
    verdict = check(answer, 63 / 128)  # 0.4921875
    assert verdict.state == "wrong"
    assert ("rounded: give four digits" in verdict.words) is told
