"""A folder of one's own: pictures and masks, and what masks are commonly saved as."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segviz.data.pairs import PairedFiles
from segviz.data.pictures import WIDE
from segviz.data.public import IGNORED, Labeled, Transforms

ORIENTATION = 0x0112  # in EXIF: 1 is as stored, 2 to 8 are turned or mirrored, 5 to 8 of them by a quarter turn

Color = tuple[int, int, int]


def folder(
    pictures: str | Path,
    masks: str | Path,
    classes: Sequence[str],
    *,
    labels: Mapping[int, int] | Mapping[Color, int] | None = None,
    transforms: Transforms | None = None,
) -> Labeled:
    """The pictures of one folder with the masks of another, under the same names but for the endings.

    A mask's file has one number a pixel: gray, or the index of a palette. `labels` maps it to a class or to 255, which
    is ignored; without it the numbers 0 to K - 1 are the classes themselves. Keys (red, green, blue) are for masks
    painted in colors. Masks of black and white are `labels={0: 0, 255: 1}`. `transforms` is a joint torchvision v2
    transform of image and mask, as `segviz.data.augmentation` and `fitted`.

    Masks are PNG, BMP or TIFF. Raises FileNotFoundError for a folder that is not there and for a file without a
    partner; ValueError or TypeError for `labels` that are no such map. Reading a picture raises OSError for a file that
    is cut short, and ValueError where its mask is of another kind (a JPEG), transparent, of another size, or holds what
    `labels` does not name, or where EXIF turns one of the two and no size tells whether the other was made so; the file
    is named.

    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("pictures", "masks"):
    ...     (root / name).mkdir()
    >>> Image.new("RGB", (3, 2), "gray").save(root / "pictures" / "a.jpg")
    >>> Image.new("L", (3, 2), 255).save(root / "masks" / "a.png")
    >>> mine = folder(root / "pictures", root / "masks", ["ground", "cat"], labels={0: 0, 255: 1})
    >>> mine[0][0].shape, mine[0][1].tolist()
    (torch.Size([3, 2, 3]), [[1, 1, 1], [1, 1, 1]])
    """
    if isinstance(classes, str):
        raise TypeError(f"classes must be a list of names, got the text {classes!r}")
    count = len(classes)
    if labels is None and count > IGNORED:
        raise ValueError(f"a mask of bytes names at most {IGNORED} classes beside {IGNORED}, got {count}")
    table = {n: n for n in range(count)} | {IGNORED: IGNORED} if labels is None else _checked(labels, count)
    colors = {key: label for key, label in table.items() if isinstance(key, tuple)}
    if colors and len(colors) < len(table):
        raise ValueError("labels must have either numbers or colors (red, green, blue) as keys, got both")
    known: Any = {label: label for label in {*table.values(), IGNORED}} if colors else table
    return Labeled(_Drawn(PairedFiles(pictures, masks), colors), classes, known, transforms)


def _checked(labels: Mapping[Any, int], count: int) -> dict[Any, int]:
    """The same in Python's own whole numbers: a color of bytes would overflow when it is put together."""
    table = {}
    for key, label in labels.items():
        several = isinstance(key, tuple | list | np.ndarray)
        try:
            parts, to = [operator.index(part) for part in (key if several else (key,))], operator.index(label)
        except TypeError:
            raise TypeError(
                f"labels must map whole numbers, or colors, to whole numbers, got {key!r}: {label!r}"
            ) from None
        if len(parts) != (3 if several else 1) or not all(0 <= part <= 255 for part in parts):
            raise ValueError(f"labels must have keys from 0 to 255, or colors of three such numbers, got {key!r}")
        if to != IGNORED and not 0 <= to < count:
            raise ValueError(f"labels must map to a class in [0, {count}) or to {IGNORED}, got {label} for {key!r}")
        table[tuple(parts) if several else parts[0]] = to
    return table


class _Drawn(Sequence):
    """Pairs whose masks come as bytes (H, W), whatever their files are; colors, if given, as their classes."""

    def __init__(self, pairs: PairedFiles, colors: dict[Color, int]) -> None:
        self.pairs, self.colors = pairs, colors
        self.names = [picture.name for picture, _ in pairs.paths]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:
        index = operator.index(index)
        picture, mask = self.pairs[index]
        name = self.pairs.paths[index][1].name
        bits, noted = _bits(mask), []
        for file, path in zip((picture, mask), self.pairs.paths[index], strict=True):
            try:
                noted.append(file.getexif().get(ORIENTATION, 1))  # of a TIFF it is gone when that is loaded, and made
                file.load()
            except (OSError, SyntaxError) as error:
                raise OSError(f"{path} cannot be read: {error}") from error
        _require_numbers(name, mask)
        _require_one_turn((self.names[index], name), noted, (picture, mask))
        orientation = mask.getexif()
        labels = self._of_colors(name, mask) if self.colors else _numbers(name, mask, bits)
        turned = Image.fromarray(labels)
        turned.getexif().update(orientation)
        return picture, turned

    def _of_colors(self, name: str, mask: Image.Image) -> NDArray[np.uint8]:
        if mask.mode in WIDE:
            raise ValueError(f"mask {name} holds numbers of more than 8 bits, and labels has colors: give it numbers")
        codes = _coded(np.asarray(mask.convert("RGB")))
        labels = np.full(codes.shape, -1, np.int16)
        for (red, green, blue), label in self.colors.items():
            labels[codes == (red << 16 | green << 8 | blue)] = label
        if (labels < 0).any():
            unknown = _listed(codes[labels < 0])
            raise ValueError(f"mask {name} holds colors that labels does not name: {unknown}")
        return labels.astype(np.uint8)


def _require_numbers(name: str, mask: Image.Image) -> None:
    """ValueError for a file whose numbers may not be those that were drawn."""
    if mask.format in ("JPEG", "MPO") or "jpeg" in str(mask.info.get("compression")):
        raise ValueError(
            f"mask {name} is a JPEG, which changes numbers along outlines: save masks as PNG, from what "
            "they were drawn in"
        )
    if mask.format not in ("PNG", "BMP", "TIFF"):
        raise ValueError(
            f"mask {name} is a {mask.format}, which may hold other numbers than were drawn: WebP blurs, GIF counts its "
            "colors anew; save masks as PNG, from what they were drawn in"
        )
    if mask.mode not in ("1", "L", "P", "RGB", "LA", "PA", "RGBA", *WIDE):
        raise ValueError(f"mask {name} has channels {mask.mode}, of which none is the label: save masks as gray PNG")
    if mask.mode in ("LA", "PA", "RGBA") and np.asarray(mask.getchannel("A")).min() < 255:
        raise ValueError(
            f"mask {name} is transparent in places, and nothing says of which class that is: fill them and save it "
            "without transparency"
        )


def _require_one_turn(names: tuple[str, str], noted: list[int], files: tuple[Image.Image, Image.Image]) -> None:
    """ValueError where EXIF turns picture and mask unlike, as `noted`, and their sizes fit with EXIF and without.

    Where the sizes fit in one way alone, they tell on which of the two the mask was drawn.
    """
    kinds = [kind if kind in range(2, 9) else 1 for kind in noted]
    shown = [_turned(file.size, file.getexif().get(ORIENTATION, 1)) for file in files]
    stored = [_turned(size, kind) for size, kind in zip(shown, kinds, strict=True)]
    if kinds[0] != kinds[1] and shown[0] == shown[1] and stored[0] == stored[1]:
        raise ValueError(
            f"picture {names[0]} has the EXIF orientation {kinds[0]} and mask {names[1]} has {kinds[1]}, and nothing "
            "says whether the mask was drawn on the picture as it is stored or as it is shown: lay it over both and "
            "look, then save the picture as it fits, without EXIF"
        )


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The size (W, H) after a turn, or before it."""
    return size[::-1] if orientation in (5, 6, 7, 8) else size


def _bits(mask: Image.Image) -> int:
    """Bits of a gray number in a file that is not read yet; Pillow spreads those of 2 and 4 over 0 to 255."""
    modes = {str(tile[3]) for tile in getattr(mask, "tile", ())}
    return next((bits for bits in (2, 4) if f"L;{bits}" in modes), 8)


def _numbers(name: str, mask: Image.Image, bits: int) -> NDArray[np.uint8]:
    """One number a pixel, as the file has it; three equal channels are one."""
    values = np.asarray(mask)
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.ndim == 3:
        color = values[..., : 3 if values.shape[2] > 2 else 1]
        if (color != color[..., :1]).any():
            raise ValueError(
                f"mask {name} is painted in colors, {_listed(_coded(color))}, and labels has numbers: "
                "give labels={(red, green, blue): class, …}"
            )
        values = color[..., 0]
    if values.dtype != np.uint8:
        if values.min() < 0 or values.max() > 255 or (values != values.astype(np.uint8)).any():
            found = ", ".join(f"{value:g}" for value in np.unique(values)[-8:])
            raise ValueError(f"mask {name} must hold whole numbers from 0 to 255, got {found}")
        values = values.astype(np.uint8)
    return values // (255 // (2**bits - 1))


def _coded(color: NDArray) -> NDArray[np.int32]:
    return color.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


def _listed(codes: NDArray[np.int32]) -> str:
    """The most frequent colors of these codes, and how many more there are."""
    values, counts = np.unique(codes, return_counts=True)
    most = [int(code) for code in values[np.argsort(-counts, kind="stable")]]
    more = f" and {len(most) - 4} more" if len(most) > 4 else ""
    return ", ".join(str((code >> 16, code >> 8 & 255, code & 255)) for code in most[:4]) + more
