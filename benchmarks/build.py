"""How long the book takes to build: cold (the environment in place, nothing run), warm (nothing to run), unchanged.

Built in a copy of this tree, by `make book` as a reader would. The bounds are 180 s cold and 30 s warm on two cores.
`--quick` leaves out the cold build's repetition, not the build: it takes minutes in any case.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.command import parser
from book.fresh import build, copy_of_the_tree
from segviz.lessons.tables import Table

LIMITS = {"cold": 180, "warm": 30, "unchanged": 2}


def main() -> None:
    options = parser(__doc__).parse_args()
    spent: dict[str, list[float]] = {name: [] for name in LIMITS}
    for _ in range(1 if options.quick else 2):
        with tempfile.TemporaryDirectory(prefix="segviz-") as folder:
            tree = copy_of_the_tree(Path(folder, "book"))
            spent["cold"].append(build(tree))
            time.sleep(0.1)  # file times come in ticks, and a page changed within one looks unchanged
            (tree / "index.md").touch()
            spent["warm"].append(build(tree))
            spent["unchanged"].append(build(tree))
    least = {name: min(times) for name, times in spent.items()}
    columns = {
        "build": list(LIMITS),
        "seconds": [f"{least[name]:.1f}" for name in LIMITS],
        "of the limit": [f"{least[name] / limit:.2f}" for name, limit in LIMITS.items()],
    }
    print(Table(columns))
    if over := [name for name, limit in LIMITS.items() if least[name] > limit]:
        sys.exit(f"over the limit: {', '.join(over)}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.output)
