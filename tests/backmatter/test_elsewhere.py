"""The page Elsewhere is its data file, and the file holds with today's PyTorch, its laws and its programs."""

import ast
import builtins
import copy
import re
from pathlib import Path

import numpy as np
import pytest
from packaging.version import Version

from segviz.backmatter.elsewhere import behaviors, beside, data, page
from segviz.backmatter.elsewhere.trials import TOPICS, resizing, transposed
from segviz.widgets.elsewhere import laws

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "benchmarks" / "elsewhere"
TEXT = (ROOT / "book" / "elsewhere.md").read_text(encoding="utf-8")
MEASURED = data.load()
WAYS = [(topic, way) for topic in TOPICS for way in data.ways(MEASURED, topic)]
RECIPES = [(topic, recipe) for topic in TOPICS for recipe in data.recipes(MEASURED, topic)]
IN_FULL = [(topic, way) for topic, way in WAYS if "law" in way and way["settings"] >= 500]


def name_of(value):
    return (
        "-".join(str(value[key]) for key in ("framework", "kind") if key in value) if isinstance(value, dict) else value
    )


# --- The file and today's PyTorch ---------------------------------------------------------------------


def test_the_file_holds_with_this_pytorch():
    assert data.problems(MEASURED) == []


def changed(change):
    content = copy.deepcopy(MEASURED)
    change(content)
    return content


def without_pytorch(monkeypatch):
    """Its side as it is stored, so that a test need not run it again."""
    monkeypatch.setattr(data, "pytorch_side", lambda: MEASURED["pytorch"])
    monkeypatch.setattr(behaviors, "in_torch", lambda each: MEASURED["behaviors"][each.id]["torch"])


def test_a_number_changed_in_the_file_changes_the_page_and_is_noticed(monkeypatch):
    without_pytorch(monkeypatch)

    def change(content):
        way = content["programs"][0]["ways"][0]
        way["example"] = [value + 1 for value in way["example"]]

    content = changed(change)
    topic = content["programs"][0]["topic"]
    assert page.Tables.text(None, content, topic) != page.Tables.text(None, MEASURED, topic)
    assert "edited" in data.problems(content)[0]
    with pytest.raises(RuntimeError, match="make elsewhere writes it"):
        data.check(content)


def test_a_pytorch_that_behaves_otherwise_is_said_with_its_place(monkeypatch):
    without_pytorch(monkeypatch)

    def change(side):
        side["pytorch"]["transposed"]["same"]["outputs"][3]["sum"] += 1

    monkeypatch.setattr(data, "pytorch_side", lambda: changed(change)["pytorch"])
    (found,) = data.problems(MEASURED)
    assert found.startswith("transposed, same: stored {'size': 2")


# --- Laws and recipes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "way"), [each for each in WAYS if "law" in each[1]], ids=name_of)
def test_no_law_misses(topic, way):
    assert way["law"]["misses"] == 0


def test_every_law_was_tried_at_500_settings_in_some_framework():
    tried = {way["law"]["name"] for _, way in IN_FULL}
    assert {way["law"]["name"] for _, way in WAYS if "law" in way} == tried


# One law a topic; the others take a minute: pytest -m long tests/backmatter/test_elsewhere.py
@pytest.mark.parametrize(
    ("topic", "way"),
    [
        pytest.param(topic, way, marks=() if way is first else pytest.mark.long)
        for topic, way in IN_FULL
        for first in [next(one for place, one in IN_FULL if place == topic)]
    ],
    ids=name_of,
)
def test_a_law_foretells_how_often_each_verdict_was_found(topic, way):
    trial, rest = data.trials(topic), {key: way["law"][key] for key in way["law"] if key not in ("name", "misses")}
    words = []
    for settings in trial.grid(way["kind"]):
        given = trial.inputs(settings, np.random.default_rng(0))
        foretold = trial.by_law(getattr(laws, way["law"]["name"]), way["kind"], {**settings, **rest}, given)
        words.append(beside.verdict(foretold, trial.in_torch(way["kind"], settings, given)))
    assert beside.counted(words) == way["verdicts"]


def functions_of(text):
    """The source of each function of a file, by its name."""
    return {node.name: ast.get_source_segment(text, node) for node in ast.parse(text).body if hasattr(node, "args")}


def shared_by(text, kind):
    """The recipes that a program takes from another file for this kind of layer."""
    for module, name in re.findall(rf'^recipe\("{kind}"\)\((\w+)\.(\w+)\)$', text, re.M):
        yield functions_of((PROGRAMS / f"{module}.py").read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize(("topic", "recipe"), RECIPES, ids=name_of)
def test_every_recipe_was_equal_at_200_settings_and_is_what_the_program_says(topic, recipe):
    assert recipe["equal"] == recipe["settings"] >= 200
    text = (PROGRAMS / topic / f"{recipe['framework']}.py").read_text(encoding="utf-8")
    assert recipe["source"] in [*functions_of(text).values(), *shared_by(text, recipe["kind"])]


@pytest.mark.parametrize(("topic", "recipe"), RECIPES, ids=name_of)
def test_a_recipe_brings_every_name_that_it_uses(topic, recipe):
    code = page.pasteable(PROGRAMS, topic, recipe)
    found = list(ast.walk(ast.parse(code)))
    imported = {alias.asname or alias.name for node in found for alias in getattr(node, "names", ())}
    names = [node for node in found if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {n.arg for n in found if hasattr(n, "arg")}
    made |= imported | {node.name for node in found if isinstance(node, ast.FunctionDef)} | set(dir(builtins))
    assert {node.id for node in names} <= made
    assert code.endswith(recipe["source"])


def test_a_recipe_brings_the_helpers_of_its_helpers():
    (recipe,) = (each for topic, each in RECIPES if topic == "transposed" and each["framework"] == "onnxruntime")
    code = page.pasteable(PROGRAMS, "transposed", recipe)
    assert code.startswith("from benchmarks.elsewhere.onnx_files import file_of, run_onnxruntime\n\n\ndef run(x, w")


def test_code_that_needs_a_clone_says_so():
    assert "clone" in page.shown("from benchmarks.elsewhere.ncnn_files import run")
    assert "clone" not in page.shown("import numpy as np")


def test_mean_iou_is_compared_with_segviz_which_has_it():
    text = page.Tables.text(None, MEASURED, "scores")
    assert "**In segviz:**" in text and "PyTorch" not in text
    assert page.proof(next(each for topic, each in RECIPES if topic == "scores")).startswith("Equal to segviz")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_framework_has_a_recipe_for_each_layer_of_its_topic(topic):
    names = data.words()["kinds"]
    found = {(recipe["framework"], names[recipe["kind"]]["recipe"]) for at, recipe in RECIPES if at == topic}
    frameworks, layers = ({pair[place] for pair in found} for place in (0, 1))
    if topic == "windows":
        assert {"max-pool", "average pool", "strided convolution"} <= layers
    assert found == {(framework, layer) for framework in frameworks for layer in layers}


def test_every_program_is_in_the_file():
    written = {f"{path.parent.name}/{path.stem}" for path in PROGRAMS.glob("*/*.py")} - {
        f"{t}/__init__" for t in TOPICS
    }
    assert {f"{each['topic']}/{each['framework']}" for each in MEASURED["programs"]} == written


def test_versions_are_the_pinned_ones():
    pins = [line.split("==") for path in PROGRAMS.glob("environments/*.txt") for line in path.read_text().split()]
    assert pins and all(Version(MEASURED["versions"][name]) == Version(version) for name, version in pins)


# --- Verdicts by hand ---------------------------------------------------------------------------------


def plane(*values):
    return np.array(values, float).reshape(1, 1, 1, -1)


@pytest.mark.parametrize(
    ("got", "word"),
    [
        (plane(1, 2, 3, 5), beside.EQUAL),
        (plane(0, 1, 2, 3), beside.SHIFTED),
        (plane(2, 3, 5, 0), beside.SHIFTED),
        (plane(1, 2, 3), beside.SIZE),
        (plane(5, 3, 2, 1), beside.OTHER),
        (None, beside.REFUSED),
    ],
)
def test_a_verdict(got, word):
    assert beside.verdict(got, plane(1, 2, 3, 5)) == word


def test_a_shift_says_which_way():
    assert beside.shift(plane(0, 1, 2, 3), plane(1, 2, 3, 5)) == 1
    assert beside.shift(plane(2, 3, 5, 0), plane(1, 2, 3, 5)) == -1


@pytest.mark.parametrize("kind", transposed.KINDS)
def test_pytorchs_own_law_of_transposed_convolutions_is_pytorch(kind):
    for settings in transposed.grid(kind)[::20]:
        given, full = transposed.inputs(settings, np.random.default_rng(0)), transposed.in_full(kind, settings)
        foretold = transposed.by_law(laws.torch_transposed, kind, full, given)
        assert beside.verdict(foretold, transposed.in_torch(kind, settings, given)) == beside.EQUAL


def test_pytorchs_own_laws_of_resizing_are_pytorch():
    own = {"align_corners=False": laws.half_pixel, "align_corners=True": laws.corners, "nearest": laws.nearest}
    own["nearest-exact"] = laws.nearest_exact
    for kind, law in own.items():
        for settings in resizing.grid(kind)[::9]:
            given = resizing.inputs(settings, np.random.default_rng(0))
            foretold = resizing.by_law(law, kind, settings, given)
            assert beside.verdict(foretold, resizing.in_torch(kind, settings, given)) == beside.EQUAL


# --- The page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_its_tables_recipes_and_behaviors(topic):
    for directive in ("elsewhere", "elsewhere-recipes", "elsewhere-behaviors"):
        assert f"```{{{directive}}} {topic}\n" in TEXT
    assert behaviors.entries(topic)
    text = page.Tables.text(None, MEASURED, topic)
    assert all(page.numbers(way["example"]) in text for way in data.ways(MEASURED, topic))


def test_at_least_twelve_behaviors_have_version_example_and_answer():
    every = behaviors.entries()
    assert len({each.id for each in every}) == len(every) >= 12
    for each in every:
        answers = MEASURED["behaviors"][each.id]
        assert answers["version"] == MEASURED["versions"][each.package]
        assert not re.match(r"(Module|Import|Name|Type|Attribute)\w*Error", answers["answer"]), each.id
        text = page.account(each, answers)
        assert text.index(each.code.splitlines()[0]) < text.index(answers["answer"].splitlines()[0])


def test_an_answer_is_the_value_of_the_last_line_or_the_error():
    assert behaviors.answer("x = 2\n[x / 3, x]") == "[0.6667, 2]"
    assert behaviors.answer("1 / 0") == "ZeroDivisionError: division by zero"
