"""Scripts and styles: every page has what it needs, and asks nothing of the network.

The pages' one script and one style sheet are made from `segviz.widgets.bundle` at build time. They are written straight
into the output, since Jupyter Book loads every script of a source `_static` folder on every page.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from segviz.sphinx import engine
from segviz.widgets import bundle

SCRIPT, STYLES, PALETTE = "segviz.js", "segviz.css", "segviz-palette.css"

# MathJax's page script, its fonts, and the extensions that a formula may ask for by itself.
MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")


def write_bundle(app: Sphinx) -> None:
    """Put the widgets' script, their style sheet and the palette where the pages look for them."""
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    (static / SCRIPT).write_text(bundle.classic_script(), encoding="utf-8")
    (static / STYLES).write_text(bundle.stylesheet(), encoding="utf-8")
    shutil.copyfile(bundle.SHARED / "palette.css", static / PALETTE)


def copy_mathjax(app: Sphinx) -> None:
    """Copy the part of MathJax that these pages can ask for (2 of 24 MB)."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("sphinx-mathjax-offline is not installed; it is pinned in requirements.txt")
    source = Path(package.origin).parent / "static" / "mathjax"
    target = Path(app.outdir, "_static", "mathjax")
    for part in MATHJAX_PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, dirs_exist_ok=True)
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)


def drop_widget_state(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the kernel-side widget state that MyST-NB embeds: nothing on the page reads it."""
    for node in list(doctree.findall(nodes.raw)):
        if "application/vnd.jupyter.widget-state+json" in node.astext():
            node.parent.remove(node)


def add_page_assets(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the widgets' script and styles where a widget is."""
    if "data-segviz" in context.get("body", ""):
        app.add_js_file(SCRIPT, **engine.attributes(context["body"]))
        app.add_css_file(STYLES)


def add_script_where(app: Sphinx, script: Path, box: str) -> None:
    """Put a script into the book, and load it on the pages that hold an element of the class `box`."""

    def write(app: Sphinx) -> None:
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(script, static / script.name)

    def load(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
        if f'class="{box}"' in context.get("body", ""):
            app.add_js_file(script.name)

    app.connect("builder-inited", write)
    app.connect("html-page-context", load)


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep off every page the script of sphinx-thebe, which is loaded even where it is not used, and throws."""
    context["script_files"] = [script for script in context["script_files"] if "thebe" not in _source(script)]
    context["css_files"] = [sheet for sheet in context["css_files"] if "thebe" not in _source(sheet)]


def _source(asset: Any) -> str:
    return f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', {}).get('body', '')}".lower()


def setup(app: Sphinx) -> None:
    app.add_css_file(PALETTE, priority=100)
    app.connect("builder-inited", write_bundle)
    app.connect("builder-inited", copy_mathjax)
    app.connect("doctree-read", drop_widget_state)
    app.connect("html-page-context", add_page_assets)
    app.connect("html-page-context", drop_thebe, priority=900)
