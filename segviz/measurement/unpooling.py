"""Max-unpooling with overlapping windows, where PyTorch's derivative is not that of what it computes.

Two windows that share their maximum give one switch twice. The layer writes one of the two values there; its backward
pass credits both. With one thread the last one written stays, in reading order; several threads race for it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from segviz.device import one_thread


class OverlappingWindows(ValueError):
    """Code that Python does not see unpools overlapping windows."""


@contextmanager
def last_written() -> Iterator[None]:
    """Unpooling has the derivative of what it does: of several values for one place, the one that is there counts.

    Raises `OverlappingWindows` at the end, where scripted code unpooled such windows and could not be corrected.

    >>> values, switches = torch.tensor([[[9.0, 9.0]]], requires_grad=True), torch.tensor([[[2, 2]]])
    >>> with last_written():
    ...     F.max_unpool2d(values, switches, (1, 3), stride=(1, 2))[0, 0, 2].backward()
    >>> values.grad                                                     # PyTorch's own: [[[1., 1.]]]
    tensor([[[0., 1.]]])
    """
    watch = _Watch()
    with _LastWritten(watch), watch:
        yield
    if watch.overlapping:
        raise OverlappingWindows(
            "op unpools overlapping windows in scripted code, where PyTorch's derivative is not that of the layer; "
            "give the module as it was before torch.jit"
        )


class _LastWritten(TorchFunctionMode):
    def __init__(self, watch: "_Watch") -> None:
        super().__init__()
        self.watch = watch

    def __torch_function__(
        self, func: Callable, types: Iterable[type], args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if getattr(func, "__name__", "") != "max_unpool2d":
            return func(*args, **kwargs)
        self.watch.corrected = True
        try:
            return _unpooled(func, args, kwargs)
        finally:
            self.watch.corrected = False


def _unpooled(func: Callable, args: tuple, kwargs: dict[str, Any]) -> Tensor:
    output = func(*args, **kwargs)
    values, args = (args[0], args[1:]) if args else (kwargs.pop("input"), ())
    if not _overlapping(args[0] if args else kwargs["indices"]):
        return output
    height, width = values.shape[-2:]
    numbers = torch.arange(1, height * width + 1, dtype=torch.float64, device=values.device)
    with one_thread(), torch.no_grad():
        # What the layer does with numbers says which input stands in each place, 0 where none does.
        written = func(numbers.view(height, width).expand_as(values).contiguous(), *args, **kwargs)
    candidates = F.pad(values.flatten(-2), (1, 0))
    return candidates.gather(-1, written.long().flatten(-2)).view_as(written)


class _Watch(TorchDispatchMode):
    """Sees every unpooling, scripted ones too; an error raised here would lose its words in scripted code."""

    corrected = overlapping = False

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.ops.aten.max_unpool2d.default and not self.corrected:
            self.overlapping |= _overlapping(args[1])
        return func(*args, **(kwargs or {}))


def _overlapping(switches: Tensor) -> bool:
    """Whether any map of `switches` (…, H, W) names one place twice."""
    ordered = switches.flatten(-2).sort(-1).values
    return bool((ordered[..., 1:] == ordered[..., :-1]).any())
