"""One front end, two hosts: put the widgets' JavaScript modules together.

The sources are plain ES modules that import one another by relative path. Neither host can load them so: anywidget
wants a single module, and a page opened from the disk may load no module at all. So the modules are inlined, each in a
function of its own, dependencies first. Only the syntax used in this folder is understood::

    import { a, b as c } from "../shared/dom.js";
    import d from "../shared/data.json" with { type: "json" };
    export function f() {}      export const x = 1;      export class C {}      export default { render };
"""

import re
from functools import cache
from pathlib import Path

WIDGETS = Path(__file__).parent
SHARED = WIDGETS / "shared"

_IMPORT = re.compile(r'^import\s+\{([^}]*)\}\s+from\s+"(\.[^"]+)";\n?', re.MULTILINE)
_DATA = re.compile(r'^import\s+(\w+)\s+from\s+"(\.[^"]+\.json)" with \{ type: "json" \};\n?', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+(?:async\s+)?(?:function\*?|const|let|class)\s+(\w+)", re.MULTILINE)
_REM = re.compile(r"(?<![\w.])(?<!\w-)(\d*\.?\d+)rem\b")
_LEFTOVER = re.compile(r"^\s*(?:import\s*[\w{*\"']|export\b)", re.MULTILINE)


@cache
def widget_module(entry: Path) -> str:
    """The ES module that anywidget loads for the widget whose front end is `entry`."""
    host, entry = SHARED / "live_host.js", entry.resolve()
    return f"{_inlined(host, entry)}export default {_variable(host)}.live({_variable(entry)}.default);\n"


def classic_script() -> str:
    """The one script of the rendered book: every widget, and the host that mounts them without a kernel.

    A classic script (no module), since browsers load no module from `file://`.
    """
    host = SHARED / "static_host.js"
    entries = {front.parent.name: front for front in sorted(WIDGETS.glob("*/widget.js"))}
    table = ", ".join(f'"{name}": {_variable(front)}' for name, front in entries.items())
    body = _inlined(host, *entries.values())
    return f'"use strict";\n(() => {{\n{body}{_variable(host)}.start({{ {table} }});\n}})();\n'


def function_of(entry: Path) -> str:
    """A JavaScript function of no arguments, in the page's own syntax, that gives what the module `entry` exports."""
    entry = entry.resolve()
    return f"function () {{\n{_inlined(entry)}return {_variable(entry)};\n}}"


@cache
def stylesheet(*, root: int | None = None) -> str:
    """The CSS of every widget: the palette, what they share, then each one's own.

    In the book sizes follow the reader's font (`rem`). A notebook's page may mean anything by its root font, in
    Notebook 6 and on Colab 10 pixels: with `root` in pixels they are fixed.
    """
    sheets = [SHARED / "palette.css", SHARED / "widget.css", *sorted(WIDGETS.glob("*/widget.css"))]
    own = [sheet for sheet in sheets if sheet.exists()]
    text = "\n".join(dict.fromkeys(sheet.read_text(encoding="utf-8") for sheet in own))
    return text if root is None else _REM.sub(lambda size: f"{float(size[1]) * root:g}px", text)


def _inlined(*entries: Path) -> str:
    """The modules that `entries` need, themselves included, each once and after all that it imports."""
    return "".join(_as_function(module) for module in _in_order(entries))


def _in_order(entries) -> list[Path]:
    order: dict[Path, None] = {}

    def visit(module: Path, importers: tuple[Path, ...]) -> None:
        if module in importers:
            raise ValueError(f"{module.name} imports itself, by way of {importers[-1].name}")
        for _, target in _IMPORT.findall(module.read_text(encoding="utf-8")):
            visit((module.parent / target).resolve(), (*importers, module))
        order.setdefault(module)

    for entry in entries:
        visit(entry.resolve(), ())
    return list(order)


def _as_function(module: Path) -> str:
    source = module.read_text(encoding="utf-8")
    names = _EXPORT.findall(source)

    def local_names(match: re.Match) -> str:
        names_in = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", match[1].strip().rstrip(","))
        return f"const {{ {names_in} }} = {_variable((module.parent / match[2]).resolve())};\n"

    def values(match: re.Match) -> str:
        return f"const {match[1]} = {(module.parent / match[2]).read_text(encoding='utf-8').strip()};\n"

    body = _IMPORT.sub(local_names, _DATA.sub(values, source))
    body = re.sub(r"^export default ", "const $default = ", body, flags=re.MULTILINE)
    if "const $default = " in body:
        names = [*names, "default: $default"]
    body = re.sub(r"^export (?=(?:async )?(?:function|const|let|class)\b)", "", body, flags=re.MULTILINE)
    if leftover := _LEFTOVER.search(body):
        line = body[leftover.start() :].strip().splitlines()[0]
        raise ValueError(f"{module.name}: this import or export is not understood here: {line}")
    return f"const {_variable(module)} = (() => {{\n{body}return {{ {', '.join(names)} }};\n}})();\n"


def _variable(module: Path) -> str:
    """A JavaScript name for the module: its path, from the widgets' folder where it lies there."""
    module = module.resolve()
    inside = module.is_relative_to(WIDGETS.resolve())
    path = module.relative_to(WIDGETS.resolve()) if inside else module
    return "$" + re.sub(r"\W", "_", str(path.with_suffix("")))
