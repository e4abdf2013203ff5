"""Everything the back matter computes, once: `python -m segviz.backmatter.results FILE` writes it, the pages read it.

The book's build runs this beside the notebooks, and again only where the package has changed.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from segviz.checkpoints import replacing

NAME = "back-matter.json"  # in the folder of the notebooks' cache, made again whenever the package changes


def made() -> dict[str, Any]:
    """All results as texts and numbers, under the ids of their entries, rows and networks."""
    from segviz.backmatter import architectures, ledger, messages

    return {
        "messages": {
            entry.id: {
                "shown": messages.shown(entry) if entry.silent else messages.raised(entry),
                "mended": messages.mended(entry),
            }
            for entry in messages.entries()
        },
        "ledger": {
            row.id: {
                "computed": ledger.computed(row),
                "agrees": ledger.agrees(row),
                "explanation": ledger.explanation(row),
            }
            for row in ledger.rows()
        },
        "architectures": {
            architectures.label(name, options): asdict(architectures.facts(name, **options))
            for name, options in [*((name, {}) for name in architectures.words()), *architectures.variants()]
        },
    }


def load(path: Path) -> dict[str, Any]:
    """The results that are stored there, or made now where there are none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else made()


def main(path: str) -> None:
    text = json.dumps(made(), ensure_ascii=False, indent=1)
    with replacing(path) as file:  # a build that is interrupted leaves no half
        file.write(text.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
