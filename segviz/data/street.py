"""The things of a street, drawn by a pinhole camera in color and label at once.

Positions are meters: x to the right of the camera, y up from the ground, z away from the camera. The
picture is RGBA with the label in the fourth byte, so one stroke draws both and neither can be a pixel
off. Two bits of that byte mark what is worth knowing beside the class: `GLOWS` (a lamp, no shadow
falls on it) and `MIRRORS` (a bicycle that is only a reflection in a bus's glass).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

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

FACADES = (
    (222, 202, 170), (196, 112, 84), (226, 174, 116), (214, 150, 138), (168, 182, 170), (236, 226, 206),
    (150, 96, 82), (178, 164, 190), (206, 190, 128), (132, 150, 168),
)  # fmt: skip
PAINTWORK = (
    (186, 44, 46), (232, 232, 228), (40, 74, 120), (58, 62, 68), (150, 158, 164), (226, 160, 44),
    (54, 112, 92), (120, 44, 62), (96, 150, 186),
)  # fmt: skip
LIVERIES = ((206, 48, 44), (242, 184, 48), (36, 132, 138), (52, 98, 172), (232, 112, 54), (104, 152, 66))
CLOTHES = (
    (196, 60, 62), (44, 64, 112), (232, 196, 84), (62, 122, 104), (238, 234, 226), (128, 74, 128),
    (52, 52, 60), (226, 126, 86),
)  # fmt: skip
SKIN = ((242, 206, 178), (224, 178, 142), (176, 124, 90), (116, 78, 58))
LEAVES = ((72, 122, 64), (104, 140, 62), (58, 106, 82), (140, 148, 66), (198, 132, 56), (196, 140, 150))
# Of a tree's crown: share of light, how far toward the sun, size.
TONES = ((0.66, -0.12, 1.0), (0.92, 0.06, 0.92), (1.18, 0.3, 0.5))
PLATES = ((206, 42, 48), (36, 92, 168), (244, 206, 66), (238, 240, 240), (46, 128, 84))
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


def building(stage: Stage, side: int, x: float, z: tuple[float, float], height: float, *, exposed: bool) -> None:
    """A house along the street: `side` -1 is on the left, 1 on the right; `x` is where its wall stands.

    Only a house whose front is `exposed`, and not behind a nearer one, gets windows there.
    """
    dice, near = stage.dice, z[0]
    color = dice.pick(FACADES)
    left, front, right = stage.walls(color)
    wall = right if side < 0 else left
    storey, bay = dice.between(2.8, 3.4), dice.between(2.0, 3.2)
    glass = dim(GLASS, 0.85 if wall == right else 0.65)
    if near > 2:
        outer = (x, x + 14.0) if side > 0 else (x - 14.0, x)
        stage.front(stage.ink(BUILDING, front, near), outer, (0, height), near)
        stage.front(stage.ink(BUILDING, dim(front, 0.72), near), outer, (height - 0.4, height), near)
        if exposed:
            _windows_ahead(stage, outer, height, near, storey, bay)
    if stage.camera.column(x, near) == stage.camera.column(x, z[1]):
        return
    stage.side(stage.ink(BUILDING, wall, near), x, (0, height), z)
    stage.side(stage.ink(BUILDING, dim(wall, 0.72), near), x, (height - 0.4, height), z)
    if stage.camera.scale(near) < 3.5:
        return
    _windows_along(stage, x, height, z, storey, bay, glass)
    if dice.chance(0.6):
        stage.side(stage.lamp(BUILDING, WARM, glass, near), x, (0.6, 2.3), (near + 0.4, z[1] - 0.4))
        awning = stage.ink(BUILDING, dim(dice.pick(CLOTHES), 0.9), near)
        stage.side(awning, x, (2.3, 2.9), (near + 0.2, z[1] - 0.2))
    else:
        door = near + dice.between(0.3, 0.7) * (z[1] - near)
        stage.side(stage.ink(BUILDING, dim(dice.pick(PAINTWORK), 0.8), door), x, (0, 2.2), (door, door + 1.1))


def _windows_along(
    stage: Stage, x: float, height: float, z: tuple[float, float], storey: float, bay: float, glass: Color
) -> None:
    """Windows in a wall that runs along the street."""
    camera, floors = stage.camera, [floor * storey + 0.7 for floor in range(1, int(height / storey))]
    dark, bright = stage.ink(BUILDING, glass, z[0]), stage.light_of(BUILDING, WARM, z[0])
    for column in range(int((z[1] - z[0]) / bay)):
        near = max(1.0, z[0] + (column + 0.24) * bay)
        far = near + 0.52 * bay
        left, right = camera.column(x, near), camera.column(x, far)
        if left == right or max(left, right) < 0 or min(left, right) >= camera.width:
            continue
        for low in floors:
            ink = bright if stage.dice.chance(stage.light.lamps) else dark
            corners = (left, camera.row(low, near), left, camera.row(low + 1.6, near),
                       right, camera.row(low + 1.6, far), right, camera.row(low, far))  # fmt: skip
            stage.draw.polygon(corners, fill=ink)


def _windows_ahead(stage: Stage, x: tuple[float, float], height: float, z: float, storey: float, bay: float) -> None:
    """Windows in a wall that faces the camera."""
    camera, scale = stage.camera, stage.camera.scale(z)
    if scale * bay < 4:
        return
    dark, bright = stage.ink(BUILDING, GLASS, z), stage.light_of(BUILDING, WARM, z)
    wide, tall = max(0, round(0.5 * bay * scale) - 1), max(0, round(1.6 * scale) - 1)
    rows = [camera.row(floor * storey + 2.3, z) for floor in range(1, int(height / storey))]
    for column in range(int((x[1] - x[0]) / bay)):
        left = camera.column(x[0] + (column + 0.26) * bay, z)
        if -wide <= left < camera.width:
            for top in rows:
                ink = bright if stage.dice.chance(stage.light.lamps) else dark
                stage.draw.rectangle((left, top, left + wide, top + tall), fill=ink)


def tree(stage: Stage, x: float, z: float, height: float) -> None:
    """A street tree: trunk, and a crown of leaves in three tones."""
    dice, scale = stage.dice, stage.camera.scale(z)
    leaf = dice.pick(LEAVES)
    trunk = max(1, round(0.3 * scale))
    column, foot = stage.camera.at(x, 0, z)
    row = stage.camera.row(0.62 * height, z)
    bark = stage.ink(TREE, (92, 74, 62), z)
    stage.draw.rectangle((column - trunk // 2, row, column - trunk // 2 + trunk - 1, foot), fill=bark)
    reach = 0.24 * height * scale
    count, tones = (6, TONES) if reach > 7 else (4, TONES[1:]) if reach > 3 else (3, TONES[1:2])
    clumps = [
        (dice.between(-0.75, 0.75) * reach, dice.between(-0.8, 0.7) * reach, dice.between(0.45, 0.8) * reach)
        for _ in range(count)
    ]
    for tone, toward_sun, size in tones:
        ink = stage.ink(TREE, dim(leaf, tone), z)
        for across, down, radius in clumps:
            shift = toward_sun * radius
            center = round(column + across + stage.sun * shift), round(row + down - shift)
            stage.disc(ink, center, max(1.0, radius * size))


def lamp_post(stage: Stage, x: float, z: float) -> None:
    """A street lamp that leans over the road."""
    height, toward = 6.2, (-1 if x > 0 else 1)
    thickness = pole_width(stage, z)
    ink = stage.ink(POLE, (64, 70, 78), z)
    foot, top = stage.camera.at(x, 0, z), stage.camera.at(x, height, z)
    arm = stage.camera.at(x + 1.5 * toward, height + 0.3, z)
    stage.draw.line([foot, top], fill=ink, width=thickness)
    stage.draw.line([top, arm], fill=ink)
    head = stage.lamp(POLE, LAMP, (206, 208, 206), z)
    stage.draw.line([arm, (arm[0] - toward * thickness, arm[1])], fill=head, width=thickness)


def wires(stage: Stage, x: float, depths: list[float]) -> None:
    """Wooden poles down the street, and the wires that hang between them."""
    height, lines = 7.6, []
    for z in depths:
        ink = stage.ink(POLE, (86, 68, 58), z)
        thickness = pole_width(stage, z)
        arm = max(0.9, 2 / stage.camera.scale(z))

        def stand(z: float = z, ink: Ink = ink, thickness: int = thickness, arm: float = arm) -> None:
            at = stage.camera.at
            stage.draw.line([at(x, 0, z), at(x, height, z)], fill=ink, width=thickness)
            stage.draw.line([at(x - arm, height - 0.5, z), at(x + arm, height - 0.5, z)], fill=ink)

        stage.later(z, stand)
    for near, far in pairwise(depths):
        for offset in (-0.8, 0.8):
            line = []
            for step in range(7):
                share = step / 6
                sag = 3.2 * share * (1 - share)
                z = near + (far - near) * share
                line.append(stage.camera.at(x + offset, height - 0.4 - sag, z))
            lines.append((far, line))
    for far, line in lines:
        ink = stage.ink(POLE, (58, 56, 62), far)
        stage.later(far - 0.1, partial(stage.draw.line, line, fill=ink))


def pole_width(stage: Stage, z: float) -> int:
    """Pixels: one or two on a picture 128 high, in proportion on a larger one."""
    return max(1, min(round(0.16 * stage.camera.scale(z)), max(2, stage.camera.height // 64)))


def sign(stage: Stage, x: float, z: float) -> None:
    """A traffic sign on a post, or a traffic light."""
    dice, scale = stage.dice, stage.camera.scale(z)
    height = dice.between(2.2, 3.0)
    foot, top = stage.camera.at(x, 0, z), stage.camera.at(x, height, z)
    post = stage.ink(POLE, (120, 124, 128), z)
    stage.draw.line([foot, top], fill=post, width=pole_width(stage, z))
    column, row = top
    radius = max(1.0, 0.42 * scale)
    kind = dice.whole(0, 3)
    color = dice.pick(PLATES)
    rim, plate = stage.ink(SIGN, color, z), stage.ink(SIGN, mix(color, (250, 250, 250), 0.8), z)
    if kind == 0:
        stage.disc(rim, top, radius)
        stage.disc(plate, top, radius * 0.5)
    elif kind == 1:
        half = round(radius)
        stage.draw.polygon([(column - half, row + half), (column + half, row + half), (column, row - half)],
                           fill=rim)  # fmt: skip
    elif kind == 2:
        wide = round(radius * 1.7)
        stage.draw.rectangle((column - wide, row - round(radius), column + wide, row + round(radius * 0.4)),
                             fill=rim)  # fmt: skip
        stage.draw.line([(column - wide + 1, row), (column + wide - 1, row)], fill=plate)
    else:
        half, tall = max(1, round(radius * 0.6)), round(radius * 1.6)
        stage.draw.rectangle((column - half, row - tall, column + half, row + tall),
                             fill=stage.ink(SIGN, DARK, z))  # fmt: skip
        colors = ((232, 60, 50), (250, 196, 60), (84, 206, 120))
        shines = dice.whole(0, 2)
        for number, bulb in enumerate(colors):
            center = column, row + round((number - 1) * radius)
            ink = (*bulb, SIGN | GLOWS) if number == shines else stage.ink(SIGN, dim(bulb, 0.35), z)
            stage.disc(ink, center, half / 2)


def person(stage: Stage, x: float, z: float, *, seated: bool = False) -> None:
    """Someone on foot, or on a bicycle's saddle."""
    dice, scale = stage.dice, stage.camera.scale(z)
    column, foot = stage.camera.at(x, 0, z)
    size = dice.between(0.88, 1.06) * scale
    coat, legs = stage.ink(PERSON, dice.pick(CLOTHES), z), stage.ink(PERSON, dice.pick(CLOTHES[:4]), z)
    skin = stage.ink(PERSON, dice.pick(SKIN), z)
    hair = stage.ink(PERSON, dice.pick(((40, 30, 28), (92, 62, 40), (190, 150, 88), (60, 60, 66))), z)
    lift = 0.45 * size if seated else 0.0
    hip, shoulder, crown = (round(foot - lift - share * size) for share in (0.84, 1.42, 1.72))
    half = max(1, round(0.22 * size))
    thick = max(1, round(0.16 * size))
    stride = 0 if seated else dice.between(0.08, 0.3) * size
    lean = round(0.12 * size) if seated else 0
    knee = round(foot - (0.3 * size if seated else 0))
    stage.draw.line([(column, hip), (round(column - stride), knee)], fill=legs, width=thick)
    stage.draw.line([(column, hip), (round(column + stride) + lean, knee)], fill=legs, width=thick)
    body = [(column - half, shoulder), (column + half, shoulder), (column + half - half // 3, hip),
            (column - half + half // 3, hip)]  # fmt: skip
    stage.draw.polygon([(a + (lean if b == shoulder else 0), b) for a, b in body], fill=coat)
    head = column + lean, (shoulder + crown) // 2
    radius = max(0.6, 0.13 * size)
    stage.disc(skin, head, radius)
    if size > 9:
        stage.draw.line([(head[0] - round(radius), crown), (head[0] + round(radius), crown)], fill=hair,
                        width=max(1, round(radius * 0.8)))  # fmt: skip
        arm = round(column + half * stage.sun * 0.7)
        stage.draw.line([(arm, shoulder + 1), (arm, hip - 1)], fill=stage.ink(PERSON, dim(coat[:3], 0.8), 0),
                        width=max(1, thick // 2))  # fmt: skip


def bicycle(stage: Stage, foot: Point, scale: float, frame: Ink, tyre: Ink, spokes: Ink, facing: int) -> None:
    """A bicycle seen from its side, standing on a pixel, `scale` pixels to the meter."""
    column, row = foot
    radius = max(1.0, 0.34 * scale)
    half = 0.52 * scale
    hub = round(row - radius)
    back, front = (column - round(facing * half), hub), (column + round(facing * half), hub)
    for wheel in (back, front):
        stage.disc(tyre, wheel, radius)
        if radius >= 2.5:
            stage.disc(spokes, wheel, radius - max(1, round(0.06 * scale)))
    crank = column - round(facing * 0.06 * scale), hub
    saddle = column - round(facing * 0.2 * scale), round(row - 0.92 * scale)
    bars = column + round(facing * 0.4 * scale), round(row - 1.0 * scale)
    width = max(1, round(0.07 * scale))
    stage.draw.line([back, crank, bars, saddle, back], fill=frame, width=width)
    stage.draw.line([saddle, crank], fill=frame, width=width)
    stage.draw.line([bars, front], fill=frame, width=width)
    reach = max(1, round(0.12 * scale))
    stage.draw.line([(saddle[0] - reach, saddle[1]), (saddle[0] + reach, saddle[1])], fill=tyre, width=width)
    stage.draw.line([bars, (bars[0] + facing * reach, bars[1])], fill=tyre, width=width)


def cyclist(stage: Stage, x: float, z: float, *, rider: bool) -> None:
    """A bicycle across the view, with or without someone riding it."""
    dice, scale = stage.dice, stage.camera.scale(z)
    frame = stage.ink(BICYCLE, dice.pick(PAINTWORK), z)
    tyre, spokes = stage.ink(BICYCLE, DARK, z), stage.ink(BICYCLE, (148, 150, 152), z)
    bicycle(stage, stage.camera.at(x, 0, z), scale, frame, tyre, spokes, 1 if dice.chance(0.5) else -1)
    if rider:
        person(stage, x - 0.1, z, seated=True)


def _wheel(stage: Stage, label: int, x: float, radius: float, z: float) -> None:
    center, size = stage.camera.at(x, radius, z), radius * stage.camera.scale(z)
    stage.disc(stage.ink(label, DARK, z), center, size)
    if size >= 2.5:
        stage.disc(stage.ink(label, (156, 158, 162), z), center, 0.45 * size)


def car_across(stage: Stage, x: float, z: float) -> None:
    """A car seen from its side."""
    dice = stage.dice
    color, facing = dice.pick(PAINTWORK), 1 if dice.chance(0.5) else -1
    _, front, _ = stage.walls(color)
    at = stage.camera.at
    paint, glass = stage.ink(CAR, front, z), stage.ink(CAR, dim(GLASS, 0.8), z)
    hood = dice.between(0.75, 1.1)
    stage.draw.polygon(
        [at(x + facing * a, b, z) for a, b in ((-2.0, 0.9), (-1.6, 1.5), (0.5, 1.5), (hood + 0.3, 0.95))],
        fill=paint,
    )
    for a, b, c, d in ((-1.7, -1.4, -0.55, -0.55), (-0.4, -0.4, 0.4, hood)):
        window = [(a, 0.95), (b, 1.4), (c, 1.4), (d, 0.95)]
        stage.draw.polygon([at(x + facing * p, q, z) for p, q in window], fill=glass)
    stage.front(paint, (x - 2.15, x + 2.15), (0.3, 0.95), z)
    sill = stage.ink(CAR, dim(front, 0.62), z)
    stage.front(sill, (x - 2.1, x + 2.1), (0.22, 0.42), z)
    headlight, taillight = stage.lamp(CAR, LAMP, (226, 226, 214), z), stage.lamp(CAR, BRAKE, (150, 40, 40), z)
    for end, light in ((2.03 * facing, headlight), (-2.03 * facing, taillight)):
        stage.front(light, (x + end - 0.12, x + end + 0.12), (0.68, 0.86), z)
    for axle in (-1.3, 1.3):
        _wheel(stage, CAR, x + axle, 0.34, z)


def _wheels_along(stage: Stage, label: int, x: float, radius: float, axles: tuple[float, float]) -> None:
    """The wheels on the side of a car that drives along the street."""
    for z in axles:
        camera = stage.camera
        left, right = sorted((camera.column(x, max(1.0, z - radius)), camera.column(x, z + radius)))
        top, bottom = camera.row(2 * radius, z), camera.row(0, z)
        if right - left > 1:
            stage.draw.ellipse((left, top, right, bottom), fill=stage.ink(label, DARK, z))


def car_along(stage: Stage, x: float, z: float, *, away: bool) -> None:
    """A car seen from behind (`away`) or from the front."""
    dice = stage.dice
    color = dice.pick(PAINTWORK)
    wide, far = 0.88, z + 4.2
    _, front, _ = stage.walls(color)
    for wheel in (-0.7, 0.7):
        stage.front(stage.ink(CAR, DARK, z), (x + wheel - 0.16, x + wheel + 0.16), (0, 0.5), z)
    stage.box(CAR, color, (x - wide, x + wide), (0.25, 0.92), (z, far))
    if abs(x) > wide:
        inner = x - wide if x > 0 else x + wide
        _wheels_along(stage, CAR, inner, 0.33, (far - 0.8, z + 0.8))
    nose = z + (0.4 if away else 1.1)
    stage.box(CAR, dim(GLASS, 0.85), (x - 0.76, x + 0.76), (0.92, 1.4), (nose, far - 1.2))
    stage.box(CAR, color, (x - 0.76, x + 0.76), (1.38, 1.5), (nose, far - 1.2))
    if stage.camera.scale(z) < 3.5:
        return
    lamps = stage.lamp(CAR, BRAKE, (158, 36, 38), z) if away else stage.lamp(CAR, LAMP, (232, 230, 220), z)
    for lamp in (-0.72, 0.72):
        stage.front(lamps, (x + lamp - 0.14, x + lamp + 0.14), (0.64, 0.82), z)
    stage.front(stage.ink(CAR, (226, 224, 208), z), (x - 0.28, x + 0.28), (0.44, 0.58), z)
    stage.front(stage.ink(CAR, dim(front, 0.55), z), (x - wide, x + wide), (0.25, 0.38), z)


def bus_across(stage: Stage, x: float, z: float, length: float) -> None:
    """A bus seen from its side, wider than a small receptive field, the street mirrored in its glass.

    The mirrored street holds a bicycle more often than not. It looks like any other bicycle, and it is
    labeled bus, because that is what it is part of.
    """
    dice, scale = stage.dice, stage.camera.scale(z)
    color, facing = dice.pick(LIVERIES), 1 if dice.chance(0.5) else -1
    _, front, _ = stage.walls(color)
    paint = stage.ink(BUS, front, z)
    left, right = x - length / 2, x + length / 2
    low, high = 0.95, 2.55
    if left > 0 or right < 0:
        stage.box(BUS, color, (left, right), (0.35, 3.1), (z, z + 2.5))
    stage.front(paint, (left, right), (0.35, 3.1), z)
    stage.front(stage.ink(BUS, dim(front, 1.2), z), (left, right), (2.85, 3.1), z)
    stage.front(stage.ink(BUS, dim(front, 0.6), z), (left, right), (0.35, 0.55), z)
    glass = left + 0.3, right - 0.3
    street = mix(GLASS, dice.pick(FACADES), 0.45), mix(GLASS, STONE, 0.6)
    stage.front(stage.ink(BUS, street[0], z), glass, (low, high), z)
    stage.front(stage.ink(BUS, street[1], z), glass, (low, low + 0.42), z)
    for _ in range(3):
        start = dice.between(glass[0], glass[1] - 1)
        pane = stage.ink(BUS, mix(GLASS, dice.pick(FACADES), 0.5), z)
        stage.front(pane, (start, start + 0.8), (low + 0.42, high), z)
    if dice.chance(0.8):
        for start in range(dice.whole(1, 2)):
            place = left + length * (0.25 + 0.42 * start + dice.between(0, 0.15))
            mirrored_bicycle(stage, stage.camera.at(place, low + 0.02, z), scale)
    pillar = stage.ink(BUS, dim(front, 0.8), z)
    panes = round(length / 2.2)
    for number in range(1, panes):
        edge = left + 0.3 + number * (length - 0.6) / panes
        column, bottom = stage.camera.at(edge, low, z)
        top = stage.camera.row(high, z)
        stage.draw.line([(column, top), (column, bottom - 1)], fill=pillar)
    nose, board = x + facing * (length / 2 - 0.16), x + facing * (length / 2 - 1.4)
    stage.front(stage.lamp(BUS, LAMP, (236, 226, 190), z), (nose - 0.15, nose + 0.15), (0.6, 0.85), z)
    stage.front((*WARM, BUS | GLOWS), (board - 0.9, board + 0.9), (2.62, 2.82), z)
    for axle in (-0.3, 0.32):
        _wheel(stage, BUS, x + facing * axle * length, 0.5, z)


def mirrored_bicycle(stage: Stage, foot: Point, scale: float) -> None:
    """A bicycle's reflection: bus by label, `MIRRORS` by mark."""
    dice, label = stage.dice, BUS | MIRRORS
    frame, tyre, spokes = ((*mix(color, GLASS, 0.15), label) for color in (dice.pick(PAINTWORK), DARK, (148, 150, 152)))
    bicycle(stage, foot, scale, frame, tyre, spokes, 1 if dice.chance(0.5) else -1)


def bus_along(stage: Stage, x: float, z: float, *, away: bool) -> None:
    """A bus seen from behind (`away`) or from the front, with as much of its side as shows."""
    color = stage.dice.pick(LIVERIES)
    wide, far = 1.25, z + 10.5
    _, front, _ = stage.walls(color)
    for wheel in (-0.95, 0.95):
        stage.front(stage.ink(BUS, DARK, z), (x + wheel - 0.2, x + wheel + 0.2), (0, 0.6), z)
    stage.box(BUS, color, (x - wide, x + wide), (0.35, 3.1), (z, far))
    inner = x - wide if x > 0 else x + wide
    if abs(x) > wide:
        _wheels_along(stage, BUS, inner, 0.5, (far - 2.2, z + 2.2))
        stage.side(stage.ink(BUS, dim(GLASS, 0.9), z), inner, (1.3, 2.6), (z + 0.3, far - 0.3))
    glass = stage.ink(BUS, mix(GLASS, stage.light.skyline, 0.35), z)
    stage.front(glass, (x - wide + 0.15, x + wide - 0.15), (1.3 if away else 1.0, 2.5), z)
    stage.front((*WARM, BUS | GLOWS), (x - 0.8, x + 0.8), (2.65, 2.95), z)
    stage.front(stage.ink(BUS, dim(front, 0.6), z), (x - wide, x + wide), (0.35, 0.55), z)
    lamps = stage.lamp(BUS, BRAKE, (158, 36, 38), z) if away else stage.lamp(BUS, LAMP, (232, 230, 220), z)
    for lamp in (-1.0, 1.0):
        stage.front(lamps, (x + lamp - 0.16, x + lamp + 0.16), (0.65, 0.9), z)
