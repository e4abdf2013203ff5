"""Print requirements.txt with every package that pyproject.toml names at the lowest version it allows."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def oldest() -> str:
    """The text of requirements.txt, pins lowered to the package's bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["distributed"]])
    lowest = {r.name: next(bound.version for bound in r.specifier if bound.operator == ">=") for r in named}
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return "\n".join(_lowered(line, lowest) for line in lines) + "\n"


def _lowered(line: str, lowest: dict[str, str]) -> str:
    name = line.partition("==")[0]
    return f"{name}=={lowest[name]}" if name in lowest else line


if __name__ == "__main__":
    print(oldest(), end="")
