"""A reader's own file as a picture: whatever is wrong with it is said in words."""

import io
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from segviz.data.pictures import WIDE, in_color

MOST_BYTES = 8 * 2**20  # the page brings what is larger to the picture's size before it sends it
MOST_PIXELS = 64_000_000
# What can be read without running another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")


def read_picture(data: bytes, size: tuple[int, int]) -> tuple[Tensor, list[str]]:
    """A file's bytes as an image (3, H, W) in [0, 1] of `size`, and what was done to it, in words.

    It is turned as its EXIF says, brought from the colors of its own profile to sRGB's, laid on white where it is
    transparent, scaled until it covers `size`, and cut to its middle. Gray, 16-bit and palette pictures become color
    pictures of 8 bits; of an animation the first frame is taken. Whole gray values count up to the least of 8, 10, 12
    and 16 bits that holds them, others from least to greatest.

    Raises ValueError, with a sentence for the reader, for what is no picture, is damaged, or is too large.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"The file has {len(data) / 2**20:.1f} MB; {MOST_BYTES / 2**20:.0f} MB is the most.")
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the rule below is stricter
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise Image.DecompressionBombError
            if getattr(picture, "n_frames", 1) > 1:
                notes.append("the first frame of an animation")
                picture.seek(0)
            color = _in_color(_turned(picture, notes), notes)
    except UnidentifiedImageError:
        raise ValueError(f"The file is no picture that can be read here: {', '.join(FORMATS)} can.") from None
    except Image.DecompressionBombError:
        raise ValueError(f"The picture has more than {MOST_PIXELS // 10**6} million pixels: make it smaller.") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):
        raise ValueError("The picture is damaged: it cannot be read to its end.") from None
    return _fitted(color, size, notes), notes


def _turned(picture: Image.Image, notes: list[str]) -> Image.Image:
    turned = ImageOps.exif_transpose(picture)
    if picture.getexif().get(0x0112, 1) != 1:
        notes.append("turned as its EXIF says")
    return turned


def _in_color(picture: Image.Image, notes: list[str]) -> Image.Image:
    """Eight bits and three channels, nothing transparent left."""
    if picture.mode in WIDE:
        values, low, high = _range(np.asarray(picture, dtype=float), picture.mode == "F", notes)
        picture = Image.fromarray(
            (255 * np.clip((values - low) / max(high - low, 1e-12), 0, 1)).round().astype(np.uint8)
        )
    elif picture.mode in ("1", "L", "LA"):
        notes.append("gray, given to all three channels")
    if picture.has_transparency_data:
        notes.append("laid on white where it is transparent")
    return in_color(_in_srgb(picture))


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Colors that a profile tells of, as the wide ones of today's phones, as sRGB's; others as they are."""
    told = picture.info.get("icc_profile")
    if not told:
        return picture
    # A gray profile is one of gray alone, and a transparent color is known by its value in the file: so color first,
    # by itself, then what is transparent.
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    if picture.mode == "LA":
        color = picture.getchannel("L")
    else:
        color = picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")
    try:
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(told)), ImageCms.createProfile("sRGB")
        brought = ImageCms.profileToProfile(color, own, srgb, outputMode="RGB") or color
    except (ImageCms.PyCMSError, OSError):  # damaged, or of colors other than the picture's: it tells nothing
        return picture
    if alpha is not None:
        brought.info.pop("transparency", None)
        brought.putalpha(alpha)
    return brought


def _range(values: NDArray, fractions: bool, notes: list[str]) -> tuple[NDArray, float, float]:
    """Gray values of more than 8 bits, each a number, and which of them become black and white."""
    known = np.isfinite(values)
    if not known.all():
        if not known.any():
            raise ValueError("no value is a number")
        notes.append(f"black where it holds no number ({(~known).mean():.0%} of its pixels)")
        values = np.where(known, values, values[known].min())
    low, high = float(values.min()), float(values.max())
    if fractions or low < 0 or high > 65535:
        notes.append(f"gray values from {low:.4g} to {high:.4g}, stretched from black to white in 8 bits")
        return values, low, high
    # Cameras and microscopes fill the lower 10 or 12 bits of 16: as 16 they would be all but black.
    bits = next(bits for bits in (8, 10, 12, 16) if high < 2**bits)
    notes.append(
        f"gray values of {bits} bits"
        + (" in 16, " if bits < 16 else ", ")
        + ("as they are" if bits == 8 else "rounded to 8")
    )
    return values, 0.0, float(2**bits - 1)


def _fitted(picture: Image.Image, size: tuple[int, int], notes: list[str]) -> Tensor:
    height, width = size
    before = picture.size
    if min(before[1] / height, before[0] / width) < 1:
        notes.append(f"enlarged from {before[1]} × {before[0]} pixels")
    elif before != (width, height):
        notes.append(f"scaled down from {before[1]} × {before[0]} pixels")
    if before[0] * height != before[1] * width:
        notes.append("cut to its middle")
    fitted = ImageOps.fit(picture, (width, height), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(fitted)).permute(2, 0, 1).float() / 255
