"""What stands where in a street scene, and the finished picture of it.

Read from the bottom up: `draw_scene` makes the picture, each `_plan_…` one part of it. The things
themselves are in `street.py` and `traffic.py`, the light in `light.py`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from segviz.data import street, traffic
from segviz.data.dice import Dice
from segviz.data.light import LIGHTS, dim, finish, mix
from segviz.data.stage import ASPHALT, BUILDING, FACADES, GLOWS, MIRRORS, PAVEMENT, ROAD, SKY, STONE, Camera, Stage

# Height of each class's texture, in 255ths: leaves and asphalt are rough, signs and sky smooth.
ROUGHNESS = np.array([4, 9, 11, 9, 28, 6, 5, 8, 6, 6, 6], np.int16)
_LABEL = 31


@dataclass(frozen=True)
class Scene:
    """One picture and what is known of it."""

    image: np.ndarray  # uint8 (H, W, 3)
    labels: np.ndarray  # uint8 (H, W)
    mirrored: np.ndarray  # bool (H, W): bus by label, a bicycle's reflection by look
    light: str


def _plan_ground(stage: Stage, half: float, wall: float, junction: tuple[float, float]) -> None:
    dice, near, far = stage.dice, 1.0, 400.0
    camera = stage.camera
    stone = mix(STONE, dice.pick(FACADES), 0.15)
    asphalt = dim(ASPHALT, dice.between(0.86, 1.1))
    road, pale = stage.ink(ROAD, asphalt), stage.ink(ROAD, (226, 222, 206))
    pavement = stage.ink(PAVEMENT, stone)
    slab = stage.ink(PAVEMENT, dim(stone, 0.9))
    curb = stage.ink(PAVEMENT, dim(stone, 1.16))
    row = round(camera.horizon)
    stage.draw.rectangle((0, row, camera.width, camera.height), fill=pavement)
    for side in (-1, 1):
        for step in range(12):
            z = 2.4 + 1.3 * step
            stage.draw.line([camera.at(side * half, 0, z), camera.at(side * wall * 2, 0, z)], fill=slab)
        stage.ground(curb, (side * half, near), (side * (half + 0.25), near), (side * (half + 0.25), far),
                     (side * half, far))  # fmt: skip
    stage.ground(road, (-half, near), (half, near), (half, far), (-half, far))
    z = 1.6 + dice.between(0, 3)
    while z < 60:
        stage.ground(pale, (-0.08, z), (0.08, z), (0.08, z + 2), (-0.08, z + 2))
        z += 5
    if junction[0] < 100:
        wide = camera.width * junction[1] / camera.focal
        stage.ground(curb, (-wide, junction[0] - 0.3), (wide, junction[0] - 0.3), (wide, junction[1] + 0.5),
                     (-wide, junction[1] + 0.5))  # fmt: skip
        stage.ground(road, (-wide, junction[0]), (wide, junction[0]), (wide, junction[1]), (-wide, junction[1]))
        stage.ground(road, (-half, junction[0] - 1), (half, junction[0] - 1), (half, junction[1] + 2),
                     (-half, junction[1] + 2))  # fmt: skip
        stripe = -half + 0.3
        while stripe < half - 0.4:
            stage.ground(pale, (stripe, junction[0] - 2.6), (stripe + 0.5, junction[0] - 2.6),
                         (stripe + 0.5, junction[0] - 0.6), (stripe, junction[0] - 0.6))  # fmt: skip
            stripe += 1.0


def _plan_sky(stage: Stage) -> None:
    dice, camera = stage.dice, stage.camera
    top = max(2, round(camera.horizon))
    if stage.light.name in ("golden hour", "dusk") and dice.chance(0.7):
        sun = round(dice.between(0.1, 0.9) * camera.width), round(top * dice.between(0.35, 0.8))
        glow = (255, 236, 196) if stage.light.name == "golden hour" else (250, 226, 206)
        stage.disc((*mix(glow, stage.light.skyline, 0.5), SKY), sun, camera.height / 14)
        stage.disc((*glow, SKY), sun, camera.height / 24)
    for _ in range(dice.whole(0, 4)):
        column, row = dice.between(0, camera.width), dice.between(0.05, 0.6) * top
        size = camera.height * dice.between(0.03, 0.07)
        light = stage.ink(SKY, stage.light.cloud)
        under = stage.ink(SKY, mix(stage.light.cloud, stage.light.zenith, 0.3))
        for ink, drop in ((under, 0.25), (light, 0.0)):
            for puff in (-1.6, -0.7, 0.2, 1.1, 1.8):
                swell = size * (1.15 - 0.3 * abs(puff))
                center = round(column + puff * size), round(row + drop * size)
                stage.disc(ink, center, max(1.0, 1.4 * swell), flat=0.45)


def _plan_skyline(stage: Stage) -> None:
    dice, camera = stage.dice, stage.camera
    column, row = -2, round(camera.horizon)
    while column < camera.width:
        wide = round(camera.width * dice.between(0.04, 0.12))
        tall = round(camera.height * dice.between(0.02, 0.13))
        ink = stage.ink(BUILDING, dice.pick(FACADES), 220)
        stage.draw.rectangle((column, row - tall, column + wide, row), fill=ink)
        column += wide + 1


def _plan_row(stage: Stage, side: int, wall: float, start: float, end: float) -> None:
    """Houses, and now and then a small park, along one side of the street."""
    dice, z, exposed = stage.dice, start, True
    while z < end:
        deep = dice.between(7, 14)
        stop = min(z + deep, end)
        if dice.chance(0.16) and z > 6:
            for _ in range(4):
                x, far = side * (wall + dice.between(0, 6)), dice.between(z, stop)
                tall = dice.between(5, 8)
                stage.later(far, partial(street.tree, stage, x, far, tall))
            exposed = True
        else:
            height = dice.between(6, 17)
            house = partial(street.building, stage, side, side * wall, (z, stop), height, exposed=exposed)
            stage.later(stop, house)
            exposed = False
        z = stop


def _plan_cross_street(stage: Stage, wall: float, z: float) -> None:
    """House fronts on the far side of a crossing street."""
    dice = stage.dice
    reach = 0.75 * stage.camera.width * z / stage.camera.focal
    for side in (-1, 1):
        x = wall + 14.0
        while x < reach:
            wide, height = dice.between(8, 14), dice.between(6, 15)
            house = partial(street.building, stage, side, side * x, (z, z + 8), height, exposed=True)
            stage.later(z + 8, house)
            x += wide


def _plan_furniture(stage: Stage, half: float, wall: float, junction: tuple[float, float]) -> None:
    """Trees, lamps, wires and signs on the pavements."""
    dice = stage.dice
    clear = junction[0] - 1.5, junction[1] + 1.5
    for side in (-1, 1):
        edge = side * (half + 0.6)
        style = dice.pick(("trees", "lamps", "both", "wires", "lamps"))
        if style == "wires":
            depths, z = [], dice.between(3, 6)
            while z < 60:
                depths.append(z)
                z += dice.between(9, 13)
            street.wires(stage, edge, depths)
            continue
        z = dice.between(3.5, 8)
        while z < 56:
            if not clear[0] < z < clear[1]:
                if style == "trees" or (style == "both" and dice.chance(0.5)):
                    stage.later(z, partial(street.tree, stage, edge, z, dice.between(4.5, 7.5)))
                    stage.shadow(*_patch(edge - stage.sun * 1.2, z, 1.6, 0.9))
                else:
                    stage.later(z, partial(street.lamp_post, stage, edge, z))
            z += dice.between(6, 10)
    for _ in range(dice.whole(1, 4)):
        z, side = dice.between(5, 22), dice.pick((-1, 1))
        stage.later(z, partial(street.sign, stage, side * (half + dice.between(0.4, 0.9)), z))


def _patch(x: float, z: float, wide: float, deep: float) -> tuple[tuple[float, float], ...]:
    near = max(1.2, z - deep)
    return (x - wide, z), (x - 0.6 * wide, near), (x + 0.6 * wide, near), (x + wide, z), (
        x + 0.6 * wide, z + deep), (x - 0.6 * wide, z + deep)  # fmt: skip


def _plan_traffic(stage: Stage, half: float, junction: tuple[float, float]) -> None:
    """Cars at the curb, something on the road, and something crossing at the junction."""
    dice = stage.dice
    taken = [(-1, junction[0] - 5.5, junction[1] + 1), (1, junction[0] - 5.5, junction[1] + 1)]
    if junction[0] < 100:
        _plan_crossing(stage, junction[0])
    elif dice.chance(0.5):
        side, z = dice.pick((-1, 1)), dice.between(6, 16)
        x = side * (half - 1.4)
        stage.later(z, partial(traffic.bus_along, stage, x, z, away=side > 0))
        _under(stage, x, z, 1.4, 10.7)
        taken.append((side, z - 5, z + 11))
    for side in (-1, 1):
        for lane, usual, start in ((half - 1.0, 0.65, 4), (1.0, 0.12, 9)):
            z = dice.between(start, start + 8)
            while z < 42:
                if dice.chance(usual) and not any(s == side and a < z < b for s, a, b in taken):
                    stage.later(z, partial(traffic.car_along, stage, side * lane, z, away=side > 0))
                    _under(stage, side * lane, z, 1.05, 4.5)
                    taken.append((side, z - 4.8, z + 4.8))
                z += dice.between(5, 8)


def _plan_crossing(stage: Stage, z: float) -> None:
    """A bus, or cars, across the junction, and perhaps someone on a bicycle before them."""
    dice, lane = stage.dice, z + stage.dice.between(1.0, 2.2)
    if dice.chance(0.62):
        x, length = dice.between(-4, 4), dice.between(9.5, 12)
        stage.later(lane, partial(traffic.bus_across, stage, x, lane, length))
        _under(stage, x, lane, length / 2, 2.6)
    else:
        for x in (dice.between(-6, -1), dice.between(2, 7)):
            stage.later(lane, partial(traffic.car_across, stage, x, lane))
            _under(stage, x, lane - 0.2, 2.2, 1.7)
    if dice.chance(0.5):
        x = dice.between(-4, 4)
        stage.later(z + 0.4, partial(traffic.cyclist, stage, x, z + 0.4, rider=True))
        _under(stage, x, z + 0.3, 0.9, 0.3)


def _under(stage: Stage, x: float, z: float, wide: float, deep: float) -> None:
    """The shadow right under something on wheels."""
    stage.shadow((x - wide, z), (x + wide, z), (x + wide, z + deep), (x - wide, z + deep))


def _plan_people(stage: Stage, half: float, wall: float, junction: tuple[float, float]) -> None:
    dice = stage.dice
    for _ in range(dice.whole(4, 10)):
        z, side = dice.between(4, 9) if dice.chance(0.3) else dice.between(8, 40), dice.pick((-1, 1))
        x = side * dice.between(half + 0.5, wall - 0.4)
        if dice.chance(0.15) and junction[0] < 100:
            x, z = dice.between(-half, half), junction[0] - dice.between(0.8, 2.4)
        stage.later(z, partial(traffic.person, stage, x, z))
        stage.shadow(*_patch(x - stage.sun * 0.5, z, 0.6, 0.2))
    for _ in range(dice.whole(1, 4)):
        z, side = dice.between(3.5, 16), dice.pick((-1, 1))
        if junction[0] - 1 < z < junction[1]:
            continue
        rider = dice.chance(0.4)
        x = side * (half - 0.3 if rider else dice.between(half + 0.7, wall - 0.6))
        stage.later(z, partial(traffic.cyclist, stage, x, z, rider=rider))
        stage.shadow(*_patch(x - stage.sun * 0.3, z, 0.9, 0.25))


def draw_scene(seed: int, index: int, size: tuple[int, int] = (128, 128)) -> Scene:
    """The scene of a seed and an index: the same pixels on every machine.

    >>> scene = draw_scene(0, 0)
    >>> scene.image.shape, scene.labels.shape
    ((128, 128, 3), (128, 128))
    """
    height, width = size
    dice = Dice(seed, index)
    camera = Camera(
        width=width,
        height=height,
        focal=height * dice.between(0.85, 1.05),
        eye=dice.between(1.8, 3.4),
        horizon=height * dice.between(0.38, 0.5),
        center=width * dice.between(0.34, 0.66),
    )
    light = dice.pick(LIGHTS)
    stage = Stage(camera, light, dice)
    half = dice.between(2.9, 3.9)
    wall = half + dice.between(2.8, 4.8)
    junction = (900.0, 900.0)
    if dice.chance(0.6):
        start = dice.between(7.5, 12)
        junction = (start, start + dice.between(5, 7))
    _plan_sky(stage)
    _plan_skyline(stage)
    _plan_ground(stage, half, wall, junction)
    for side in (-1, 1):
        _plan_row(stage, side, wall, 1.2, min(junction[0] - 1.5, 80))
        if junction[0] < 100:
            _plan_row(stage, side, wall, junction[1] + 2.5, 80)
    if junction[0] < 100:
        _plan_cross_street(stage, wall, junction[1] + 2.5)
    shaded = -stage.sun * wall
    if light.shade < 0.85:
        reach = shaded + stage.sun * dice.between(1.5, wall)
        stage.shadow((shaded, 1.0), (reach, 1.0), (reach, 80.0), (shaded, 80.0))
    _plan_furniture(stage, half, wall, junction)
    _plan_traffic(stage, half, junction)
    _plan_people(stage, half, wall, junction)
    stage.cast_shadows()
    stage.draw_things()
    pixels = np.asarray(stage.picture)
    marks = pixels[..., 3]
    labels = marks & _LABEL
    image = finish(
        pixels[..., :3],
        ROUGHNESS[labels],
        ((marks & GLOWS) == 0) & (labels != SKY),
        light,
        dice,
    )
    return Scene(image, labels, (marks & MIRRORS) != 0, light.name)
