"""What the book needs from Sphinx: live widgets on the pages that hold them, and nothing asked of the network.

The pages' one script and one style sheet are made from `segviz.widgets.bundle` at build time. They are written straight
into the output, since Jupyter Book loads every script of a source `_static` folder on every page.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from segviz import __version__, widgets
from segviz.widgets import bundle

SCRIPT, STYLES, PALETTE = "segviz.js", "segviz.css", "segviz-palette.css"

# MathJax's page script, its fonts, and the extensions that a formula may ask for by itself.
MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions")

MENDED = {
    'role="doc-biblioentry"': 'role="listitem"',  # ARIA has replaced this role by that one
    '<summary aria-label="Toggle hidden content">': "<summary>",  # it hid the words that are seen on it
}


class AnyOption(dict):
    """A directive's option table that takes every name, with its value read as YAML."""

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str):
        return lambda text: True if text is None else yaml.safe_load(text)


class WidgetDirective(SphinxDirective):
    """A live widget on a page of prose; what follows the options is its caption.

    ::

        ```{widget} ConvolutionExplorer
        :op: transposed
        :kernel_size: 3

        One input paints nine outputs.
        ```
    """

    required_arguments = 1
    has_content = True
    option_spec = AnyOption()

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        try:
            widget = getattr(widgets, name)(**self.options)
        except (AttributeError, TypeError, ValueError) as problem:
            raise self.error(f"widget {name}: {problem}") from problem
        figure = nodes.container(classes=["widget-figure"])
        figure += nodes.raw("", widget.html(), format="html")
        if self.content:
            caption = nodes.container(classes=["widget-caption"])
            caption += self.parse_content_to_nodes()
            figure += caption
        return [figure]


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


def mark_korean(app: Sphinx, doctree: nodes.document) -> None:
    """Tell readers' voices and hyphenation which glossary terms are Korean (docutils makes `lang` of the class)."""
    for term in doctree.findall(nodes.term):
        if any("가" <= letter <= "힣" for letter in term.astext()):
            term["classes"].append("language-ko")


def offer_anchors(app: Sphinx, doctree: nodes.document) -> None:
    """Let a Markdown link name any anchor of a page, `glossary.md#term-stride`, as it may name a heading.

    A role would say it shorter, but Colab, which knows no MyST, shows the reader its braces.
    """
    anchors = _anchors(app.env, app.env.docname)
    for node in doctree.findall(nodes.Element):
        for anchor in node.get("ids", []):
            anchors.setdefault(anchor, (node.line, anchor, ""))


def offer_citations(app: Sphinx, env: Any) -> None:
    """The same for the works of the bibliography, whose entries come after the pages are read."""
    for citation in _citations(env):
        docname = citation.bibliography_key.docname
        _anchors(env, docname)[citation.citation_id] = (None, citation.citation_id, "")


def name_the_work(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say under the pointer which work a citation leads to."""
    works = {citation.citation_id: citation for citation in _citations(app.env)}
    for link in doctree.findall(nodes.reference):
        page, _, anchor = link.get("refuri", "").partition("#")
        if anchor in works and page == app.builder.get_relative_uri(docname, works[anchor].bibliography_key.docname):
            link["reftitle"] = works[anchor].formatted_entry.text.render_as("text")


def _citations(env: Any) -> Iterable[Any]:
    return getattr(env.domains.get("cite"), "citations", ())


def _anchors(env: Any, docname: str) -> dict[str, tuple[int | None, str, str]]:
    return env.metadata[docname].setdefault("myst_slugs", {})  # where MyST looks: name -> (line, id, text)


def number_within_chapters(app: Sphinx, env: Any) -> list[str]:
    """Count figures and equations from 1 in each chapter: Sphinx counts them through the book, unless it also
    numbers the chapters, and these have names."""
    for page in env.toc_fignumbers.values():
        for numbers in page.values():
            for count, name in enumerate(sorted(numbers, key=numbers.get), 1):
                numbers[name] = (count,)
    return []


def add_page_assets(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the widgets' script and styles where a widget is."""
    if "data-segviz" in context.get("body", ""):
        app.add_js_file(SCRIPT)
        app.add_css_file(STYLES)


def mend_names_and_roles(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Put right what axe finds in the HTML that docutils and MyST-NB write."""
    if "body" in context:
        for written, right in MENDED.items():
            context["body"] = context["body"].replace(written, right)


def drop_thebe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep off every page the script of sphinx-thebe, which is loaded even where it is not used, and throws."""
    context["script_files"] = [script for script in context["script_files"] if "thebe" not in _source(script)]
    context["css_files"] = [sheet for sheet in context["css_files"] if "thebe" not in _source(sheet)]


def _source(asset: Any) -> str:
    return f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', {}).get('body', '')}".lower()


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("widget", WidgetDirective)
    app.add_css_file(PALETTE, priority=100)
    app.connect("builder-inited", write_bundle)
    app.connect("builder-inited", copy_mathjax)
    app.connect("doctree-read", drop_widget_state)
    app.connect("doctree-read", mark_korean)
    app.connect("doctree-read", offer_anchors)
    app.connect("env-check-consistency", offer_citations)
    app.connect("doctree-resolved", name_the_work)
    app.connect("env-get-updated", number_within_chapters, priority=900)  # after Sphinx has numbered them
    app.connect("html-page-context", add_page_assets)
    app.connect("html-page-context", mend_names_and_roles)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
