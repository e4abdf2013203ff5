"""A small folder of pictures and masks, as a reader has one, and what commonly is wrong with such a folder.

The streets are drawn; their files are real ones, with every mistake in the file and none in the program.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segviz.data import Scenes

CLASSES = ("street", "car", "bus")
COLORS = ((0, 0, 0), (0, 114, 178), (213, 94, 0))
_AS_SCENES = tuple(Scenes.classes.index(name) for name in ("car", "bus"))
ROTATED, UPSIDE_DOWN = 6, 3  # EXIF: the camera was held upright, or the other way up


def street_folder(root: str | Path, count: int = 24, size: tuple[int, int] = (96, 128), *, seed: int = 12) -> Path:
    """Writes `count` streets as `pictures/street-00.jpg` and `masks/street-00.png`, and gives `root`.

    A mask's numbers are the places in `CLASSES`.

    >>> root = street_folder(tempfile.mkdtemp(), 1)
    >>> sorted(path.relative_to(root).as_posix() for path in root.rglob("*.*"))
    ['masks/street-00.png', 'pictures/street-00.jpg']
    """
    # Streets that have both, so that every number up to 2 is in every mask.
    root, scenes, written = Path(root), Scenes(100 * count, size, seed=seed), 0
    for name in ("pictures", "masks"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for index in range(len(scenes)):
        if written == count:
            break
        image, labels = scenes[index]
        mask = sum((n * (labels == label) for n, label in enumerate(_AS_SCENES, 1)), start=0 * labels)
        if set(mask.unique().tolist()) != {0, 1, 2}:
            continue
        pixels = (image * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(root / "pictures" / f"street-{written:02}.jpg", quality=92, subsampling=0)
        Image.fromarray(mask.byte().numpy()).save(root / "masks" / f"street-{written:02}.png")
        written += 1
    return root


_KEPT: list[tempfile.TemporaryDirectory] = []  # each is removed when Python ends


def spoiled(mistake: str) -> Path:
    """A folder of two streets, made in a place of its own, with one of `MISTAKES`.

    >>> len(MISTAKES)
    14
    """
    _KEPT.append(tempfile.TemporaryDirectory())
    root = street_folder(_KEPT[-1].name, 2)
    for number in range(2):
        MISTAKES[mistake](root / "pictures" / f"street-{number:02}.jpg", root / "masks" / f"street-{number:02}.png")
    return root


def _picture(change: Callable[[Image.Image], Image.Image]) -> Callable[[Path, Path], object]:
    def mistake(picture: Path, _mask: Path) -> None:
        changed = change(Image.open(picture))
        picture.unlink()
        changed.save(picture.with_suffix(".png"))

    return mistake


def _mask(change: Callable[[NDArray], NDArray | Image.Image], ending: str = ".png") -> Callable[[Path, Path], object]:
    def mistake(_picture: Path, mask: Path) -> None:
        changed = change(np.asarray(Image.open(mask)))
        mask.unlink()
        image = changed if isinstance(changed, Image.Image) else Image.fromarray(changed)
        image.save(mask.with_suffix(ending))

    return mistake


def _painted(labels: NDArray) -> NDArray:
    return np.array(COLORS, np.uint8)[labels]


def _with_palette(labels: NDArray) -> Image.Image:
    image = Image.fromarray(labels).convert("P")
    image.putdata(labels.ravel().tolist())
    image.putpalette([value for color in COLORS for value in color])
    return image


def _transparent(picture: Image.Image) -> Image.Image:
    """Its upper half cut away by an editor, which left black there."""
    seen = np.full(picture.size[::-1], 255, np.uint8)
    seen[: len(seen) // 2] = 0
    color = np.asarray(picture) * (seen[..., None] > 0)
    return Image.fromarray(np.dstack([color, seen]).astype(np.uint8), "RGBA")


def _turned(orientation: int) -> Callable[[Path, Path], object]:
    def mistake(picture: Path, _mask: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.open(picture).save(picture, quality=92, exif=exif)

    return mistake


# Name → what it does to the two files of a street.
MISTAKES: dict[str, Callable[[Path, Path], object]] = {
    "black and white": _mask(lambda labels: np.where(labels > 0, 255, 0).astype(np.uint8)),
    "painted": _mask(_painted),
    "palette": _mask(_with_palette),
    "jpeg": _mask(_painted, ".jpg"),
    "from 1": _mask(lambda labels: labels + np.uint8(1)),
    "half as large": _mask(lambda labels: labels[::2, ::2].copy()),
    "turned mask": _mask(lambda labels: np.rot90(labels).copy()),
    "exif": _turned(ROTATED),
    "exif, upside down": _turned(UPSIDE_DOWN),
    "no partner": lambda _picture, mask: mask.unlink() if mask.stem.endswith("1") else None,
    "another name": lambda _picture, mask: mask.rename(mask.with_stem(f"{mask.stem}_mask")),
    "gray": _picture(lambda picture: picture.convert("L")),
    "transparent": _picture(_transparent),
    "16 bits": _picture(lambda picture: Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 16)),
}
