"""How fast scenes are made on one core, where the time goes, and what reading stored pictures would cost.

    python benchmarks/scenes.py

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

from segviz.data import Scenes, layout
from segviz.data.samples import sample

COUNT, ROUNDS = 100, 7


def best_milliseconds(make: Callable[[int], object]) -> float:
    """Process time of one call, in the best round."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for index in range(COUNT):
            make(index)
        rounds.append((time.process_time() - start) / COUNT)
    return 1e3 * min(rounds)


def finishing_milliseconds(size: tuple[int, int]) -> float:
    """The part of it that texture, daylight and noise take."""
    kept = []
    finish = layout.finish
    layout.finish = lambda *arguments: kept.append(arguments) or finish(*arguments)
    try:
        layout.draw_scene(0, 0, size)
    finally:
        layout.finish = finish
    return best_milliseconds(lambda _: finish(*kept[0]))


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
    torch.set_num_threads(1)
    for side in (64, 128, 224, 256):
        scenes = Scenes(COUNT, (side, side))
        whole = best_milliseconds(scenes.__getitem__)
        line = f"{side:4d}²: {whole:5.2f} ms a scene, {1e3 / whole:4.0f} scenes/s"
        line += f"; texture, light and noise {finishing_milliseconds((side, side)):4.2f} ms"
        with tempfile.TemporaryDirectory() as folder:
            reading = best_milliseconds(stored(scenes, Path(folder)))
        print(f"{line}; read from PNG files {reading:4.2f} ms ({whole / reading:.2f}× of that)")


if __name__ == "__main__":
    main()
