"""Dense CRF against the C++ library on one CPU, in one run: labels side by side and times as ratios.

Needs the library, which is compiled as it installs: ``pip install pydensecrf2``. Then::

    python benchmarks/dense_crf.py
    python benchmarks/dense_crf.py --write-reference tests/dense_crf_24x24.json   # what the tests compare with
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import skimage.data
import skimage.transform
import torch
from pydensecrf.densecrf import DenseCRF2D
from pydensecrf.utils import unary_from_softmax

from segviz import dense_crf

PICTURES = ["coffee", "chelsea", "astronaut"]


def library(probabilities, image, *, iterations=10):
    """What :func:`segviz.dense_crf` gives at its defaults, from pydensecrf."""
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


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(name, size, classes, iterations, repeats, threads):
    image = picture(name, size)
    probabilities = noisy_probabilities(image, classes)
    runs = {
        "library": lambda: library(probabilities, image, iterations=iterations),
        "segviz": lambda: dense_crf(probabilities, image, iterations=iterations),
    }
    torch.set_num_threads(threads)
    theirs, ours = (run() for run in runs.values())  # which also warms both up
    times = [{who: seconds(run) for who, run in runs.items()} for _ in range(repeats)]
    library_time, segviz_time = (statistics.median(turn[who] for turn in times) for who in runs)
    agreement = (theirs.argmax(0) == ours.argmax(0)).double().mean().item()
    print(
        f"{name:10s} {threads:7d} {library_time:10.3f} {segviz_time:9.3f} {segviz_time / library_time:6.2f} "
        f"{agreement:10.5%} {(theirs - ours).abs().max().item():14.1e}"
    )


def write_reference(path):
    """A 24 × 24 corner of a picture with 3 classes, and the library's marginals before and after 10 iterations."""
    image = picture("coffee", 96)[:, 36:60, 24:48]
    probabilities = (noisy_probabilities(image, 3) * 1000).round() / 1000
    probabilities[0] += 1 - probabilities.sum(dim=0)
    reference = {
        "command": f"python benchmarks/dense_crf.py --write-reference {path}",
        "image_levels": (image * 255).round().int().tolist(),
        "probabilities_per_mille": (probabilities * 1000).round().int().tolist(),
    }
    probabilities = torch.tensor(reference["probabilities_per_mille"]) / 1000
    for iterations in (0, 1, 10):
        marginals = library(probabilities, image, iterations=iterations).double()
        reference[f"marginals_after_{iterations}"] = marginals.mul(1e5).round().int().tolist()
    path.write_text(json.dumps(reference, separators=(",", ":")).replace(',"', ',\n"') + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--classes", type=int, default=21)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--write-reference", type=Path)
    options = parser.parse_args()
    if options.write_reference:
        return write_reference(options.write_reference)

    all_threads = torch.get_num_threads()
    print(f"{options.size} × {options.size}, {options.classes} classes, {options.iterations} iterations; seconds")
    print("picture    threads    library    segviz  ratio  same label  max difference")
    for name in [*PICTURES, "noise"]:
        for threads in sorted({1, all_threads}):
            compare(name, options.size, options.classes, options.iterations, options.repeats, threads)
    return None


if __name__ == "__main__":
    main()
