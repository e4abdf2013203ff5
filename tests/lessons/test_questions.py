"""Questions: texts from the chapter's file, the answer from the notebook."""

import tomllib

import numpy as np
import pytest
import torch

from segviz.lessons import predict, questions
from segviz.widgets import Question

TEXT = '''
[size]
question = """A {rows} × {rows} map through `stride=2`: how
    large?"""

[[size.options]]
value = 6
text = "6 × 6"
reply = "Side by side: {answer} × {answer}."

[[size.options]]
value = 4
text = "4 × 4"
reply = "That is stride 1."

[share]
question = "What share?"

[[share.options]]
value = 0.5
text = "half"
reply = "Exactly {answer:.1%} <of it>."

[[share.options]]
value = [1, 2]
text = "two"
reply = "No."

[[share.options]]
value = true
text = "{{all}}"
reply = "No."

[[share.options]]
value = "none"
text = "none"
reply = "No."

[twice]
question = "?"
options = [{ value = 1, text = "a", reply = "b" }, { value = 1.0, text = "c", reply = "d" }]
'''


@pytest.fixture(autouse=True)
def texts(tmp_path, monkeypatch):
    (tmp_path / "chapter.toml").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(questions, "TEXTS", tmp_path)


def test_the_option_that_claims_the_answer_is_the_right_one():
    asked = predict("chapter", "size", answer=6, rows=3)
    assert asked.right == 0
    assert asked.question == "A 3 × 3 map through `stride=2`: how large?"
    assert asked.options[0]["reply"] == "Side by side: 6 × 6."
    assert asked.key == "chapter/size"
    assert asked.choice is None


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (0.5, 0),
        (0.5 + 1e-9, 0),
        (np.float32(0.5), 0),
        (torch.tensor(0.5), 0),
        ((1, 2), 1),
        (torch.tensor([1, 2]), 1),
        (torch.Size([1, 2]), 1),
        (range(1, 3), 1),
        (True, 2),
        ("none", 3),
    ],
)
def test_answers_of_every_kind_find_their_option(answer, right):
    # The first reply formats a number, so that a question of mixed kinds must be filled with care.
    text = questions.TEXTS / "chapter.toml"
    text.write_text(text.read_text(encoding="utf-8").replace("{answer:.1%}", "half"), encoding="utf-8")
    assert predict("chapter", "share", answer=answer).right == right


@pytest.mark.parametrize("answer", [5, "6", True, [6], None, 6.001])
def test_an_answer_that_no_option_claims_is_refused(answer):
    with pytest.raises(ValueError, match="exactly one of 6, 4"):
        predict("chapter", "size", answer=answer, rows=3)


def test_an_answer_that_two_options_claim_is_refused():
    with pytest.raises(ValueError, match="exactly one"):
        predict("chapter", "twice", answer=1)


def test_a_field_that_is_not_given_is_named():
    with pytest.raises(ValueError, match="rows"):
        predict("chapter", "size", answer=6)


def test_unknown_chapters_and_questions_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="chapters with questions: chapter"):
        predict("chaptre", "size", answer=6)
    with pytest.raises(ValueError, match="it has size, share"):
        predict("chapter", "sise", answer=6)


def test_formats_and_doubled_braces_are_filled():
    asked = predict("chapter", "share", answer=0.5)
    assert asked.options[0]["reply"] == "Exactly 50.0% <of it>."
    assert asked.options[2]["text"] == "{all}"


def test_the_fallback_holds_the_answer_behind_a_fold_and_escapes_its_texts():
    html = predict("chapter", "share", answer=0.5).fallback()
    shown, folded = html.split("<details>")
    assert "Exactly" not in shown
    assert "(right)" not in shown
    assert "Exactly 50.0% &lt;of it&gt;." in folded
    assert "<code>stride=2</code>" in predict("chapter", "size", answer=6, rows=3).fallback()


def test_the_plain_form_does_not_tell_the_answer():
    assert (
        repr(predict("chapter", "size", answer=6, rows=3)) == "Question('A 3 × 3 map through `stride=2`: how large?')"
    )


def test_an_index_beyond_the_options_is_refused():
    options = [{"text": "yes", "reply": "."}, {"text": "no", "reply": "."}]
    for setting in ("right", "choice"):
        with pytest.raises(ValueError, match=f"{setting}=2"):
            Question(question="?", options=options, **{setting: 2})


def test_every_option_of_every_chapter_is_complete():
    for file in sorted(questions.TEXTS.glob("*.toml")):
        for name, written in tomllib.loads(file.read_text(encoding="utf-8")).items():
            assert written["question"], f"{file.stem}: {name}"
            assert len(written["options"]) >= 2, f"{file.stem}: {name}"
            for option in written["options"]:
                assert set(option) == {"value", "text", "reply"}, f"{file.stem}: {name}"
            texts = [option["text"] for option in written["options"]]
            assert len(set(texts)) == len(texts), f"{file.stem}: {name} offers the same text twice"
