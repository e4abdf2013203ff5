"""Switches of another picture, given to a network that unpools.

What lasts of a max-pool in such a network is where its maxima were: its switches. They come back in the order in which
the pools run, so that one pool that serves several stages is as good as many.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from segviz.widgets.activations.stages import Stage, maps_of


def first_unpooled(model: nn.Module, image: Tensor, stages: Sequence[Stage]) -> int | None:
    """The index of the first of the stages that comes after an unpooling; None in a network that takes no switches.

    >>> from segviz import create_model
    >>> from segviz.widgets.activations.stages import stages_of
    >>> model, image = create_model("segnet", width=0.1).eval(), torch.zeros(1, 3, 64, 64)
    >>> first_unpooled(model, image, stages_of("segnet", model, image))
    5
    """
    unpools = [name for name, module in model.named_modules() if isinstance(module, nn.MaxUnpool2d)]
    running = list(maps_of(model, image)) if unpools and _pools(model) else []
    first = next((place for place, layer in enumerate(running) if layer in unpools), None)
    if first is None:
        return None
    return next((n for n, stage in enumerate(stages) if stage.layer in running[first:]), len(stages))


@torch.no_grad()
def switches_of(model: nn.Module, image: Tensor) -> list[Tensor]:
    """The switches of every pool that keeps them, in running order, for an image (1, C, H, W).

    Raises ValueError where there is no such pool.
    """
    found: list[Tensor] = []
    with _at_pools(model, lambda output: found.append(output[1])):
        model(image)
    if not found:
        raise ValueError(f"{type(model).__name__} keeps no switches: it does not unpool.")
    return found


@contextmanager
def unpooling_by(model: nn.Module, switches: Sequence[Tensor]) -> Iterator[None]:
    """For the time of one pass the pools of `model` give these switches, as `switches_of` has them, for their own.

    Raises ValueError at a pool whose map has another size.
    """
    left = iter(switches)

    def lend(output: Any) -> Any:
        pooled, own = output[:2]
        lent = next(left, own[..., :0])
        if lent.shape != own.shape:
            raise ValueError(f"The switches are for maps {_size(lent)}, and the pool gives maps {_size(own)}.")
        return (pooled, lent, *output[2:])

    with _at_pools(model, lend):
        yield


@contextmanager
def _at_pools(model: nn.Module, heed: Callable[[Any], Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for pool in _pools(model):
            handle = pool.register_forward_hook(lambda _module, _inputs, output: heed(output))
            stack.callback(handle.remove)
        yield


def _pools(model: nn.Module) -> list[nn.MaxPool2d]:
    return [module for module in model.modules() if isinstance(module, nn.MaxPool2d) and module.return_indices]


def _size(switches: Tensor) -> str:
    return " × ".join(map(str, switches.shape[1:]))
