"""A folder of one's own: pictures and masks, and what masks are commonly saved as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segviz.data.pairs import PairedFiles
from segviz.data.public import IGNORED, Labeled, Transforms

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

    Raises FileNotFoundError for a folder that is not there and for a file without a partner. Reading a picture raises
    ValueError where its mask is a JPEG, of another size, or holds what `labels` does not name; the file is named.

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
    count = len(classes)
    table: dict[Any, int] = dict(labels) if labels is not None else {n: n for n in range(count)} | {IGNORED: IGNORED}
    for key, label in table.items():
        if label != IGNORED and not 0 <= label < count:
            raise ValueError(f"labels must map to a class in [0, {count}) or to {IGNORED}, got {label} for {key!r}")
    colors = [key for key in table if isinstance(key, tuple)]
    if colors and len(colors) < len(table):
        raise ValueError("labels must have either numbers or colors (red, green, blue) as keys, got both")
    drawn = _Drawn(PairedFiles(pictures, masks), {key: table[key] for key in colors})
    known = {label: label for label in {*table.values(), IGNORED}} if colors else table
    return Labeled(drawn, classes, known, transforms)


class _Drawn(Sequence):
    """Pairs whose masks come as bytes (H, W), whatever their files are; colors, if given, as their classes."""

    def __init__(self, pairs: PairedFiles, colors: dict[Color, int]) -> None:
        self.pairs, self.colors = pairs, colors
        self.names = [picture.name for picture, _ in pairs.paths]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:
        picture, mask = self.pairs[index]
        name = self.pairs.paths[index][1].name
        if mask.format in ("JPEG", "MPO"):
            raise ValueError(
                f"mask {name} is a JPEG, which changes numbers along outlines: save masks as PNG, from what "
                "they were drawn in"
            )
        orientation = mask.getexif()
        labels = self._of_colors(name, mask) if self.colors else _numbers(name, mask)
        turned = Image.fromarray(labels)
        turned.getexif().update(orientation)
        return picture, turned

    def _of_colors(self, name: str, mask: Image.Image) -> NDArray[np.uint8]:
        codes = _coded(np.asarray(mask.convert("RGB")))
        labels = np.full(codes.shape, -1, np.int16)
        for (red, green, blue), label in self.colors.items():
            labels[codes == (red << 16 | green << 8 | blue)] = label
        if (labels < 0).any():
            unknown = _listed(codes[labels < 0])
            raise ValueError(f"mask {name} holds colors that labels does not name: {unknown}")
        return labels.astype(np.uint8)


def _numbers(name: str, mask: Image.Image) -> NDArray[np.uint8]:
    """One number a pixel; three equal channels are one."""
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
    return values


def _coded(color: NDArray) -> NDArray[np.int32]:
    return color.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)


def _listed(codes: NDArray[np.int32]) -> str:
    """The most frequent colors of these codes, and how many more there are."""
    values, counts = np.unique(codes, return_counts=True)
    most = [int(code) for code in values[np.argsort(-counts, kind="stable")]]
    more = f" and {len(most) - 4} more" if len(most) > 4 else ""
    return ", ".join(str((code >> 16, code >> 8 & 255, code & 255)) for code in most[:4]) + more
