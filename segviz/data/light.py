"""The light of a scene: a time of day, and the finish it gives to flat colors.

Everything is whole-number arithmetic, so that a finished picture has the same bytes on every machine.
"""

from dataclasses import dataclass

import numpy as np

from segviz.data.dice import Dice

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Light:
    """A time of day. Colors are 0–255, tints are 256ths, shares are from 0 to 1."""

    name: str
    zenith: Color
    skyline: Color
    cloud: Color
    tint: Color
    shade: float  # how much light is left where the sun does not reach
    lamps: float  # share of windows and lamps that are lit
    noise: int  # of the sensor, in 255ths


LIGHTS = (
    Light("morning", (104, 164, 214), (247, 226, 196), (255, 243, 228), (262, 252, 236), 0.74, 0.05, 5),
    Light("noon", (64, 136, 206), (186, 220, 238), (252, 253, 255), (260, 258, 252), 0.68, 0.0, 4),
    Light("overcast", (170, 182, 194), (214, 220, 222), (192, 201, 209), (226, 232, 240), 0.88, 0.08, 6),
    Light("golden hour", (108, 134, 184), (255, 196, 128), (255, 216, 170), (276, 236, 190), 0.62, 0.2, 5),
    Light("dusk", (38, 48, 98), (232, 132, 110), (122, 84, 122), (158, 146, 190), 0.8, 0.5, 8),
)


def mix(color: Color, other: Color, share: float) -> Color:
    """`color` with a share of `other` in it.

    >>> mix((0, 100, 200), (100, 100, 100), 0.5)
    (50, 100, 150)
    """
    part = int(256 * share)
    keep = 256 - part
    return (
        (color[0] * keep + other[0] * part) >> 8,
        (color[1] * keep + other[1] * part) >> 8,
        (color[2] * keep + other[2] * part) >> 8,
    )


def dim(color: Color, share: float) -> Color:
    """`color` with only a share of its light left; a share above 1 brightens."""
    part = int(256 * share)
    red, green, blue = color[0] * part >> 8, color[1] * part >> 8, color[2] * part >> 8
    return min(red, 255), min(green, 255), min(blue, 255)


def sky_gradient(light: Light, height: int, horizon: int) -> np.ndarray:
    """uint8 (H, 3), a color a row: from the zenith's at the top to the skyline's at the horizon."""
    share = np.minimum(256 * np.arange(height) // max(horizon, 1), 256)[:, None]
    return ((np.array(light.zenith) * (256 - share) + np.array(light.skyline) * share) >> 8).astype(np.uint8)


def blotches(dice: Dice, size: tuple[int, int], cell: int) -> np.ndarray:
    """Soft noise: int16 (H, W) from -128 to 127, white at `cell` pixels and linear between."""
    height, width = size
    coarse = dice.grain(height // cell + 2, width // cell + 2)
    share = (np.arange(cell, dtype=np.int16))[:, None, None]
    tall = (coarse[:-1] * (cell - share) + coarse[1:] * share) // cell
    tall = tall.transpose(1, 0, 2).reshape(-1, coarse.shape[1])[:height, :, None]
    share = share[:, 0, 0]
    wide = (tall[:, :-1] * (cell - share) + tall[:, 1:] * share) // cell
    return wide.reshape(height, -1)[:, :width]


def finish(flat: np.ndarray, roughness: np.ndarray, lit: np.ndarray, light: Light, dice: Dice) -> np.ndarray:
    """uint8 (H, W, 3): flat colors with texture, daylight and the sensor's noise.

    `roughness` (H, W) is the texture's height in 255ths; `lit` (H, W) is False where something shines
    by itself, and daylight changes nothing.
    """
    size = flat.shape[:2]
    color = flat.astype(np.int16)
    texture = dice.grain(*size) + blotches(dice, size, max(4, size[0] // 16))
    color += ((texture * roughness) >> 7)[..., None]
    np.clip(color, 0, 255, out=color)
    # Light falls a little stronger from one side: a slope across the picture, at most one part in ten.
    slope = (np.arange(size[1]) * 24 // size[1] - 12) * (1 if dice.chance(0.5) else -1)
    exposure = 128 + dice.whole(-10, 10) + slope
    # In 128ths, so that the product of color and tint fits 16 bits.
    tint = (np.array(light.tint) * exposure[:, None] >> 8).astype(np.uint16)
    daylight = (color.view(np.uint16) * tint >> 7).astype(np.int16)
    np.copyto(color, daylight, where=lit[..., None])
    color += (dice.grain(*size, 3) * light.noise) >> 7
    return np.clip(color, 0, 255, out=color).astype(np.uint8)
