"""The bundle: plain modules put together for two hosts, from nothing but the sources beside it."""

import re

import pytest

from segviz.widgets import bundle

FRONTS = sorted(bundle.WIDGETS.glob("*/widget.js"))
# The live host is for notebooks, and the engine is a script of its own.
APART = {bundle.SHARED / "live_host.js", *bundle.WIDGETS.glob("engine/*.js")}
SOURCES = sorted(set(bundle.WIDGETS.glob("*/*.js")) - APART)


def module(folder, name, text):
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_a_module_becomes_a_function_that_gives_its_exports(tmp_path):
    front = module(tmp_path, "front.js", "export const a = 1;\nexport function b() {}\nexport default { a };\n")
    text = bundle.widget_module(front)
    assert "const a = 1;\nfunction b() {}\nconst $default = { a };\nreturn { a, b, default: $default };" in text
    assert re.search(r"^export default \$\w+\.live\(\$\w+\.default\);$", text, re.MULTILINE)


def test_imports_read_from_the_module_they_name(tmp_path):
    module(tmp_path, "a.js", "export const one = 1;\nexport const two = 2;\n")
    front = module(tmp_path, "b.js", 'import {\n  one,\n  two as zwei,\n} from "./a.js";\nexport default one + zwei;\n')
    text = bundle.widget_module(front)
    assert re.search(r"const \{ one,\s+two: zwei \} = \$\w+_a;", text)
    assert text.index("const one = 1") < text.index("one + zwei"), "what is imported stands first"


def test_data_stand_where_they_are_imported(tmp_path):
    module(tmp_path, "data.json", '{\n  "a": 1\n}\n')
    front = module(
        tmp_path, "front.js", 'import data from "./data.json" with { type: "json" };\nexport default data.a;\n'
    )
    assert '(() => {\nconst data = {\n  "a": 1\n};\nconst $default = data.a;\n' in bundle.widget_module(front)


def test_a_module_imported_twice_stands_once(tmp_path):
    module(tmp_path, "base.js", "export const base = 1;\n")
    module(tmp_path, "left.js", 'import { base } from "./base.js";\nexport const left = base;\n')
    module(tmp_path, "right.js", 'import { base } from "./base.js";\nexport const right = base;\n')
    text = 'import { left } from "./left.js";\nimport { right } from "./right.js";\nexport default left + right;\n'
    assert bundle.widget_module(module(tmp_path, "front.js", text)).count("const base = 1") == 1


@pytest.mark.parametrize(
    "line",
    [
        'import thing from "./a.js";',
        'import thing from "./a.json";',
        'import * as all from "./a.js";',
        'import "./a.js";',
        'import { a } from "a-package";',
        'export { a } from "./a.js";',
        'export * from "./a.js";',
        "export { a };",
    ],
)
def test_syntax_that_is_not_understood_is_refused_by_name(tmp_path, line):
    module(tmp_path, "a.js", "export const a = 1;\n")
    front = module(tmp_path, "front.js", f"const a = 1;\n{line}\nexport default a;\n")
    with pytest.raises(ValueError, match=re.escape(f"front.js: this import or export is not understood here: {line}")):
        bundle.widget_module(front)


def test_a_cycle_of_imports_is_named(tmp_path):
    module(tmp_path, "a.js", 'import { b } from "./b.js";\nexport const a = 1;\n')
    module(tmp_path, "b.js", 'import { a } from "./a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"a\.js imports itself, by way of b\.js"):
        bundle.widget_module(tmp_path / "a.js")


def test_two_modules_never_share_a_name():
    names = [bundle._variable(source) for source in SOURCES]
    assert len(set(names)) == len(names)
    assert "$shared_dom" in names
    assert "$convolution_geometry" in names


def test_the_books_script_holds_every_module_once_as_it_was_written():
    script = bundle.classic_script()
    for source in SOURCES:
        last = [line for line in source.read_text(encoding="utf-8").splitlines() if "function" in line and "(" in line]
        assert script.count(f"const {bundle._variable(source)} = (() => {{") == 1, source
        for line in last:
            assert re.sub(r"^export (default )?", "", line) in script, f"{source}: {line}"


def test_the_books_script_is_classic():
    assert not re.search(r"^\s*(import|export)\b", bundle.classic_script(), re.MULTILINE)


@pytest.mark.parametrize("front", FRONTS, ids=lambda front: front.parent.name)
def test_a_widgets_module_holds_its_own_modules_and_no_other_widgets(front):
    text = bundle.widget_module(front)
    for source in SOURCES:
        if source.parent == front.parent:
            assert f"const {bundle._variable(source)} = " in text
        elif source.parent != bundle.SHARED:
            assert f"const {bundle._variable(source)} = " not in text
    assert text.count("export default ") == 1


def test_the_style_sheet_starts_with_the_palette_and_holds_every_sheet_once():
    text = bundle.stylesheet()
    assert text.startswith((bundle.SHARED / "palette.css").read_text(encoding="utf-8"))
    for sheet in bundle.WIDGETS.glob("*/*.css"):
        assert text.count(sheet.read_text(encoding="utf-8")) == 1, sheet


def test_no_two_widgets_style_a_class_of_one_name():
    """All sheets lie on every page, so a name that two widgets use would be styled by both."""
    styled: dict[str, set[str]] = {}
    for sheet in bundle.WIDGETS.glob("*/*.css"):
        for name in re.findall(r"\.([a-z][a-z-]*-[a-z-]+)", sheet.read_text(encoding="utf-8")):
            if not name.startswith("sv-"):
                styled.setdefault(name, set()).add(sheet.parent.name)
    assert not {name: where for name, where in styled.items() if len(where) > 1}
