"""Data sets in one form: image float (3, H, W) in [0, 1], mask int64 (H, W), `.classes` names."""

from segviz.data.augmentation import augmentation, fitted
from segviz.data.cues import FarCues
from segviz.data.folders import folder
from segviz.data.kept import Kept
from segviz.data.layout import Scene
from segviz.data.public import PUBLIC, Labeled, camvid, cityscapes, oxford_pets, sbd, voc2012
from segviz.data.samples import class_shares
from segviz.data.scenes import PALETTE, Scenes
from segviz.data.sizes import Sizes

__all__ = [
    "PALETTE",
    "PUBLIC",
    "FarCues",
    "Kept",
    "Labeled",
    "Scene",
    "Scenes",
    "Sizes",
    "augmentation",
    "camvid",
    "cityscapes",
    "class_shares",
    "fitted",
    "folder",
    "oxford_pets",
    "sbd",
    "voc2012",
]
