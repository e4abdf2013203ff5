"""Networks of one ncnn layer, told by the numbers of its parameters, as a .param file has them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ncnn
import numpy as np

MAGIC = 7767517  # the first line of every .param file


def run(layer: str, x: np.ndarray, parameters: dict[int, int], weights: np.ndarray | None = None) -> np.ndarray:
    """A layer on x (N, C, H, W), picture by picture, for ncnn knows no batch."""
    with tempfile.TemporaryDirectory() as folder:
        network = _network(Path(folder), layer, parameters, weights)
        return np.stack([_one(network, picture) for picture in x])


def _network(folder: Path, layer: str, parameters: dict[int, int], weights: np.ndarray | None) -> ncnn.Net:
    network, told = ncnn.Net(), " ".join(f"{number}={value}" for number, value in parameters.items())
    network.opt.num_threads, network.opt.use_vulkan_compute = 1, False
    # In 32 bits, and by no algorithm that rounds more than PyTorch's.
    network.opt.use_fp16_packed = network.opt.use_fp16_storage = network.opt.use_fp16_arithmetic = False
    network.opt.use_bf16_storage = network.opt.use_winograd_convolution = False
    param, bin = folder / "layer.param", folder / "layer.bin"
    param.write_text(f"{MAGIC}\n2 2\nInput x 0 1 x\n{layer} layer 1 1 x y {told}\n")
    # Before its numbers, each block of weights tells how it is kept: 0 for 32 bits.
    bin.write_bytes(b"" if weights is None else bytes(4) + np.ascontiguousarray(weights, np.float32).tobytes())
    if network.load_param(str(param)) or network.load_model(str(bin)):
        raise ValueError(f"{layer} {told}: does not load")
    return network


def _one(network: ncnn.Net, picture: np.ndarray) -> np.ndarray:
    extractor = network.create_extractor()
    extractor.input("x", ncnn.Mat(np.ascontiguousarray(picture)).clone())
    failed, y = extractor.extract("y")
    if failed:
        raise ValueError(f"no output, error {failed}")
    return np.array(y)
