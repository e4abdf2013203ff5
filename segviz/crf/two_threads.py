"""Two calls at once, on two threads of the CPU where there may be two."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

First = TypeVar("First")
Second = TypeVar("Second")


class Two:
    """Makes two calls at the same time and gives both results; one after the other where `threads` is 1.

    PyTorch lets go of the interpreter while it computes. The second thread, which ends with this object, uses one of
    PyTorch's own, and shares the caller's inference mode.

    >>> Two(threads=2)(lambda: 1 + 1, lambda: 2 + 2)
    (2, 4)
    """

    def __init__(self, threads: int):
        self.pool = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) if threads > 1 else None

    def __call__(self, first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
        if self.pool is None:
            return first(), second()
        inference = torch.is_inference_mode_enabled()

        def beside() -> Second:
            with torch.inference_mode(inference):
                return second()

        waiting = self.pool.submit(beside)
        try:
            return first(), waiting.result()
        finally:
            waiting.exception()  # what the second call reads stays until it has ended

    def __del__(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=False)
