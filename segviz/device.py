"""Where to compute."""

import torch


def get_device() -> torch.device:
    """The fastest device of this machine: CUDA, else MPS, else the CPU.

    >>> get_device().type in {"cuda", "mps", "cpu"}
    True
    """
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
