"""What every chapter has, whatever it is about."""

import ast
import re
import tomllib
from collections import Counter
from itertools import pairwise

import nbformat
import pytest
from notebooks import CHAPTERS, ROOT, code_cells, is_solution, lines, prose, read, run
from pybtex.database import parse_file

from segviz.lessons import questions
from segviz.lessons.exercises import Verdict

ADDRESS = re.search(r"^\s*url: (\S+)", (ROOT / "_config.yml").read_text(), re.M)[1]
# Plain Python and no `%pip`, which marimo's converter cannot read where it is indented.
INSTALL = f'get_ipython().run_line_magic(\n        "pip", "install -q git+{ADDRESS}"\n    )'
SETUP = f'import sys\n\nif "google.colab" in sys.modules:\n    {INSTALL}\n'
BIBLIOGRAPHY = parse_file(str(ROOT / "book" / "references.bib")).entries
CITED = re.compile(r"\[([^][]+)\]\(\.\./book/references\.md#([\w-]+)\)")

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def test_there_are_chapters():
    assert CHAPTERS


# --- The file ----------------------------------------------------------------------------------------


@each_chapter
def test_the_notebook_is_valid_stripped_and_for_any_python_3(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code_cells(path))


@each_chapter
def test_cells_have_names_that_stay(path):
    names = [cell.id for cell in read(path).cells]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)] == []
    assert [name for name in names if re.fullmatch(r"[0-9a-f]{8}", name)] == []  # as editors make them up


# --- Code --------------------------------------------------------------------------------------------


@each_chapter
def test_the_first_code_cell_readies_colab_and_imports_segviz(path):
    first = code_cells(path)[0].source
    assert first.startswith(SETUP)
    assert "from segviz import" in first


@each_chapter
def test_cells_are_plain_python_which_every_converter_reads(path):
    for cell in code_cells(path):
        ast.parse(cell.source)


@each_chapter
def test_code_cells_are_short(path):
    # What readies Colab is the same in every chapter, and is not read.
    lengths = {cell.id: len(lines(cell.source.removeprefix(SETUP))) for cell in code_cells(path)}
    assert {name: length for name, length in lengths.items() if length > 8} == {}
    assert sum(lengths.values()) / len(lengths) < 6


@each_chapter
def test_no_line_of_code_is_wider_than_the_page(path):
    wide = [line for cell in code_cells(path) for line in lines(cell.source) if len(line) > 76]
    assert wide == []


@each_chapter
def test_prose_stands_between_code_cells(path):
    cells = [cell for cell in read(path).cells if not (cell.cell_type == "code" and is_solution(cell))]
    pairs = pairwise(cells)
    assert [b.id for a, b in pairs if a.cell_type == b.cell_type == "code"] == []


@each_chapter
def test_a_chapter_holds_no_machinery(path):
    sources = [cell.source for cell in code_cells(path)]
    assert [source for source in sources if re.search(r"^\s*class ", source, re.M)] == []
    assert sum(len(re.findall(r"^def ", source, re.M)) for source in sources) <= 6


@each_chapter
def test_numbers_are_asserted(path):
    asserts = sum(len(re.findall(r"^\s*assert ", cell.source, re.M)) for cell in code_cells(path))
    assert asserts >= 10


# --- Anatomy -----------------------------------------------------------------------------------------


@each_chapter
def test_it_opens_with_its_title_and_says_what_for_how_long_and_from_where(path):
    text = prose(path)
    assert re.match(r"# \S", text)
    assert len(re.findall(r"^# ", text, re.M)) == 1
    for words in ("You will be able to", "**Time:**", "**You need:**"):
        assert words in text.split("\n## ")[0]


@each_chapter
def test_it_ends_with_exercises_three_lines_and_references(path):
    headings = re.findall(r"^## (.+)$", prose(path), re.M)
    assert headings[-3:] == ["Exercises", "Three lines to remember", "References"]
    remember = prose(path).split("## Three lines to remember")[1].split("\n## ")[0]
    assert re.findall(r"^(\d)\. ", remember, re.M) == ["1", "2", "3"]


@each_chapter
def test_a_misconception_is_named(path):
    assert re.search(r"^## .*misconception", prose(path), re.M)


@each_chapter
def test_it_asks_before_the_first_figure_moves(path):
    shown = [lines(cell.source)[-1] for cell in code_cells(path)]
    asks = [i for i, line in enumerate(shown) if line.startswith("predict(")]
    figures = r"\w+(Explorer|Editor|Lab|Hunt|Ladder|Classifier|Anatomy|Arena)\("
    moves = [i for i, line in enumerate(shown) if re.match(figures, line)]
    assert asks and moves and asks[0] < moves[0]


@each_chapter
def test_its_questions_are_those_on_file(path):
    asked = re.findall(r'predict\("([\w-]+)", "([\w-]+)"', "\n".join(cell.source for cell in code_cells(path)))
    on_file = tomllib.loads((questions.TEXTS / f"{path.stem}.toml").read_text(encoding="utf-8"))
    assert asked == [(path.stem, name) for name in on_file]


@each_chapter
def test_an_equation_is_numbered_and_every_reference_finds_one(path):
    numbered = set(re.findall(r"^\$\$ \(([\w-]+)\)$", prose(path), re.M))
    assert numbered
    assert set(re.findall(r"\{eq\}`([\w-]+)`", prose(path))) <= numbered


def test_no_label_of_an_equation_or_a_figure_stands_in_two_chapters():
    named = Counter()
    for path in CHAPTERS:
        figures = [cell.metadata.get("mystnb", {}).get("figure", {}).get("name") for cell in read(path).cells]
        named.update({*re.findall(r"^\$\$ \(([\w-]+)\)$", prose(path), re.M), *filter(None, figures)})
    assert [label for label, chapters in named.items() if chapters > 1] == []


@each_chapter
def test_new_words_lead_to_the_glossary(path):
    assert len(re.findall(r"\]\(\.\./book/glossary\.md#term-", prose(path))) >= 5  # that they arrive, Sphinx sees to


@each_chapter
def test_works_are_cited_that_the_bibliography_has(path):
    body, references = prose(path).split("## References")
    cited, listed = ({key for _, key in CITED.findall(text)} for text in (body, references))
    assert cited and cited <= listed <= set(BIBLIOGRAPHY)


@each_chapter
def test_a_citation_has_the_year_and_the_author_of_its_work(path):
    for words, key in CITED.findall(prose(path)):
        work = BIBLIOGRAPHY[key]
        author, _, year = words.rpartition(", ")
        assert year == work.fields["year"]
        assert author.startswith(" ".join(work.persons["author"][0].last_names) if author else "")


@each_chapter
def test_colab_has_no_markup_to_show_but_that_of_equations(path):
    """It knows no roles of MyST; Markdown's own links serve both."""
    assert set(re.findall(r"\{([\w:]+)\}`", prose(path))) <= {"eq"}


@each_chapter
def test_it_reads_in_about_25_minutes(path):
    body = re.sub(r"\$\$.*?\$\$|<[^>]+>", " ", prose(path).split("## Exercises")[0], flags=re.S)
    assert 1200 <= len(body.split()) <= 3500  # at 200 words a minute, and as long again for code and figures


# --- Figures -----------------------------------------------------------------------------------------


@each_chapter
def test_every_still_figure_has_words_for_those_who_do_not_see_it_and_says_what_it_shows(path):
    for cell in code_cells(path):
        if re.match(r"\w*plots\.|plt\.show", lines(cell.source)[-1]):
            about = cell.metadata.mystnb
            assert len(about.image.alt.split()) >= 10, cell.id
            assert len(about.figure.caption.split()) >= 8, cell.id
            assert about.figure.name, cell.id


@each_chapter
def test_colored_words_are_of_the_palette(path):
    captions = [cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for cell in code_cells(path)]
    classes = re.findall(r'class="([^"]+)"', prose(path) + "".join(captions))
    assert set(classes) <= {"sv-input", "sv-output", "sv-kernel", "sv-illegal"}


# --- Exercises ---------------------------------------------------------------------------------------


@each_chapter
def test_there_are_six_exercises_or_more_each_with_a_hidden_solution(path):
    exercises = re.findall(r"^### (\d+)\. ", prose(path).split("## Exercises")[1], re.M)
    assert exercises == [str(number) for number in range(1, len(exercises) + 1)]
    solutions = [cell for cell in code_cells(path) if is_solution(cell)]
    assert len(exercises) >= 6
    assert [cell.id for cell in solutions] == [f"exercise-{number}-solution" for number in exercises]
    for cell in solutions:
        assert "hide-cell" in cell.metadata.tags
        assert cell.metadata.jupyter.source_hidden


@each_chapter
def test_exercises_are_open_and_their_solutions_right(path):
    verdicts = {name: value for name, value in run(path).values.items() if isinstance(value, Verdict)}
    solutions = [cell.id for cell in code_cells(path) if is_solution(cell)]
    for solution in solutions:
        assert verdicts[solution], f"{solution}: {verdicts[solution]!r}"
        assert verdicts[solution.removesuffix("-solution")].state == "open"
