"""Files that belong together by their names: the pictures of one folder, the masks of another."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")


class PairedFiles(Sequence):
    """Pictures and masks as Pillow opens them, sorted by name; a pair has one name but for its endings.

    Raises FileNotFoundError for a folder that is not there, one without pictures, and files without a partner;
    ValueError for two files of one name.
    """

    def __init__(self, pictures: str | Path, masks: str | Path, endings: Sequence[str] = ENDINGS) -> None:
        pictures, masks = Path(pictures), Path(masks)
        found, drawn = (_by_stem(folder, endings) for folder in (pictures, masks))
        if not found:
            listed = endings[0] if len(endings) == 1 else "or ".join([", ".join(endings[:-1]) + " ", endings[-1]])
            raise FileNotFoundError(f"no {listed} pictures in {pictures}")
        for what, here, there, other in (("mask", found, drawn, masks), ("picture", drawn, found, pictures)):
            lone = [path.name for stem, path in here.items() if stem not in there]
            if lone:
                hint = _suffix(found, drawn)
                raise FileNotFoundError(
                    f"no {what} in {other} for {len(lone)} {'pictures' if what == 'mask' else 'masks'}, the first "
                    f"{lone[0]}; the two must have one name but for their endings{hint}"
                )
        self.paths = [(path, drawn[stem]) for stem, path in found.items()]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Any:
        # From memory: of a plain TIFF that EXIF turns by a quarter, Pillow 13.0 maps the file by the turned width, and
        # scrambles it.
        return tuple(Image.open(io.BytesIO(path.read_bytes())) for path in self.paths[index])


def _by_stem(folder: Path, endings: Sequence[str]) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in endings and path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise ValueError(f"{folder} has both {found[path.stem].name} and {path.name}: which is meant?")
            found[path.stem] = path
    return found


def _suffix(found: dict[str, Path], drawn: dict[str, Path]) -> str:
    """What the masks' names have at their end beside the pictures', said where it is the same for all."""
    ends = {stem.removeprefix(max((f for f in found if stem.startswith(f)), key=len, default=stem)) for stem in drawn}
    return f"; here the masks' end in {ends.pop()!r} beside that" if len(ends) == 1 and "" not in ends else ""
