"""How long `import segviz` takes: what it adds to an empty Python, beside what its largest dependency adds."""

import os
import statistics
import subprocess
import sys

from benchmarks.command import parser
from benchmarks.timing import in_turns
from segviz.lessons.tables import Table

STATEMENTS = {
    "segviz": "import segviz",
    "segviz.arithmetic": "import segviz.arithmetic",
    "segviz.widgets": "from segviz.widgets import ConvolutionExplorer",
    "segviz.models": "from segviz import create_model",
    "torch": "import torch",
}


def python(statement: str) -> None:
    subprocess.run([sys.executable, "-c", statement], check=True)


def children_seconds() -> float:
    """CPU time of the processes that were started, which other work on the machine does not stretch."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    options = parser(__doc__).parse_args()
    calls = {name: lambda statement=statement: python(statement) for name, statement in STATEMENTS.items()}
    spent = in_turns({"": lambda: python("pass"), **calls}, rounds=1 if options.quick else 9, clock=children_seconds)
    empty, *added = (statistics.median(times) for times in spent.values())
    beside = added[-1] - empty
    columns = {
        "import": list(STATEMENTS),
        "milliseconds": [f"{1000 * (time - empty):.0f}" for time in added],
        "of torch's": [f"{(time - empty) / beside:.3f}" for time in added],
    }
    print(Table(columns))


if __name__ == "__main__":
    main()
