"""The stage a street is drawn on: a pinhole camera, and strokes that carry color and label at once.

Positions are meters: x to the right of the camera, y up from the ground, z away from the camera. The
picture is RGBA with the label in the fourth byte, so one stroke draws both and neither can be a pixel
off. Two bits of that byte mark what is worth knowing beside the class: `GLOWS` (a lamp, no shadow
falls on it) and `MIRRORS` (a bicycle that is only a reflection in a bus's glass).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from segviz.data.dice import Dice
from segviz.data.light import Color, Light, dim, mix, sky_gradient

CLASSES = (
    "sky", "building", "road", "pavement", "tree", "pole", "sign", "person", "bicycle", "car", "bus",
)  # fmt: skip
SKY, BUILDING, ROAD, PAVEMENT, TREE, POLE, SIGN, PERSON, BICYCLE, CAR, BUS = range(len(CLASSES))
GLOWS, MIRRORS = 32, 64

Ink = tuple[int, int, int, int]
Point = tuple[int, int]

# Colors that several things share.
FACADES = (
    (222, 202, 170), (196, 112, 84), (226, 174, 116), (214, 150, 138), (168, 182, 170), (236, 226, 206),
    (150, 96, 82), (178, 164, 190), (206, 190, 128), (132, 150, 168),
)  # fmt: skip
PAINTWORK = (
    (186, 44, 46), (232, 232, 228), (40, 74, 120), (58, 62, 68), (150, 158, 164), (226, 160, 44),
    (54, 112, 92), (120, 44, 62), (96, 150, 186),
)  # fmt: skip
CLOTHES = (
    (196, 60, 62), (44, 64, 112), (232, 196, 84), (62, 122, 104), (238, 234, 226), (128, 74, 128),
    (52, 52, 60), (226, 126, 86),
)  # fmt: skip
ASPHALT, STONE, DARK, GLASS = (98, 100, 108), (182, 174, 164), (34, 34, 42), (70, 92, 112)
LAMP, WARM, BRAKE = (255, 240, 196), (255, 206, 120), (232, 56, 50)


@dataclass(frozen=True)
class Camera:
    """A camera that looks level down the street."""

    width: int
    height: int
    focal: float  # pixels
    eye: float  # meters above the ground
    horizon: float  # row
    center: float  # column the street runs to

    def scale(self, z: float) -> float:
        """Pixels a meter takes at distance z."""
        return self.focal / z

    def column(self, x: float, z: float) -> int:
        """The column that sees a point, however high it is."""
        return round(self.center + x * self.focal / z)

    def row(self, y: float, z: float) -> int:
        """The row that sees a point, however far it is to the side."""
        return round(self.horizon + (self.eye - y) * self.focal / z)

    def at(self, x: float, y: float, z: float) -> Point:
        """The pixel that sees a point."""
        scale = self.focal / z
        return round(self.center + x * scale), round(self.horizon + (self.eye - y) * scale)


class Stage:
    """A picture in the making: strokes go straight onto it, things wait for their turn by distance."""

    def __init__(self, camera: Camera, light: Light, dice: Dice) -> None:
        self.camera, self.light, self.dice = camera, light, dice
        self.sun = 1 if dice.chance(0.5) else -1
        sky = np.full((camera.height, camera.width, 4), SKY, np.uint8)
        sky[..., :3] = sky_gradient(light, camera.height, round(camera.horizon))[:, None]
        self.picture = Image.fromarray(sky)
        self.draw = ImageDraw.Draw(self.picture)
        self._things: list[tuple[float, Callable[[], None]]] = []
        self._shadows = Image.new("L", self.picture.size)
        self._shade = ImageDraw.Draw(self._shadows)

    def ink(self, label: int, color: Color, z: float = 0.0) -> Ink:
        """Color and label of a stroke; far things take on the color of the skyline."""
        return (*mix(color, self.light.skyline, 0.8 * z / (z + 90)), label)

    def lamp(self, label: int, color: Color, off: Color, z: float = 0.0) -> Ink:
        """Ink of a lamp or a window, lit as often as the hour has it."""
        return self.light_of(label, color, z) if self.dice.chance(self.light.lamps) else self.ink(label, off, z)

    def light_of(self, label: int, color: Color, z: float = 0.0) -> Ink:
        """Ink of a lamp that is lit."""
        return (*mix(color, self.light.skyline, 0.5 * z / (z + 90)), label | GLOWS)

    def walls(self, color: Color) -> tuple[Color, Color, Color]:
        """A box's color seen from its left, from the front and from its right."""
        low, high = self.light.shade, 1.06
        front = (low + high) / 2
        left, right = (low, high) if self.sun > 0 else (high, low)
        return dim(color, left), dim(color, front), dim(color, right)

    def later(self, z: float, thing: Callable[[], None]) -> None:
        """Draw a thing at distance z after everything farther away."""
        self._things.append((z, thing))

    def shadow(self, *corners: tuple[float, float]) -> None:
        """A shadow on the ground over the polygon of these (x, z)."""
        self._shade.polygon([self.camera.at(x, 0, z) for x, z in corners], fill=255)

    def cast_shadows(self) -> None:
        """Darken the ground drawn so far where shadows fall."""
        share = int(256 * (0.3 + 0.7 * self.light.shade))
        table = [level * share >> 8 for level in range(256)] * 3 + list(range(256))
        self.picture.paste(self.picture.point(table), mask=self._shadows)

    def draw_things(self) -> None:
        """Draw what waits, the farthest first."""
        for _, thing in sorted(self._things, key=lambda entry: -entry[0]):
            thing()

    def ground(self, ink: Ink, *corners: tuple[float, float]) -> None:
        """A polygon of (x, z) on the ground."""
        self.draw.polygon([self.camera.at(x, 0, z) for x, z in corners], fill=ink)

    def front(self, ink: Ink, x: tuple[float, float], y: tuple[float, float], z: float) -> None:
        """A rectangle that faces the camera, from (x[0], y[0]) to (x[1], y[1])."""
        (left, bottom), (right, top) = self.camera.at(x[0], y[0], z), self.camera.at(x[1], y[1], z)
        right, bottom = right - (right > left), bottom - (bottom > top)
        if right >= 0 and left < self.camera.width:
            self.draw.rectangle((left, top, right, bottom), fill=ink)

    def side(self, ink: Ink, x: float, y: tuple[float, float], z: tuple[float, float]) -> None:
        """A rectangle that runs along the street, from (y[0], z[0]) to (y[1], z[1])."""
        (near, low), (far, distant) = self.camera.at(x, y[0], z[0]), self.camera.at(x, y[0], z[1])
        top, distant_top = self.camera.row(y[1], z[0]), self.camera.row(y[1], z[1])
        self.draw.polygon((near, low, near, top, far, distant_top, far, distant), fill=ink)

    def box(
        self, label: int, color: Color, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]
    ) -> None:
        """The faces of a box that the camera sees."""
        left, front, right = self.walls(color)
        far = z[0]
        if x[0] > 0:
            self.side(self.ink(label, left, far), x[0], y, z)
        if x[1] < 0:
            self.side(self.ink(label, right, far), x[1], y, z)
        if y[1] < self.camera.eye:
            at = self.camera.at
            roof = [at(x[0], y[1], z[0]), at(x[0], y[1], z[1]), at(x[1], y[1], z[1]), at(x[1], y[1], z[0])]
            self.draw.polygon(roof, fill=self.ink(label, dim(color, 1.12), far))
        self.front(self.ink(label, front, far), x, y, z[0])

    def disc(self, ink: Ink, center: Point, radius: float, *, flat: float = 1.0) -> None:
        """A filled disc, `flat` times as high as it is wide."""
        column, row = center
        across, down = round(radius), round(radius * flat)
        self.draw.ellipse((column - across, row - down, column + across, row + down), fill=ink)
