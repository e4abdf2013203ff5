"""Questions to predict: their texts stand in files, their answers are computed by the notebook.

The texts of a chapter's questions stand in `segviz/lessons/questions/<chapter>.toml`, so that a notebook shows no
spoiler. The answer does not stand there: the notebook computes it, and the right option is the one whose `value` equals
it::

    [five-sizes]
    question = "A 3 × 3 map goes through `nn.ConvTranspose2d(1, 1, 2, stride=2)`. How large is the output?"

    [[five-sizes.options]]
    value = 6                   # what the option claims: a number, a string, true or false, or a list of these
    text = "6 × 6"
    reply = "Each input paints a 2 × 2 patch, and stride 2 sets the patches side by side: {answer} × {answer}."

    [[five-sizes.options]]
    value = 4
    text = "4 × 4"
    reply = "That is stride 1, where neighboring patches overlap."

In the notebook, as the last line of a cell::

    predict("transposed-convolution", "five-sizes", answer=conv_transpose_size(3, 2, stride=2))

Text between backticks is set as code. A field in braces is filled from the call: `{answer}` is always there, further
ones are keyword arguments (`predict(…, answer=…, rows=16)` fills `{rows}`); a format works too (`{share:.1%}`), and a
brace that is meant as such is doubled. The reply to the right option says why it is right; each other reply answers
the belief that leads to that option.
"""

import math
import tomllib
from pathlib import Path
from typing import Any

from segviz.widgets import Question

TEXTS = Path(__file__).parent


def predict(chapter: str, name: str, *, answer: Any, **fields: Any) -> Question:
    """The question `name` of a chapter, ready to be asked; see this module's text for the file's format.

    Args:
        chapter: name of the file in `segviz/lessons/questions`, without its ending.
        name: the question's table in that file.
        answer: the computed answer; exactly one option must claim it. Floats agree to one part in a million; tuples
            and tensors count as lists.
        fields: values for the fields in braces.

    Raises:
        ValueError: unknown chapter or question, a text whose field is not given, or an answer that no option, or more
            than one, claims.
    """
    written = _written(chapter, name)
    values = {"answer": answer, **fields}

    def filled(text: str) -> str:
        try:
            return " ".join(text.split()).format_map(values)
        except (KeyError, ValueError, IndexError) as error:
            raise ValueError(f"question {name!r} of {chapter!r}: cannot fill {text!r}: {error!r}") from error

    options = written["options"]
    right = [i for i, option in enumerate(options) if _agree(option["value"], answer)]
    if len(right) != 1:
        claims = ", ".join(repr(option["value"]) for option in options)
        raise ValueError(f"question {name!r} of {chapter!r}: answer={answer!r} must equal exactly one of {claims}")
    return Question(
        key=f"{chapter}/{name}",
        question=filled(written["question"]),
        options=[{"text": filled(option["text"]), "reply": filled(option["reply"])} for option in options],
        right=right[0],
    )


def _written(chapter: str, name: str) -> dict[str, Any]:
    """The question's table in the chapter's file."""
    file = TEXTS / f"{chapter}.toml"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in TEXTS.glob("*.toml"))) or "none yet"
        raise ValueError(f"chapter={chapter!r} has no questions; chapters with questions: {known}")
    questions = tomllib.loads(file.read_text(encoding="utf-8"))
    if name not in questions:
        raise ValueError(f"name={name!r} is no question of {chapter!r}; it has {', '.join(questions) or 'none'}")
    return questions[name]


def _agree(claim: Any, answer: Any) -> bool:
    """Whether a claim is the answer; True is not 1, and floats need not agree to the last bit."""
    claim, answer = _plain(claim), _plain(answer)
    if isinstance(claim, list) and isinstance(answer, list):
        return len(claim) == len(answer) and all(map(_agree, claim, answer))
    if isinstance(claim, bool) or isinstance(answer, bool):
        return claim is answer
    if isinstance(claim, int | float) and isinstance(answer, int | float):
        return math.isclose(claim, answer, rel_tol=1e-6)
    return type(claim) is type(answer) and claim == answer


def _plain(value: Any) -> Any:
    """Tensors, arrays, tuples and ranges as lists; their scalars as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, tuple | range) else value
