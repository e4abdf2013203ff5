"""Data sets in one form: image float (3, H, W) in [0, 1], mask int64 (H, W), `.classes` names."""

from segviz.data.layout import Scene
from segviz.data.samples import class_shares
from segviz.data.scenes import PALETTE, Scenes

__all__ = ["PALETTE", "Scene", "Scenes", "class_shares"]
