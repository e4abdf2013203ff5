"""The book's figures, section by section: `python -m benchmarks [SECTION …] [--quick]`.

Every section is a command of its own, which tells more with `--help`: `python -m benchmarks.models --help`.
"""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.command import parser

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-peers"

SECTIONS = {  # name: its heading, in the order of the report
    "build": "Building the book",
    "pages": "What a page weighs",
    "slider_to_paint": "From a slider's move to the picture, in the page",
    "live_kernel": "From a choice to new pixels, with a kernel behind the figure",
    "engine": "Networks in the page",
    "explorer": "The explorer in the page that computes",
    "imports": "Importing the package",
    "receptive_fields": "Receptive fields",
    "audit": "Audits",
    "libraries": "Audits of other libraries' networks",
    "supports": "Receptive fields of other libraries' networks",
    "models": "Networks",
    "inference": "Networks for inference",
    "training": "Steps of training",
    "dense_crf": "Dense CRF",
    "scenes": "Scenes",
}


def run(section: str, *, quick: bool) -> int:
    """The section's exit status, after it has printed its part in a process of its own."""
    print(f"\n## {SECTIONS[section]}\n", flush=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(PEERS), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", f"benchmarks.{section}", *(["--quick"] if quick else [])]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all if none is named")
    options = asked.parse_args()
    if unknown := [name for name in options.sections if name not in SECTIONS]:
        asked.error(f"{', '.join(unknown)}: no section of this report, which has {', '.join(SECTIONS)}")
    failed = [name for name in options.sections or SECTIONS if run(name, quick=options.quick)]
    if failed:
        sys.exit(f"\nfailed, or over a limit: {', '.join(failed)}")


if __name__ == "__main__":
    main()
