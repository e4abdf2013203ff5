"""What moves in a street: people, bicycles, cars, and buses with a bicycle mirrored in their glass."""

from segviz.data.light import dim, mix
from segviz.data.stage import (
    BICYCLE,
    BRAKE,
    BUS,
    CAR,
    CLOTHES,
    DARK,
    FACADES,
    GLASS,
    GLOWS,
    LAMP,
    MIRRORS,
    PAINTWORK,
    PERSON,
    STONE,
    WARM,
    Ink,
    Point,
    Stage,
)

LIVERIES = ((206, 48, 44), (242, 184, 48), (36, 132, 138), (52, 98, 172), (232, 112, 54), (104, 152, 66))
SKIN = ((242, 206, 178), (224, 178, 142), (176, 124, 90), (116, 78, 58))


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
