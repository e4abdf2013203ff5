"""How fast scenes are made on one core, where the time goes, and what reading stored pictures would cost.

    python -m benchmarks.scenes

Times are of the process, not of the clock on the wall, so that a busy machine changes them little; every
figure is the best of several rounds. The peer is the same pictures stored as PNG files, image and mask, read
back by Pillow into the same tensors.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.command import parser
from benchmarks.timing import least_seconds
from segviz.data import Scenes, layout
from segviz.data.samples import sample
from segviz.lessons.tables import Table

COUNT, ROUNDS = 100, 7


def milliseconds_each(make: Callable[[int], object], rounds: int) -> float:
    """Process time of one call, in the best round."""
    spent, _ = least_seconds(lambda: [make(index) for index in range(COUNT)], rounds, clock=time.process_time)
    return 1e3 * spent / COUNT


def finishing_milliseconds(size: tuple[int, int], rounds: int) -> float:
    """The part of it that texture, daylight and noise take."""
    kept = []
    finish = layout.finish
    layout.finish = lambda *arguments: kept.append(arguments) or finish(*arguments)
    try:
        layout.draw_scene(0, 0, size)
    finally:
        layout.finish = finish
    return milliseconds_each(lambda _: finish(*kept[0]), rounds)


def stored(scenes: Scenes, folder: Path) -> Callable[[int], object]:
    """A reader of the same pictures from files."""
    for index in range(COUNT):
        scene = scenes.scene(index)
        Image.fromarray(scene.image).save(folder / f"{index}.png")
        Image.fromarray(scene.labels).save(folder / f"{index}-mask.png")

    def read(index: int) -> object:
        image = np.array(Image.open(folder / f"{index}.png"))
        mask = np.array(Image.open(folder / f"{index}-mask.png"))
        return sample(torch.from_numpy(image).permute(2, 0, 1).contiguous(), torch.from_numpy(mask))

    return read


def main() -> None:
    rounds = 2 if parser(__doc__).parse_args().quick else ROUNDS
    torch.set_num_threads(1)
    rows = []
    for side in (64, 128, 224, 256):
        scenes = Scenes(COUNT, (side, side))
        whole = milliseconds_each(scenes.__getitem__, rounds)
        with tempfile.TemporaryDirectory() as folder:
            reading = milliseconds_each(stored(scenes, Path(folder)), rounds)
        rows.append((side, whole, finishing_milliseconds((side, side), rounds), reading))
    columns = {
        "side": [str(side) for side, *_ in rows],
        "ms a scene": [f"{whole:.2f}" for _, whole, _, _ in rows],
        "of them finishing": [f"{finishing:.2f}" for *_, finishing, _ in rows],
        "scenes a second": [f"{1e3 / whole:.0f}" for _, whole, _, _ in rows],
        "ms to read a PNG": [f"{reading:.2f}" for *_, reading in rows],
        "time, drawn / read": [f"{whole / reading:.2f}" for _, whole, _, reading in rows],
    }
    print(Table(columns))


if __name__ == "__main__":
    main()
