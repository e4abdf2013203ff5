"""Give the book another public address: `make address URL=https://github.com/you/segviz`.

The one place it stands in is `[project.urls] Repository` of pyproject.toml. All that repeats it (configuration, badges,
citation, the notebooks' setup cells) is rewritten from there.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = {".bib", ".cff", ".css", ".ipynb", ".js", ".md", ".py", ".toml", ".yaml", ".yml"}
_GITHUB = re.compile(r"https://github\.com/([A-Za-z0-9-]+)/([A-Za-z0-9._-]+?)(?:\.git)?/?")


def address(root: Path = ROOT) -> str:
    """The book's public address, as pyproject.toml has it."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


def owner_and_name(url: str) -> tuple[str, str]:
    """Owner and name of a GitHub repository (Colab opens notebooks from nowhere else).

    >>> owner_and_name("https://github.com/segviz/segviz")
    ('segviz', 'segviz')

    Raises:
        ValueError: `url` is not of the form https://github.com/OWNER/NAME.
    """
    match = _GITHUB.fullmatch(url)
    if match is None:
        raise ValueError(f"url={url!r}: expected https://github.com/OWNER/NAME")
    return match[1], match[2]


def spellings(url: str) -> list[str]:
    """The forms in which the address occurs: repository, Colab, raw files, Pages."""
    owner, name = owner_and_name(url)
    slug = f"{owner}/{name}"
    return [f"github.com/{slug}", f"/github/{slug}", f"raw.githubusercontent.com/{slug}", f"{owner}.github.io/{name}"]


def rewritten(text: str, old: str, new: str) -> str:
    """`text` with every spelling of the address `old` turned into that of `new`.

    >>> rewritten("see github.com/a/b/issues", "https://github.com/a/b", "https://github.com/c/d")
    'see github.com/c/d/issues'
    """
    for before, after in zip(spellings(old), spellings(new), strict=True):
        text = re.sub(rf"{re.escape(before)}(?![\w-])", after, text)
    return text


def files_with_text(root: Path = ROOT) -> list[Path]:
    """The project's own text files."""
    kept = []
    for path in sorted(root.rglob("*")):
        folders = path.relative_to(root).parts[:-1]
        hidden = any(folder.startswith((".", "_build", "node_modules")) and folder != ".github" for folder in folders)
        if path.suffix in TEXT and path.is_file() and not hidden:
            kept.append(path)
    return kept


def change_address(new: str, root: Path = ROOT) -> list[Path]:
    """Rewrite every file that names the address; return those that changed."""
    old, new = address(root), "https://github.com/" + "/".join(owner_and_name(new))
    changed = []
    for path in files_with_text(root):
        text = path.read_text(encoding="utf-8")
        if (mended := rewritten(text, old, new)) != text:
            path.write_text(mended, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    try:
        for changed in change_address(sys.argv[1] if len(sys.argv) > 1 else ""):
            print(changed.relative_to(ROOT))
    except ValueError as error:
        sys.exit(f"{error}\nUsage: make address URL=https://github.com/OWNER/NAME")
