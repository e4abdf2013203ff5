"""Notes which files of the package a chapter reads: `start` is called in its kernel, before the first cell.

Python tells of each file it opens and each folder it lists by an audit event; a compiled module stands for its
source. What another process reads no event tells: a chapter that starts Python, or forks, has read everything. Other
programs read nothing of the package (an import of torch asks `ldconfig` for a library).
"""

import json
import os
import sys
from pathlib import Path

from IPython import get_ipython

EVERYTHING = "*"
FORKS = {"os.fork", "os.forkpty"}
STARTS_A_PROGRAM = {"subprocess.Popen", "os.posix_spawn", "os.system", "os.exec"}
OPENS = {"open", "os.listdir", "os.scandir"}


def source_of(path: Path) -> Path:
    """The file that a compiled module was made from, or the path itself."""
    if path.parent.name == "__pycache__":
        return path.parent.parent / f"{path.name.split('.')[0]}.py"
    return path


def start(package: str, noted: str) -> None:
    """After every cell `noted` holds, as JSON, the paths below the folder `package` that were read so far."""
    reads: set[str] = set()

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event in FORKS or (event in STARTS_A_PROGRAM and "python" in repr(arguments[:2])):
            reads.add(EVERYTHING)
        elif event in OPENS and isinstance(arguments[0], str | bytes | os.PathLike):
            path = source_of(Path(os.path.abspath(os.fsdecode(arguments[0]))))
            if path.is_relative_to(package):
                reads.add(path.relative_to(package).as_posix())

    def write(*_: object) -> None:
        Path(noted).write_text(json.dumps(sorted(reads)))

    sys.addaudithook(note)
    get_ipython().events.register("post_run_cell", write)
