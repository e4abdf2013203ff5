"""The engine's files in the built book: one script, and of each network its weights in pieces and what is told of it.

All are classic scripts that hand over text (`client.js` takes it), since a page from the disk may fetch nothing.
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segviz.widgets import bundle
from segviz.widgets.engine.kernels import packed_kernels

SCRIPT = "segviz-engine.js"
PIECE = 384 * 1024  # bytes of a network's file in one piece: enough of them to show how far it is


def engine_script(networks: Mapping[str, int]) -> str:
    """The engine with its kernels, and which networks there are: how many bytes each one's file has.

    The modules are one function, whose text makes the worker.
    """
    catalog = {name: {"bytes": size, "pieces": -(-size // PIECE)} for name, size in networks.items()}
    main = bundle.function_of(Path(__file__).parent / "service.js")
    data = {"catalog": {"networks": catalog}, "kernels": base64.b64encode(packed_kernels()).decode("ascii")}
    return f'"use strict";\nglobalThis.segvizEngine = {{ ...{_inline(data)}, main: {main} }};\n'


def pieces_of(name: str, file: bytes) -> dict[str, str]:
    """The pieces of a network's file in letters, by the names under which they are handed over.

    >>> pieces_of("unet", bytes(3))
    {'unet.0': 'AAAA'}
    """
    starts = range(0, len(file), PIECE)
    parts = [base64.b64encode(file[start : start + PIECE]).decode("ascii") for start in starts]
    return {f"{name}.{n}": part for n, part in enumerate(parts)}


def handing(name: str, value: Any) -> str:
    """A script that hands over a plain value under a name.

    >>> handing("unet.0", "AAAA")
    '(globalThis.segvizTaken ??= {})["unet.0"] = "AAAA";\\n'
    """
    return f"(globalThis.segvizTaken ??= {{}})[{_inline(name)}] = {_inline(value)};\n"


def _inline(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
