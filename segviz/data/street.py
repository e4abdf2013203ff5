"""What stands along a street: buildings, trees, lamp posts, wires and signs, drawn on a stage."""

from functools import partial
from itertools import pairwise

from segviz.data.light import Color, dim, mix
from segviz.data.stage import (
    BUILDING,
    CLOTHES,
    DARK,
    FACADES,
    GLASS,
    GLOWS,
    LAMP,
    PAINTWORK,
    POLE,
    SIGN,
    TREE,
    WARM,
    Ink,
    Stage,
)

LEAVES = ((72, 122, 64), (104, 140, 62), (58, 106, 82), (140, 148, 66), (198, 132, 56), (196, 140, 150))
# Of a tree's crown: share of light, how far toward the sun, size.
TONES = ((0.66, -0.12, 1.0), (0.92, 0.06, 0.92), (1.18, 0.3, 0.5))
PLATES = ((206, 42, 48), (36, 92, 168), (244, 206, 66), (238, 240, 240), (46, 128, 84))


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
