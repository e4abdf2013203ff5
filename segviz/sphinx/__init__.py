"""What the book asks of Sphinx: `segviz.sphinx` among the extensions of `_config.yml`.

Still figures (`segviz.sphinx.stills`) are no extension of Sphinx but a renderer of MyST-NB.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from segviz import __version__
from segviz.sphinx import assets, engine, figures, links, mends, progress


def setup(app: Sphinx) -> dict[str, Any]:
    for part in (assets, engine, figures, links, mends, progress):
        part.setup(app)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
