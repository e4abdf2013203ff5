"""The error-message index: every example raises its message, every mend runs, and neither leaves a trace."""

import ast
import mmap
import os
import re
import tomllib
from pathlib import Path

import pytest
import torch

from segviz.backmatter import messages

ENTRIES = messages.entries()
# What a release is too old for is shown by newer ones.
TOO_NEW = {"exported-at-one-size"} if torch.__version__ < "2.7.dev0" else set()
LOUD = [entry for entry in ENTRIES if not entry.silent and entry.id not in TOO_NEW]
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
    "has its windows from the size of the map, and a file for every size would keep those of one": (
        "from segviz.inference.exporting import to_onnx\nto_onnx(nn.AdaptiveAvgPool2d(4), 'net.onnx')"
    ),
}
ALSO |= {
    "cross_entropy_loss(): argument 'input' (position 1) must be Tensor, not tuple": (
        "F.cross_entropy((torch.zeros(1, 2, 2, 2),), torch.zeros(1, 2, 2).long())"
    ),
    "Trying to resize storage that is not resizable": (
        "from torch.utils.data import DataLoader\n"
        "pictures = [torch.rand(3, 8, 9), torch.rand(3, 8, 8)]\n"
        "next(iter(DataLoader(pictures, batch_size=2, num_workers=1)))"
    ),
    "Sizes of tensors must match except in dimension 0": "torch.cat([torch.rand(1, 3, 4), torch.rand(1, 3, 5)])",
    "not implemented for 'Int'": "F.interpolate(torch.zeros(1, 1, 2, 2).int(), size=(3, 3))",
    "Using a target size (torch.Size([1, 4, 4])) that is different to the input size (torch.Size([1, 1, 4, 4]))": (
        "F.binary_cross_entropy(torch.rand(1, 1, 4, 4), torch.zeros(1, 4, 4))"
    ),
    "Missing key(s) in state_dict": "nn.Conv2d(1, 1, 1).load_state_dict({})",
    "Check the documentation of torch.load to learn more about types accepted by default with weights_only": (
        "file = io.BytesIO()\ntorch.save(nn.Conv2d(1, 1, 1), file)\ntorch.load(io.BytesIO(file.getvalue()))"
    ),
}
# Of files in a folder: raised in tests/data/test_folders.py.
OF_FOLDERS = {"holds colors that labels does not name", "is a JPEG, which changes numbers along outlines"}
# What this PyTorch does not say here, since it takes a GPU or was said by an older release: an issue quotes it.
QUOTED_IN_ISSUES = {
    "CUDA error: device-side assert triggered",
    "Assertion `t >= 0 && t < n_classes` failed",
    "Assertion `cur_target >= 0 && cur_target < n_classes' failed",
    "Input type (torch.cuda.FloatTensor) and weight type (torch.FloatTensor) should be the same",
    "size mismatch, m1: [1 x 8192], m2: [25088 x 4096]",
    "input and indices shapes do not match",
    "\"upsample_bilinear2d_channels_last\" not implemented for 'Byte'",
    "is not implemented for type torch.ByteTensor",
    "Expected object of scalar type Long but got scalar type Float for argument #2 'target'",
    "Expected 4-dimensional input for 4-dimensional weight",
    "weight tensor should be defined either for all 19 classes or no classes",
    "bool value of Tensor with more than one value is ambiguous",
    "Expected image height and width divisible by 32. Consider pad your images to shape",
    "Height and Width of image, mask or masks should be equal. You can disable shapes check",
    "Target and input must have the same number of elements",
}


def test_other_words_of_a_mistake_are_really_said():
    said = {line for entry in ENTRIES for line in entry.also.splitlines()}
    assert said == set(ALSO) | QUOTED_IN_ISSUES | OF_FOLDERS
    issues = tomllib.loads((Path(__file__).parents[1] / "browser" / "pasted.toml").read_text(encoding="utf-8"))
    for words in QUOTED_IN_ISSUES:
        assert any(words in each["line"] for each in issues["lines"]), words
    for words, code in ALSO.items():
        assert words in messages.raised(made_of(example=code, mend="1")), words


@pytest.mark.parametrize("entry", QUOTED, ids=lambda entry: entry.id)
def test_words_that_only_a_gpu_says_are_those_of_pytorchs_library(entry):
    kind, words = entry.quoted.split(": ", 1)
    of_memory = kind == f"torch.{torch.OutOfMemoryError.__name__}"
    assert of_memory or kind == "RuntimeError"
    library = Path(torch.__file__).parent / "lib" / ("libc10_cuda.so" if of_memory else "libtorch_cpu.so")
    if not library.is_file():
        pytest.skip("this PyTorch comes without CUDA")
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        for part in re.split(r"…|, and|GPU|torch[\w.]*FloatTensor", words):
            assert held.find(part.strip(" .").encode()) >= 0, part


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
