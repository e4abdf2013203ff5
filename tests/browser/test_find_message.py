"""A traceback's last line, pasted into the index of error messages, leaves the one that explains it."""

import tomllib
from pathlib import Path

import pytest

from segviz.backmatter.messages import entries, raised

PAGE = "book/error-messages.html"
SHOWN = """() => [...document.querySelectorAll("section section section")]
  .filter((section) => section.checkVisibility()).map((section) => section.querySelector("h3").textContent)"""
FOUND = """(lines) => lines.map((line) => {
  const input = document.querySelector("#find-message");
  input.value = line;
  input.dispatchEvent(new Event("input"));
  const left = document.querySelectorAll("section section section:not([hidden])");
  return [...left].map(({ id }) => id.replace("message-", ""));
})"""
PUBLIC = tomllib.loads(Path(__file__).with_name("pasted.toml").read_text(encoding="utf-8"))["lines"]
PASTED = [
    (
        "ValueError: Expected more than 1 value per channel when training, got input size torch.Size([1, 256, 1, 1])",
        "Expected more than 1 value per channel when training",
    ),
    (
        "RuntimeError: Sizes of tensors must match except in dimension 1. Expected size 45 but got size 44 for tensor "
        "number 1 in the list.",
        "Sizes of tensors must match except in dimension 1",
    ),
    (
        "ValueError: Found an invalid max index: 931 (output volumes are of size 30x30)",
        "Found an invalid max index",
    ),
    ("IndexError: Target 255 is out of bounds.", "Target 255 is out of bounds"),
    (
        "RuntimeError: Given groups=1, weight of size [64, 3, 7, 7], expected input[8, 4, 512, 512] to have 3 "
        "channels, but got 4 channels instead",
        "expected input[1, 1, 32, 32] to have 3 channels, but got 1 channels instead",
    ),
    (
        "RuntimeError: stack expects each tensor to be equal size, but got [3, 375, 500] at entry 0 and [3, 333, 500] "
        "at entry 1",
        "stack expects each tensor to be equal size, but got",
    ),
    (
        "RuntimeError: Expected shape of indices to be same as that of the input tensor ([1, 512, 16, 29]) but got "
        "indices tensor with shape: [1, 512, 17, 30]",
        "Expected shape of indices to be same as that of the input tensor",
    ),
    (
        "AttributeError: 'collections.OrderedDict' object has no attribute 'shape'",
        "'collections.OrderedDict' object has no attribute",
    ),
    (
        "ValueError: Target size (torch.Size([4, 572, 572])) must be the same as input size "
        "(torch.Size([4, 1, 388, 388]))",
        "Target size (torch.Size([1, 4, 4])) must be the same as input size (torch.Size([1, 1, 4, 4]))",
    ),
    # Other words of an entry are searched like its title.
    ("RuntimeError: CUDA error: device-side assert triggered", "Target 255 is out of bounds"),
    (
        "RuntimeError: expected target dtype to be Long or Byte, but got Float",
        "expected scalar type Long but found Byte",
    ),
    # Words that every entry has are nothing to go by.
    ("RuntimeError: expected scalar type Double but found Float", "expected scalar type Double but found Float"),
    (
        "ValueError: probabilities must add up to 1 over the classes at every pixel; one pixel is off by 0.51. Where "
        "each class has a sigmoid of its own, take p / p.sum(0); of logits, softmax(dim=0)",
        "probabilities must add up to 1 over the classes at every pixel",
    ),
    (
        "RuntimeError: size mismatch (got input: [8, 21, 65, 65] , target: [8, 513, 513]",
        "size mismatch (got input: [1, 3, 8, 8] , target: [1, 16, 16]",
    ),
    (
        "ValueError: training_set holds no class but 0 beside pixels of 255, which are ignored (ignore_index), in 500 "
        "pictures: there is nothing to tell apart.",
        "pixels of 255, which are ignored (ignore_index), in",
    ),
]


def test_every_message_has_its_anchor(page_at):
    sections = page_at(PAGE, javascript=False).page.locator("section section section").all()
    assert [section.get_attribute("id") for section in sections] == [f"message-{each.id}" for each in entries()]


@pytest.mark.parametrize(("pasted", "title"), PASTED)
def test_a_pasted_line_finds_its_message_whatever_its_numbers(page_at, pasted, title):
    page = page_at(PAGE).page
    every = page.evaluate(SHOWN)
    page.fill("#find-message", pasted)
    found = page.evaluate(SHOWN)
    assert title in found[0]
    assert len(found) <= 3 < len(every)
    assert page.locator(".book-find [role=status]").inner_text() == f"{len(found)} of {len(every)}"


def test_lines_of_public_issues_find_the_entry_that_explains_them_and_no_other(page_at):
    assert len(PUBLIC) >= 30 and all(each["source"] for each in PUBLIC)
    lines = [each["line"] for each in PUBLIC]
    right = [[each["entry"]] if each["entry"] else [] for each in PUBLIC]
    got = page_at(PAGE).page.evaluate(FOUND, lines)
    assert [told for told in zip(lines, got, right, strict=True) if told[1] != told[2]] == []


def test_every_error_of_the_page_finds_itself_whole_or_by_its_last_line(page_at):
    loud = [(entry.id, raised(entry)) for entry in entries() if not entry.silent]
    lines = [(name, line.replace("\n", " ")) for name, said in loud for line in {said, said.splitlines()[-1]}]
    got = page_at(PAGE).page.evaluate(FOUND, [line for _, line in lines])
    assert [(line, ids) for (name, line), ids in zip(lines, got, strict=True) if ids != [name]] == []


def test_a_word_is_enough_and_empty_groups_go(page_at):
    page = page_at(PAGE).page
    page.fill("#find-message", "unpool")
    assert page.evaluate(SHOWN)
    assert not page.locator("#loading-weights").is_visible()


def test_nothing_found_is_said_and_an_empty_box_shows_all(page_at):
    page = page_at(PAGE).page
    every = page.evaluate(SHOWN)
    page.fill("#find-message", "zebra")
    assert page.evaluate(SHOWN) == []
    assert "Not on this page" in page.locator(".book-find [role=status]").inner_text()
    page.fill("#find-message", "")
    assert page.evaluate(SHOWN) == every


@pytest.mark.parametrize("width", [390, 1280])
def test_messages_are_a_list_until_one_is_opened(page_at, width):
    page = page_at(PAGE, width=width).page
    entry = page.locator("#message-min-size")
    assert page.locator("details.book-entry[open]").count() == 0
    assert f"{len(entries())} messages" in page.locator(".book-find [role=status]").inner_text()
    entry.locator("summary").focus()
    page.keyboard.press("Enter")
    assert entry.get_by_text("Mend.").is_visible()


def test_what_is_found_stands_open_in_the_phones_first_screen(page_at):
    page = page_at(PAGE, width=390, height=844).page
    page.fill("#find-message", "invalid max index")
    found = page.locator("#message-invalid-max-index .book-message")
    assert found.is_visible()
    assert found.bounding_box()["y"] < 844


def test_a_link_from_elsewhere_opens_its_message(page_at):
    page = page_at(f"{PAGE}#message-min-size").page
    assert page.locator("#message-min-size").get_by_text("Mend.").is_visible()
    assert page.locator("details.book-entry[open]").count() == 1


def test_on_paper_every_message_stands_open(page_at):
    page = page_at(PAGE).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.book-entry:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.book-entry[open]").count() == 0


def test_a_link_to_a_message_that_is_put_away_shows_it(page_at):
    page = page_at(PAGE, scheme="file").page
    page.fill("#find-message", "argparse")
    assert not page.locator("#message-min-size").is_visible()
    page.evaluate("location.hash = '#message-min-size'")
    page.wait_for_function("document.querySelector('#find-message').value === ''")
    assert page.locator("#message-min-size").get_by_text("Mend.").is_visible()


def test_without_javascript_all_messages_are_there_and_no_box(page_at):
    page = page_at(PAGE, javascript=False).page
    assert not page.locator(".book-find").is_visible()
    assert page.locator("#message-min-size").get_by_text("Mend.").is_visible()
