"""What an audit looks for: one small file a kind, and this list, in the order in which they are tried.

Each file has the kind's name (`KIND`), the page that explains it (`MORE`), and `find(subject)`, which yields findings.
"""

from types import ModuleType

from . import (
    batch_of_one,
    fails_at_size,
    holes,
    idle_parameters,
    linear_run,
    lost_switches,
    misplaced,
    mixed_corners,
    off_the_map,
    output_size,
    overwritten,
    padded_pointwise,
    rate_law,
    rectified_logits,
    shared_parameters,
    statistics,
    uneven_overlap,
)

KINDS: tuple[ModuleType, ...] = (
    fails_at_size,
    output_size,
    misplaced,
    rate_law,
    off_the_map,
    holes,
    uneven_overlap,
    lost_switches,
    padded_pointwise,
    rectified_logits,
    linear_run,
    shared_parameters,
    idle_parameters,
    overwritten,
    batch_of_one,
    statistics,
    mixed_corners,
)
