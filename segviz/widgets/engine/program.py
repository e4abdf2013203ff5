"""A network as data, read off the unmodified module: one program for every size.

That it holds at every size is tried, not believed: PyTorch runs the steps at other sizes than the one that they were
read at, and they must give what the module gives.
"""

from __future__ import annotations

from torch import nn

from segviz.fields.kinds import as_module
from segviz.widgets.engine.operations import NotComputed
from segviz.widgets.engine.recording import Program, traced
from segviz.widgets.engine.running import difference

# Sides that every pool of stride 2 leaves odd, and that are no multiple of what networks round up to: nowhere does a
# map happen to have the size that it is to be brought to. The second is larger than any margin.
_UNEVEN = ((97, 65), (289, 257))
# And sides that share nothing with these, short beside long: a network that takes another way above some size shows it.
_OTHERS = ((64, 83), (299, 40), (43, 301))


def program_of(model: nn.Module, *, channels: int | None = None) -> Program:
    """The program of a module that turns pictures (1, channels, H, W) into maps, in evaluation mode.

    `channels` is the model's `in_channels` if None, else 3. Raises ValueError that names an operation which the page
    does not compute and the layer that it stands in, and for a module that is another program at another size.

    >>> program = program_of(nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU()))
    >>> [(step["op"], step["from"], step["to"], step["module"]) for step in program.steps]
    [('conv2d', [0], 1, '0'), ('relu', [1], 2, '1')]
    >>> program.names
    {'': 2, '0': 1, '1': 2}
    """
    model = as_module(model)
    if channels is None:
        channels = int(getattr(model, "in_channels", 3))
    least = int(getattr(model, "min_size", 1))
    problem = ""
    for size in _UNEVEN:
        height, width = _at_least(size, least)
        try:
            program = traced(model, channels, least, (height, width))
        except NotComputed:
            raise
        except (RuntimeError, ValueError) as error:
            problem = f"it raises {error} at {height}×{width}"
            continue
        others = [_at_least(other, least) for other in (*_OTHERS, *_UNEVEN)]
        problem = difference(program, model, others, enough=3)
        if not problem:
            return program
    raise ValueError(f"{type(model).__name__}: no one program holds at all sizes: {problem}")


def _at_least(size: tuple[int, int], least: int) -> tuple[int, int]:
    """Sides not below `least`, as far from a multiple of 32 as they were."""
    more = max(0, -(-(least - min(size)) // 32) * 32)
    return size[0] + more, size[1] + more
