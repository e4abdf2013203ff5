"""kornia."""

import torch
from kornia.augmentation import Resize
from kornia.geometry.transform import resize as resized

from benchmarks.elsewhere.program import recipe, way

native = torch.tensor


@way("geometry.transform.resize(x, size)", "align_corners=False", law="half_pixel")
def default(x, output_size):
    return resized(x, (output_size, output_size))


@way("augmentation.Resize(size)(x)", "align_corners=False", law="corners")
def augmentation(x, output_size):
    return Resize((output_size, output_size))(x)


@recipe("align_corners=False")
def resize(x, output_size):
    """Name the flag: `kornia.augmentation.Resize` has the other default."""
    return resized(x, (output_size, output_size), align_corners=False)


@recipe("align_corners=True")
def resize_corners(x, output_size):
    return resized(x, (output_size, output_size), align_corners=True)
