"""The directives of the page Elsewhere: everything they set is computed from the data file.

`{elsewhere} TOPIC` is a topic's tables, `{elsewhere-recipes} TOPIC` its recipes, `{elsewhere-behaviors} TOPIC` what
is hard to guess, `{elsewhere-versions}` what was measured when, and `{find-recipe}` the box that looks recipes up.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from segviz.backmatter.elsewhere import behaviors, beside, data
from segviz.sphinx.assets import add_script_where


class Elsewhere(SphinxDirective):
    """A directive that sets as MyST what it makes of the data file."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(data.MEASURED))
        return self.parse_text_to_nodes(self.text(data.load(), *self.arguments))

    def text(self, content: dict[str, Any], topic: str = "") -> str:
        raise NotImplementedError


class Tables(Elsewhere):
    """A table for each of a topic's kinds of layer: what is written where, how it stands to PyTorch, the numbers."""

    def text(self, content: dict[str, Any], topic: str = "") -> str:
        found = list(data.ways(content, topic))
        return "\n\n".join(
            table_of(kind, [way for way in found if way["kind"] == kind], content["pytorch"][topic][kind]["example"])
            for kind in data.trials(topic).KINDS
            if any(way["kind"] == kind for way in found)
        )


def table_of(kind: str, ways: list[dict[str, Any]], wanted: Any) -> str:
    words = data.words()
    own = of(kind)
    lines = [[own, "", numbers(wanted)], *(line_of(way, wanted) for way in ways)]
    rows = [f"- - there\n  - beside {own}\n  - its numbers", *("- - " + "\n  - ".join(line) for line in lines)]
    table = "\n".join(rows)
    return (
        f"**In {own}:** {words['kinds'][kind]['pytorch']}\n\n"
        f"````{{list-table}}\n:header-rows: 1\n:class: book-elsewhere\n\n{table}\n````"
    )


def of(kind: str) -> str:
    """Whose result is wanted: PyTorch's, or for what PyTorch does not have, segviz's."""
    return data.words()["kinds"][kind].get("of", "PyTorch")


def line_of(way: dict[str, Any], wanted: Any) -> list[str]:
    name = data.words()["frameworks"][way["framework"]]
    parted = "<wbr>".join(f"`{part}`" for part in way["written"].replace("(", "(\0").split("\0"))
    return [f"{name}<br>{parted}", standing(way, wanted), numbers(way["example"])]


def standing(way: dict[str, Any], wanted: Any) -> str:
    """The verdict of the example, and how the settings tried are shared out.

    >>> way = {"example": [1, 2, 3], "verdicts": {"equal": 2, "shifted": 1}, "settings": 3}
    >>> standing(way, [2, 3, 4])
    '**shifted** by 1<br>of 3 settings: 2 equal, 1 shifted'
    """
    got, shares = way["example"], way["verdicts"]
    if isinstance(got, dict):
        word = f"**{beside.REFUSED}**"
    else:
        word = verdict_in_words(*(_plane(value) for value in (got, wanted)))
    if list(shares) == [beside.EQUAL]:
        return f"{word}<br>at all {way['settings']} settings"
    parts = ", ".join(f"{count} {name}" for name, count in shares.items())
    return f"{word}<br>of {way['settings']} settings: {parts}"


def verdict_in_words(got: np.ndarray, wanted: np.ndarray) -> str:
    verdict = beside.verdict(got, wanted)
    by = beside.shift(got, wanted) if verdict == beside.SHIFTED else 0
    return f"**{verdict}**" + (f" by {abs(by)}" if by else "")


def _plane(values: Any) -> np.ndarray:
    array = np.array(values, float)
    return array.reshape(1, 1, 1, -1) if array.ndim < 2 else array[None, None]


def numbers(value: Any) -> str:
    """An example's numbers, or the message of its refusal."""
    if isinstance(value, dict):
        return f"*{value['refused'].split(':')[0]}*"
    return json.dumps(value).replace('"', "").replace("[", "[\N{WORD JOINER}").replace("-3.40282e+38", "−3.4e38")


# --- Recipes -----------------------------------------------------------------------------------------


class Recipes(Elsewhere):
    """Each recipe of a topic, folded up under its name, with what it needs of its program's file."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(data.MEASURED))
        found: list[nodes.Node] = []
        programs = Path(self.env.srcdir) / "benchmarks" / "elsewhere"
        for recipe in data.recipes(data.load(), *self.arguments):
            code = pasteable(programs, self.arguments[0], recipe)
            found += [
                nodes.raw("", opening(self.arguments[0], recipe), format="html"),
                *self.parse_text_to_nodes(f"{shown(code)}\n\n{proof(recipe)}"),
                nodes.raw("", "</details>", format="html"),
            ]
        return found


def shown(code: str) -> str:
    """Code as MyST; above it, where it needs a clone, that it does."""
    needs = "*In a clone of this book's repository:*\n\n" if "from benchmarks." in code else ""
    return f"{needs}```{{code-block}} python\n{code}\n```"


def pasteable(programs: Path, topic: str, recipe: dict[str, Any]) -> str:
    """A recipe below the imports and helpers of its program's file that it uses, itself or through another helper."""
    files = (programs / topic / f"{recipe['framework']}.py", programs / "in_numpy.py")
    texts = (file.read_text(encoding="utf-8") for file in files)
    statements = list(_named(next(text for text in texts if recipe["source"] in text)))
    needed, queue = {recipe["source"]}, [recipe["source"]]
    while queue:
        used = {node.id for node in ast.walk(ast.parse(queue.pop())) if isinstance(node, ast.Name)}
        more = {code for name, code in statements if name in used} - needed
        needed |= more
        queue += more
    helpers = dict.fromkeys(code for _, code in statements if code in needed - {recipe["source"]})
    imports = [code for code in helpers if code.startswith(("import ", "from "))]
    return "\n\n\n".join(
        filter(None, ["\n".join(imports), *(h for h in helpers if h not in imports), recipe["source"]])
    )


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Each name that a file makes, and the statement that does."""
    for node in ast.parse(text).body:
        code = ast.get_source_segment(text, node) or ""
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name, code) for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            yield node.name, code
        elif isinstance(node, ast.Assign):
            targets = [each for target in node.targets for each in ast.walk(target)]
            yield from ((each.id, code) for each in targets if isinstance(each, ast.Name))


def opening(topic: str, recipe: dict[str, Any]) -> str:
    words = data.words()
    name, layer = words["frameworks"][recipe["framework"]], words["kinds"][recipe["kind"]]["recipe"]
    about = f'data-topic="{topic}" data-framework="{recipe["framework"]}" data-layer="{layer}"'
    about += f' data-of="{of(recipe["kind"])}"'
    anchor = f"recipe-{recipe['framework']}-{layer}".replace(",", "").replace("=", "-").replace(" ", "-").lower()
    return f'<details class="book-recipe" id="{anchor}" {about}><summary>{name}: {layer}</summary>'


def proof(recipe: dict[str, Any]) -> str:
    within = f", where `{recipe['within']}`" if recipe["within"] else ""
    return f"Equal to {of(recipe['kind'])} at {recipe['equal']} of {recipe['settings']} drawn settings{within}."


class FindRecipe(SphinxDirective):
    """Three lists: from where, to where, which layer; its script shows the recipes that fit, and needs no server."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(data.MEASURED))
        lists = "".join(
            f'<div><label for="find-{name}">{label}</label><select id="find-{name}"></select></div>'
            for name, label in (("layer", "Layer"), ("from", "You have it in"), ("to", "You need it in"))
        )
        box = f'<div class="book-find-recipe" hidden>{lists}<p role="status"></p><div class="book-found"></div></div>'
        return [nodes.raw("", box, format="html")]


# --- Behaviors and versions --------------------------------------------------------------------------


class Behaviors(Elsewhere):
    """Each behavior of a topic: a title, the code, what it answers, what PyTorch answers, and what it means."""

    def text(self, content: dict[str, Any], topic: str = "") -> str:
        return "\n\n".join(account(each, content["behaviors"][each.id]) for each in behaviors.entries(topic))


def account(each: behaviors.Behavior, answers: dict[str, str]) -> str:
    parts = [
        f"({each.id})=\n#### {each.title}",
        each.why,
        shown(each.code),
        answered(f"{each.package} {answers['version']}", answers["answer"]),
    ]
    if each.torch and each.torch != each.code:
        parts.append(answered("segviz" if "segviz" in each.torch else "PyTorch", answers["torch"]))
    return "\n\n".join(parts)


def answered(who: str, answer: str) -> str:
    return f"```{{code-block}} text\n:class: book-result\n\n{who}:  {answer}\n```"


class Versions(Elsewhere):
    """What was measured, and when."""

    def text(self, content: dict[str, Any], topic: str = "") -> str:
        named = ", ".join(f"{name} {version}" for name, version in sorted(content["versions"].items()))
        return f"Measured on {content['date']}: {named}."


# --- Setup -------------------------------------------------------------------------------------------


def hold_to_pytorch(app: Sphinx) -> None:
    """The build fails where today's PyTorch is not the one that the others were measured beside."""
    data.check(data.load())


def directives() -> Iterator[tuple[str, type[SphinxDirective]]]:
    yield "elsewhere", Tables
    yield "elsewhere-recipes", Recipes
    yield "elsewhere-behaviors", Behaviors
    yield "elsewhere-versions", Versions
    yield "find-recipe", FindRecipe


def setup(app: Sphinx) -> None:
    for name, directive in directives():
        app.add_directive(name, directive)
    app.connect("builder-inited", hold_to_pytorch)
    add_script_where(app, Path(__file__).with_name("find-recipe.js"), "book-find-recipe")
