"""Where to compute, and on how many threads."""

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch computes on a single thread of the CPU for a while; a decorator, too.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
