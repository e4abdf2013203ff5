"""The error-message index: every example raises its message, every mend runs, and neither leaves a trace."""

import ast
import os
import re
from pathlib import Path

import pytest
import torch

from segviz.backmatter import messages

ENTRIES = messages.entries()
LOUD = [entry for entry in ENTRIES if not entry.silent]
QUOTED = [entry for entry in ENTRIES if entry.quoted]
SILENT = [entry for entry in ENTRIES if entry.silent]
PAGE = Path(__file__).parents[2] / "book" / "error-messages.md"


def made_of(**fields):
    return messages.Entry(**{"id": "x", "group": "sizes", "title": "", "cause": "", "advice": "", **fields})


def test_a_message_is_its_type_and_its_words():
    assert messages.raised(made_of(example="1 / 0", mend="1")) == "ZeroDivisionError: division by zero"


def test_an_example_that_raises_nothing_is_refused():
    with pytest.raises(RuntimeError, match="x: its example raises nothing"):
        messages.raised(made_of(example="1 + 1", mend="1"))


def test_a_mend_goes_on_where_the_example_stopped():
    assert messages.mended(made_of(example="x = 20\nx / 0", mend="x = x + 1\n2 * x")) == "42"


def test_a_mend_that_fails_is_not_hidden():
    with pytest.raises(NameError):
        messages.mended(made_of(example="1 / 0", mend="nowhere"))


def test_examples_leave_no_files_and_no_random_numbers_behind():
    before, state = os.getcwd(), torch.get_rng_state()
    messages.mended(made_of(example="torch.rand(3)\nopen('left', 'w').close()\n1 / 0", mend="torch.rand(1)"))
    assert os.getcwd() == before
    assert not Path("left").exists()
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("entry", LOUD, ids=lambda entry: entry.id)
def test_the_example_really_raises_what_the_heading_says(entry):
    assert entry.title in messages.raised(entry)


# Other words of a mistake, and the code that raises them here; a GPU is the only one to say the rest.
SCORES = "scores = torch.zeros(1, 3, 2, 2)\n"
ALSO = {
    "'dict' object has no attribute": "dict(out=1).argmax(1)",
    "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not collections.OrderedDict": (
        "import collections\nF.cross_entropy(collections.OrderedDict(), torch.zeros(1, 2, 2).long())"
    ),
    "expected target dtype to be Long or Byte, but got Float": SCORES + "F.cross_entropy(scores, torch.zeros(1, 2, 2))",
    "expected target dtype to be Long or Byte, but got Int": (
        SCORES + "F.cross_entropy(scores, torch.zeros(1, 2, 2).int())"
    ),
    "Input type (double) and bias type (float) should be the same": (
        "nn.Conv2d(1, 1, 1)(torch.rand(1, 1, 2, 2).double())"
    ),
    "expected m1 and m2 to have the same dtype, but got: double != float": (
        "torch.rand(2, 2).double() @ torch.rand(2, 2)"
    ),
    "probabilities must have two classes or more": "segviz.dense_crf(torch.ones(1, 4, 4), torch.ones(3, 4, 4))",
    "probabilities must be 0 or more": "segviz.dense_crf(-torch.ones(2, 4, 4), torch.ones(3, 4, 4))",
    "images must be in [0, 1], got values from": (
        "segviz.training.evaluate(nn.Conv2d(3, 2, 1), [(torch.full((3, 2, 2), 9.0), torch.zeros(2, 2).long())])"
    ),
    "is not known, so the model cannot be traced": (
        "segviz.receptive_field(type('Spectrum', (nn.Module,), {'forward': lambda _, x: torch.fft.fft2(x).real})())"
    ),
    "the receptive field reaches the border of a map of": (
        "segviz.receptive_field(nn.Conv2d(1, 1, 9, padding=4), size=(8, 8))"
    ),
}
ONLY_ON_A_GPU = {"CUDA error: device-side assert triggered"}


def test_other_words_of_a_mistake_are_really_said():
    said = {line for entry in ENTRIES for line in entry.also.splitlines()}
    assert said == set(ALSO) | ONLY_ON_A_GPU
    for words, code in ALSO.items():
        assert words in messages.raised(made_of(example=code, mend="1")), words


@pytest.mark.parametrize("entry", QUOTED, ids=lambda entry: entry.id)
def test_words_that_only_a_gpu_says_are_those_of_pytorchs_library(entry):
    library = Path(torch.__file__).parent / "lib" / "libc10_cuda.so"
    if not library.is_file():
        pytest.skip("this PyTorch comes without CUDA")
    kind, words = entry.quoted.split(": ", 1)
    assert kind == f"torch.{torch.OutOfMemoryError.__name__}"
    held = library.read_bytes()
    for part in re.split(r"…|, and|GPU", words):
        assert part.strip(" .").encode() in held, part


def test_without_a_gpu_a_quoted_message_is_shown_and_with_one_it_is_raised(monkeypatch):
    entry = made_of(example="1 / 0", mend="1", quoted="ZeroDivisionError: …")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert messages.raised(entry) == "ZeroDivisionError: …"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert messages.raised(entry) == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("entry", LOUD, ids=lambda entry: entry.id)
def test_the_mend_really_runs_and_shows_a_value(entry):
    assert messages.mended(entry) != "None"


@pytest.mark.parametrize("entry", SILENT, ids=lambda entry: entry.id)
def test_where_nothing_is_raised_the_value_is_wrong_and_the_mend_gives_another(entry):
    assert messages.shown(entry) != messages.mended(entry)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_is_whole_and_fits_the_page(entry):
    assert entry.cause and entry.advice and entry.example and entry.mend
    assert all(len(line) <= 88 for code in (entry.example, entry.mend) for line in code.splitlines())
    assert isinstance(ast.parse(entry.mend).body[-1], ast.Expr)
    for target in re.findall(r"\(#message-([\w-]+)\)", entry.cause + entry.advice):
        assert target in {other.id for other in ENTRIES}
    for target in re.findall(r"\]\((\.\./[^)]+|[\w-]+\.md)\)", entry.cause + entry.advice + entry.see):
        assert (PAGE.parent / target).exists(), target


def test_ids_are_distinct_and_every_group_is_on_the_page():
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)
    assert {entry.group for entry in ENTRIES} == set(messages.groups())
    assert re.findall(r"```\{messages\} (\w+)", PAGE.read_text()) == list(messages.groups())
    assert all(heading in PAGE.read_text() for heading in messages.groups().values())


def test_the_messages_that_readers_ask_about_most_are_there():
    titles = " ".join(entry.title for entry in ENTRIES)
    for words in (
        "more than 1 value per channel",
        "invalid max index",
        "either stride or dilation",
        "align_corners",
        "out of memory",
    ):
        assert words in titles
