"""What the book calls its networks, in Python and in the page."""

import json

from segviz.widgets.bundle import SHARED

# Name of `segviz.list_models()` → title; the page's modules import the same file.
TITLES: dict[str, str] = json.loads((SHARED / "titles.json").read_text(encoding="utf-8"))
