"""Batch normalization over two batches in two processes on one machine, as two GPUs would share it.

Each process is a Python of its own that runs `_one`; they meet over a file and hand their tensors back in files.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Share(NamedTuple):
    """What one process had of a training step: its maps, its running mean and the gradient at its input."""

    output: Tensor
    running_mean: Tensor
    gradient: Tensor


def normalized(layer: nn.Module, batch: Tensor) -> Share:
    """One batch (N, C, H, W) through a batch normalization `layer` in training; the loss is the sum of the cubes.

    >>> normalized(nn.BatchNorm2d(1), torch.tensor([0.0, 2.0]).view(2, 1, 1, 1)).running_mean
    tensor([0.1000])
    """
    x = batch.clone().requires_grad_()
    output = layer.train()(x)
    output.pow(3).sum().backward()
    assert x.grad is not None and isinstance(layer.running_mean, Tensor)
    return Share(output.detach(), layer.running_mean, x.grad)


def over_processes(batches: Sequence[Tensor]) -> list[Share]:
    """Every batch in a process of its own, each through `SharedBatchNorm2d`: what each process had of the step.

    Raises RuntimeError with the words of a process that failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        started = []
        for rank, batch in enumerate(batches):
            torch.save(batch, place / f"batch{rank}.pt")
            line = f"from segviz.lessons.sharing import _one; _one({str(place)!r}, {rank}, {len(batches)})"
            started.append(subprocess.Popen([sys.executable, "-c", line], stderr=subprocess.PIPE, text=True))
        said = [process.communicate()[1] for process in started]
        for process, words in zip(started, said, strict=True):
            if process.returncode:
                raise RuntimeError(words)
        return [Share(*torch.load(place / f"share{rank}.pt", weights_only=True)) for rank in range(len(batches))]


def _one(folder: str, rank: int, count: int) -> None:
    from segviz.training.processes import SharedBatchNorm2d

    place = Path(folder)
    batch = torch.load(place / f"batch{rank}.pt", weights_only=True)
    meeting = (place / "meeting").as_uri()
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=count)
    torch.save(tuple(normalized(SharedBatchNorm2d(batch.shape[1]), batch)), place / f"share{rank}.pt")
    torch.distributed.destroy_process_group()
