"""The book's colors in Python, read from the one palette file (widgets/shared/palette.css).

>>> LIGHT["input"]
'#0072b2'
"""

import re
from pathlib import Path

_PALETTE = Path(__file__).parent / "widgets" / "shared" / "palette.css"
_PAIRS = re.findall(r"--sv-([\w-]+): light-dark\((#\w+), (#\w+)\)", _PALETTE.read_text(encoding="utf-8"))

LIGHT = {name: light for name, light, _ in _PAIRS}
DARK = {name: dark for name, _, dark in _PAIRS}
