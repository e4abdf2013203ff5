"""Dense CRF against the C++ library on one CPU, in one run: labels side by side and times as ratios.

    python -m benchmarks.dense_crf
    python -m benchmarks.dense_crf --busy     # while another process keeps each core busy
    python -m benchmarks.dense_crf --write-reference tests/dense_crf_24x24.json   # what the tests compare with

The library, pydensecrf2, is compiled as it installs. Without it nothing can be compared. Memory is what a call adds to
the peak of a process of its own (on Linux). The floor is the time in which this machine copies as many bytes, on as
many threads, as the rows of values and their weights that the filters read and write; rows that are read again soon
come from a cache, so that a small lattice may be below it.
"""

import json
import multiprocessing
import os
import statistics
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import skimage.data
import skimage.transform
import torch

from benchmarks.command import is_here, parser
from benchmarks.timing import in_turns, ratio
from segviz import dense_crf
from segviz.crf.permutohedral import Permutohedral
from segviz.lessons.tables import Table

PICTURES = ["coffee", "chelsea", "astronaut"]


def library(probabilities, image, *, iterations=10):
    """What :func:`segviz.dense_crf` gives at its defaults, from pydensecrf."""
    from pydensecrf.densecrf import DenseCRF2D
    from pydensecrf.utils import unary_from_softmax

    classes, height, width = probabilities.shape
    crf = DenseCRF2D(width, height, classes)
    crf.setUnaryEnergy(np.ascontiguousarray(unary_from_softmax(probabilities.numpy())))
    crf.addPairwiseGaussian(sxy=3, compat=3)
    levels = (image * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    crf.addPairwiseBilateral(sxy=60, srgb=13, rgbim=levels, compat=10)
    return torch.from_numpy(np.array(crf.inference(iterations))).view(probabilities.shape)


def picture(name, size):
    if name == "noise":
        return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, size, size))).float() / 255
    pixels = skimage.transform.resize(getattr(skimage.data, name)(), (size, size), anti_aliasing=True)
    return torch.from_numpy((pixels * 255).round()).permute(2, 0, 1).float() / 255


def noisy_probabilities(image, classes):
    """Scores that follow the colors, under noise as strong as they: what a CRF is asked to clean up."""
    draw = torch.Generator().manual_seed(0)
    directions = 4 * torch.randn(classes, 3, generator=draw)
    scores = torch.einsum("kc,chw->khw", directions, image - image.mean(dim=(1, 2), keepdim=True))
    return (scores + torch.randn(scores.shape, generator=draw)).softmax(dim=0)


def lattice_bytes(image, classes):
    """What the two filters of one iteration move: rows of values, and an index and a weight for each row read."""
    height, width = image.shape[1:]
    position = torch.cartesian_prod(torch.arange(float(height)), torch.arange(float(width))).flip(1)
    color = (image * 255).round().flatten(1).T
    total = 0
    for features in (position / 3, torch.cat([position / 60, color / 13], dim=1)):
        points, dimensions = features.shape
        vertices = len(Permutohedral(features).blur_weights)
        corners = points * (dimensions + 1)
        read = 2 * corners + (dimensions + 1) * 3 * vertices  # splat and slice; the blur, one direction after another
        written = points + vertices + (dimensions + 1) * vertices
        total += 4 * (read * (classes + 2) + written * classes)
    return total


def copied(megabytes=256):
    """Reads and writes that many bytes, half of them each."""
    source = torch.ones(megabytes * 2**20 // 8)
    return partial(torch.empty_like(source).copy_, source)


@contextmanager
def busy_cores(count):
    """While another process keeps each of so many cores busy."""
    processes = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()


def _spin():
    while True:
        pass


def added_memory(run, image, classes, iterations, threads):
    """The bytes that a call adds to the peak of a process in which a small one was made before."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_added_memory, (run, image, classes, iterations, threads))


def _added_memory(run, image, classes, iterations, threads):
    torch.set_num_threads(threads)
    small = image[:, :16, :16].contiguous()
    run(noisy_probabilities(small, classes), small, iterations=1)
    probabilities = noisy_probabilities(image, classes)
    before = _peak()
    run(probabilities, image, iterations=iterations)
    return _peak() - before


def _peak():
    # Not getrusage: a process takes over the peak of the one that started it.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def compared(name, size, classes, iterations, rounds, threads, busy):
    """One row of the table."""
    image = picture(name, size)
    probabilities = noisy_probabilities(image, classes)
    runs = {
        "library": lambda: library(probabilities, image, iterations=iterations),
        "segviz": lambda: dense_crf(probabilities, image, iterations=iterations),
    }
    torch.set_num_threads(threads)
    theirs, ours = (run() for run in runs.values())
    with busy_cores(os.cpu_count() if busy else 0):
        spent = in_turns({**runs, "copy": copied()}, rounds)
    floor = iterations * lattice_bytes(image, classes) / 2**28 * statistics.median(spent.pop("copy"))
    measured = (dense_crf, library) if sys.platform == "linux" else ()
    memory = [added_memory(run, image, classes, iterations, threads) / 2**20 for run in measured]
    agreement = (theirs.argmax(0) == ours.argmax(0)).double().mean().item()
    return {
        "picture": name,
        "threads": str(threads),
        **{f"{who}, s": f"{statistics.median(times):.3f}" for who, times in spent.items()},
        "time, segviz / library": str(ratio(spent["segviz"], spent["library"])),
        "over the floor": f"{statistics.median(spent['segviz']) / floor:.2f}",
        "memory, MB / library's": " / ".join(f"{peak:.0f}" for peak in memory),
        "same label": f"{agreement:.3%}",
        "max difference": f"{(theirs - ours).abs().max().item():.0e}",
    }


def write_reference(path):
    """A 24 × 24 corner of a picture with 3 classes, and the library's marginals before and after 10 iterations."""
    image = picture("coffee", 96)[:, 36:60, 24:48]
    probabilities = (noisy_probabilities(image, 3) * 1000).round() / 1000
    probabilities[0] += 1 - probabilities.sum(dim=0)
    reference = {
        "command": f"python -m benchmarks.dense_crf --write-reference {path}",
        "image_levels": (image * 255).round().int().tolist(),
        "probabilities_per_mille": (probabilities * 1000).round().int().tolist(),
    }
    probabilities = torch.tensor(reference["probabilities_per_mille"]) / 1000
    for iterations in (0, 1, 10):
        marginals = library(probabilities, image, iterations=iterations).double()
        reference[f"marginals_after_{iterations}"] = marginals.mul(1e5).round().int().tolist()
    path.write_text(json.dumps(reference, separators=(",", ":")).replace(',"', ',\n"') + "\n")


def main():
    asked = parser(__doc__)
    asked.add_argument("--size", type=int, help="of the pictures, in pixels; 256, or 96 where it must be quick")
    asked.add_argument("--classes", type=int, default=21)
    asked.add_argument("--iterations", type=int, default=10)
    asked.add_argument("--rounds", type=int, help="7, or 3 where it must be quick")
    asked.add_argument("--busy", action="store_true", help="measure while other processes keep every core busy")
    asked.add_argument("--write-reference", type=Path, metavar="FILE")
    options = asked.parse_args()
    if not is_here("pydensecrf"):
        return None
    if options.write_reference:
        return write_reference(options.write_reference)

    size, rounds = (
        (options.size or 96, options.rounds or 3) if options.quick else (options.size or 256, options.rounds or 7)
    )
    settings = (size, options.classes, options.iterations, rounds)
    threads = sorted({1, torch.get_num_threads()})
    rows = [compared(name, *settings, count, options.busy) for name in [*PICTURES, "noise"] for count in threads]
    print(f"{size} × {size}, {options.classes} classes, {options.iterations} iterations")
    print(Table({heading: [row[heading] for row in rows] for heading in rows[0]}))
    return None


if __name__ == "__main__":
    main()
