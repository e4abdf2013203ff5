"""A notebook as one page of HTML whose figures move, with no kernel and no network: `jupyter nbconvert --to segviz`.

Beneath each figure a notebook holds the form of a page without a kernel (`segviz.widgets.host`). nbconvert's own page
shows it still; here stands the book's script beside it, which mounts it. nbconvert is no dependency of the package: who
calls this has it.
"""

import importlib.util
from pathlib import Path
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from segviz.widgets import bundle
from segviz.widgets.host import BENEATH, VIEW

# Lab's page, but for what it loads from elsewhere: require.js only where others' widgets need it, MathJax from here.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- if 'widgets' in nb.metadata -%}{{ super() }}{%- endif -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{{ resources.segviz_mathjax }}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- if resources.segviz_mermaid -%}{{ super() }}{%- endif -%}{%- endblock -%}
{%- block html_head_css -%}{{ super() }}<style>{{ resources.segviz_styles }}</style>{%- endblock -%}
{%- block footer_js -%}{{ super() }}<script>{{ resources.segviz_script }}</script>{%- endblock -%}
"""

MATHJAX_SETTINGS = r"""
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], processEscapes: true },
  options: { enableMenu: false, ignoreHtmlClass: "segviz" },
};
"""


class WithoutKernel(Preprocessor):
    """Leave out the live form of each figure, and what was saved of it: the form beneath it is the one that moves."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        left = False
        for cell in nb.cells:
            if cell.cell_type == "code":
                pairs = zip(cell.outputs, [*cell.outputs[1:], {}], strict=True)
                cell.outputs = [one for one, following in pairs if not (_is_view(one) and _is_beneath(following))]
                left = left or any(map(_is_view, cell.outputs))
        if not left:
            nb.metadata.pop("widgets", None)
        return nb, resources


class Exporter(HTMLExporter):
    """One file of HTML: the figures move as in the book, from the disk as well, and nothing is asked of the network.

    Formulas are set where `sphinx-mathjax-offline` is installed, whose MathJax is then part of the file (2 MB), and
    stay TeX where it is not. Widgets of other packages are shown as nbconvert shows them, which needs the network.
    """

    export_from_notebook = "HTML with figures that move (segviz)"
    raw_template = TEMPLATE

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.register_preprocessor(WithoutKernel(), enabled=True)  # after those of nbconvert, which may run the cells

    def from_notebook_node(  # type: ignore[override]  # text and no notebook, as of nbconvert's HTML
        self, nb: NotebookNode, resources: Any = None, **kwargs: Any
    ) -> tuple[str, dict]:
        text = "".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
        parts = {
            "segviz_styles": bundle.stylesheet(),
            "segviz_script": bundle.classic_script(),
            "segviz_mathjax": _mathjax() if "$" in text or "\\(" in text or "\\begin" in text else "",
            "segviz_mermaid": "```mermaid" in text,
        }
        return super().from_notebook_node(nb, {**(resources or {}), **parts}, **kwargs)


def _is_view(output: dict) -> bool:
    return VIEW in output.get("data", {})


def _is_beneath(output: dict) -> bool:
    return BENEATH in "".join(output.get("data", {}).get("text/html", ""))


def _mathjax() -> str:
    """MathJax as part of the page, with every extension, since it could fetch none; empty where it is not at hand."""
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        return ""
    script = Path(package.origin).parent / "static" / "mathjax" / "tex-svg-full.js"
    text = script.read_text(encoding="utf-8").replace("</script", "<\\/script")
    return f"<script>{MATHJAX_SETTINGS}</script><script>{text}</script>"
