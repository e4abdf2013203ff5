"""Public data sets in the form of the scenes: image float (3, H, W) in [0, 1], mask int64 (H, W), `.classes`.

VOC 2012, SBD and Oxford-IIIT Pet are downloaded and read by torchvision. CamVid and Cityscapes come from a
folder of the reader's own, since neither may be passed on. Pixels without a class are 255. Where a folder is missing,
FileNotFoundError names it and says what `root` must hold.

    >>> sorted(PUBLIC)
    ['camvid', 'cityscapes', 'pets', 'sbd', 'voc']
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import datasets

from segviz.data.pairs import PairedFiles
from segviz.data.pictures import WIDE, in_color
from segviz.data.samples import Transforms, sample

IGNORED = 255
VOC_CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train",
    "tv monitor",
)  # fmt: skip
CAMVID_CLASSES = (
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist",
)  # fmt: skip

Pairs = Sequence[tuple[Image.Image, Image.Image]]


class Labeled(Dataset[tuple[Tensor, Tensor]]):
    """Pictures with masks, as torchvision gives them, in the form of this package.

    `labels` maps a value of the mask's file to a class or to 255; a value that is not in it is an error when
    its picture is read. `transforms` is a joint torchvision v2 transform of image and mask. Files whose EXIF turns them
    are turned; a picture and a mask of different sizes are a ValueError, before any transform could hide it. Pictures
    are laid on white where they are transparent; gray of more than 8 bits, whose white nothing names, is a ValueError.
    """

    ignore_index = IGNORED

    def __init__(
        self, pairs: Pairs, classes: Sequence[str], labels: dict[int, int], transforms: Transforms | None = None
    ) -> None:
        self.pairs, self.classes, self.transforms = pairs, tuple(classes), transforms
        # 16 bits, so that no class or 255 can stand for "unknown".
        self._table = np.full(256, -1, np.int16)
        for value, label in labels.items():
            self._table[value] = label

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture, mask = self.pairs[index]
        stored = picture.size
        picture, mask = ImageOps.exif_transpose(picture), ImageOps.exif_transpose(mask)
        if picture.size != mask.size:
            raise ValueError(_misfit(self._called(index), picture.size, mask.size, stored))
        if picture.mode in WIDE:
            low, high = picture.getextrema()
            raise ValueError(
                f"picture {self._called(index)} has gray values from {low:g} to {high:g}, more than 8 bits hold, and "
                "nothing says which is white: scale it to 0 to 255 and save it so"
            )
        image = torch.from_numpy(np.array(in_color(picture))).permute(2, 0, 1).contiguous()
        return sample(image, torch.from_numpy(self._labels(self._called(index), np.asarray(mask))), self.transforms)

    def _called(self, index: int) -> str:
        """The picture's number, and its file's name where the pairs know it."""
        names = getattr(self.pairs, "names", None)
        return str(index) if names is None else f"{index} ({names[index]})"

    def _labels(self, index: str, values: np.ndarray) -> np.ndarray:
        if values.ndim != 2 or values.dtype != np.uint8:
            form = f"{values.dtype} {values.shape}"
            raise ValueError(f"mask of picture {index} must be bytes (H, W), one label a pixel, got {form}")
        labels = self._table[values]
        if (labels < 0).any():
            unknown = np.unique(values[labels < 0])[:8].tolist()
            known = np.nonzero(self._table >= 0)[0].tolist()
            told = f"mask of picture {index} holds unknown labels {unknown}; known are {known}"
            raise ValueError(f"{told}{_likely(set(values.ravel().tolist()), len(self.classes))}")
        return labels.astype(np.uint8)


def _likely(values: set[int], count: int) -> str:
    """What such values of a mask often come from, as a sentence's end."""
    if values == {0, 1} and count == 2:
        return "; a file of one bit a pixel holds 0 and 1: leave labels out"
    if values <= {0, 255} and count == 2:
        return "; black and white are two classes as labels={0: 0, 255: 1}"
    if count in values and 0 not in values and max(values - {IGNORED}) == count:
        return f"; they count from 1: labels={{1: 0, …, {count}: {count - 1}}}"
    return ""


def _misfit(index: str, picture: tuple[int, int], mask: tuple[int, int], stored: tuple[int, int]) -> str:
    """What is said of a picture and a mask of other sizes (W, H); `stored` is the picture's before EXIF turned it."""
    told = f"picture {index} is {picture[1]}×{picture[0]} pixels and its mask {mask[1]}×{mask[0]} (H×W)"
    if stored == mask:
        cause = "the picture's EXIF turns it and the mask was drawn on it unturned: turn one of the two files"
    elif picture == mask[::-1]:
        cause = "one of them is turned by 90°, as by a labeling program that overlooked or applied EXIF: turn it back"
    elif abs(picture[0] * mask[1] - picture[1] * mask[0]) <= max(*picture, *mask):
        cause = "one of them was resized: resize the mask to the picture's size by nearest neighbor"
    else:
        cause = "one of them was cropped or belongs to another picture"
    return f"{told}; they must be of one size, {cause}"


def _same(count: int) -> dict[int, int]:
    return {label: label for label in range(count)} | {IGNORED: IGNORED}


def voc2012(
    root: str | Path, split: str = "train", *, download: bool = False, transforms: Transforms | None = None
) -> Labeled:
    """PASCAL VOC 2012 (Everingham et al.): 21 classes; `split` is train, val or trainval."""
    _one_of("split", split, ("train", "val", "trainval"))
    with _looking_for(root, "VOCdevkit/VOC2012", fetched=True):
        pairs = datasets.VOCSegmentation(str(root), year="2012", image_set=split, download=download)
    return Labeled(pairs, VOC_CLASSES, _same(21), transforms)


def sbd(
    root: str | Path,
    split: str = "train_noval",
    *,
    download: bool = False,
    transforms: Transforms | None = None,
) -> Labeled:
    """The Semantic Boundaries Dataset (Hariharan et al., ICCV 2011), VOC's classes on 11,355 pictures.

    `split` is train, val or train_noval, the part of both without VOC 2012's validation pictures, with which
    the papers extend VOC's training set. Reading its masks takes SciPy.
    """
    _one_of("split", split, ("train", "val", "train_noval"))
    # torchvision unpacks into root and refuses to download where it has done so before.
    missing = not (Path(root) / "cls").is_dir()
    with _looking_for(root, "img", "cls", fetched=True):
        pairs = datasets.SBDataset(str(root), image_set=split, mode="segmentation", download=download and missing)
    return Labeled(pairs, VOC_CLASSES, _same(21), transforms)


def oxford_pets(
    root: str | Path, split: str = "trainval", *, download: bool = False, transforms: Transforms | None = None
) -> Labeled:
    """Oxford-IIIT Pet (Parkhi et al., CVPR 2012): pet or background; `split` is trainval or test.

    The trimap's third value, the fur between the two, is ignored.
    """
    _one_of("split", split, ("trainval", "test"))
    with _looking_for(root, "oxford-iiit-pet/images", "oxford-iiit-pet/annotations", fetched=True):
        pairs = datasets.OxfordIIITPet(str(root), split=split, target_types="segmentation", download=download)
    return Labeled(pairs, ("background", "pet"), {1: 1, 2: 0, 3: IGNORED}, transforms)


def cityscapes(root: str | Path, split: str = "train", *, transforms: Transforms | None = None) -> Labeled:
    """Cityscapes (Cordts et al., CVPR 2016) from a folder with `leftImg8bit` and `gtFine`: the 19 classes.

    `split` is train, val or test. Register at cityscapes-dataset.com to obtain it.
    """
    _one_of("split", split, ("train", "val", "test"))
    with _looking_for(root, f"leftImg8bit/{split}", f"gtFine/{split}"):
        pairs = datasets.Cityscapes(str(root), split=split, mode="fine", target_type="semantic")
    scored = sorted((c for c in pairs.classes if 0 <= c.train_id < IGNORED), key=lambda c: c.train_id)
    unscored = {c.id: IGNORED for c in pairs.classes if c.id >= 0} | {IGNORED: IGNORED}
    labels = unscored | {c.id: c.train_id for c in scored}
    return Labeled(pairs, [c.name for c in scored], labels, transforms)


def camvid(root: str | Path, split: str = "train", *, transforms: Transforms | None = None) -> Labeled:
    """CamVid (Brostow et al., 2009) from a folder laid out as SegNet's authors gave it: the 11 classes.

    The pictures of `split` (train, val or test) are in `root/split`, their masks under the same names in
    `root/splitannot`; value 11 means no class.
    """
    _one_of("split", split, ("train", "val", "test"))
    with _looking_for(root, split, f"{split}annot"):
        pairs = PairedFiles(Path(root) / split, Path(root) / f"{split}annot", (".png",))
    return Labeled(pairs, CAMVID_CLASSES, _same(11) | {11: IGNORED}, transforms)


@contextmanager
def _looking_for(root: str | Path, *folders: str, fetched: bool = False) -> Iterator[None]:
    """Says which of these folders in `root` is missing, where reading it fails for that, and which root is meant."""
    try:
        yield
    except (RuntimeError, FileNotFoundError) as error:
        given = Path(root).absolute()
        missing = next((folder for folder in folders if not (given / folder).is_dir()), None)
        if missing is None:
            raise
        parts = {part for folder in folders for part in Path(folder).parts}
        meant, top = given, Path(missing).parts[0]
        while meant.name in parts:  # the folder's own name was given along
            meant = meant.parent
        deeper = next(iter(sorted(given.glob(f"*/{missing}"))), None) if given.is_dir() else None
        if meant == given and deeper is not None:
            meant = given / deeper.relative_to(given).parts[0]
        hint = "" if meant == given else f", here {meant}"
        other = ", or fetch it with download=True" if fetched and not hint else ""
        raise FileNotFoundError(
            f"no folder {Path(root) / missing}; root must be the folder that holds {top}{hint}{other}"
        ) from error


def _one_of(parameter: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{parameter} must be one of {', '.join(map(repr, known))}, got {value!r}")


# Name on the command line -> how to open it, and its parts to train and to validate on.
PUBLIC: dict[str, tuple[Callable[..., Labeled], str, str]] = {
    "voc": (voc2012, "train", "val"),
    "sbd": (sbd, "train_noval", "val"),
    "pets": (oxford_pets, "trainval", "test"),
    "camvid": (camvid, "train", "val"),
    "cityscapes": (cityscapes, "train", "val"),
}
