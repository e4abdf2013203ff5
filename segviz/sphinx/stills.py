"""Still figures on the book's pages: of the papers a figure was printed on, the page shows the one that fits.

MyST-NB finds this renderer by its entry point (pyproject.toml), which `_config.yml` names; book.css does the choosing.
"""

import base64
import hashlib

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer


class Renderer(NbElementRenderer):
    """MyST-NB's own, but for figures that were printed on several papers (`segviz.plots.paper`)."""

    def render_image(self, data: MimeData) -> list[nodes.Element]:
        papers = data.output_metadata.get(data.mime_type, {}).get("papers", {})
        (plain,) = super().render_image(data)
        return [self._printed(plain, name, **about) for name, about in papers.items()] or [plain]

    def _printed(self, plain: nodes.Element, paper: str, *, webp: str, width: int) -> nodes.Element:
        picture = base64.b64decode(webp)
        name = f"{hashlib.sha256(picture).hexdigest()}.webp"
        image = plain.deepcopy()
        image["uri"] = self.write_file([name], picture, overwrite=False, exists_ok=True)
        image["classes"] += ["still", f"still-{paper}", "no-scaled-link"]
        image["width"] = f"{width}px"
        image["loading"] = "lazy"  # a browser then loads only the one that it shows
        return image
