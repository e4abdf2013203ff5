"""One entry of the table: the rule, and what of the operation's arguments it may leave unread."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..placing import Placed

# What never moves a position: numbers that scale, how values are stored, and what only training asks for.
HARMLESS = frozenset(
    [
        "alpha",
        "beta",
        "cudnn_enabled",
        "momentum",
        "dtype",
        "layout",
        "device",
        "pin_memory",
        "non_blocking",
        "memory_format",
        "half_to_float",
        "out_dtype",
        "generator",
        "implicit",
        "scale",
    ]
)


@dataclass(frozen=True)
class Rule:
    """`function(out, **arguments)` says what the outputs read, `out` being PyTorch's own shape of them.

    `ignores`: arguments that never move a position. `write`: for a view, what its base reads once the view has been
    written on. `sized`: whether the answer hangs on the size of the map, given the arguments and the outputs.
    `views`: whether the outputs share their memory with `x`. `by_pattern`: whether PyTorch's answer hangs on which
    sizes are equal alone.
    """

    function: Callable[..., Any]
    ignores: frozenset[str] = frozenset()
    write: Callable[..., Placed] | None = None
    sized: Callable[[dict[str, Any], Any], bool] | None = None
    views: bool = False
    by_pattern: bool = False


def rule(
    function: Callable[..., Any],
    ignores: str = "",
    *,
    write: Callable[..., Placed] | None = None,
    sized: Callable[[dict[str, Any], Any], bool] | None = None,
    views: bool = False,
    by_pattern: bool = False,
) -> Rule:
    ignored = HARMLESS | frozenset(ignores.split())
    return Rule(function, ignored, write, sized, views or write is not None, by_pattern)
