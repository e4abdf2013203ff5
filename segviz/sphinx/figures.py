"""The directive `{widget}`: a live widget on a page of prose."""

from __future__ import annotations

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from segviz import widgets


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


def setup(app: Sphinx) -> None:
    app.add_directive("widget", WidgetDirective)
