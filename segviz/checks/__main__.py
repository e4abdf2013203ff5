"""An audit from the command line: `python -m segviz.checks MODULE:CALLABLE --size H W`.

CALLABLE is looked up in MODULE, whose code is imported, and called without arguments for the network; a network
itself serves as well. No pickle is read. The exit status is 1 where there is a fault, 2 where there is no network.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from torch import nn

from segviz.checks import audit


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="python -m segviz.checks", description=__doc__)
    add = line.add_argument
    add("network", metavar="MODULE:CALLABLE", help="as torchvision.models.segmentation:fcn_resnet50")
    add("--size", type=int, nargs=2, required=True, metavar=("H", "W"), help="of the picture, in pixels")
    add("--channels", type=int, default=None, help="of the picture, where the first layer does not tell")
    add(
        "--sizes", type=int, nargs=2, action="append", metavar=("H", "W"), help="a further size to try; may be repeated"
    )
    add("--like", metavar="MODULE:CALLABLE", help="the same network with its strides in place")
    return line


def network(name: str) -> nn.Module:
    """What MODULE:CALLABLE stands for; raises ValueError where it stands for no network."""
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"{name!r} must be MODULE:CALLABLE, as torchvision.models.segmentation:fcn_resnet50")
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{name!r} cannot be found: {error}") from error
    made = found if isinstance(found, nn.Module) or not callable(found) else found()
    if not isinstance(made, nn.Module):
        raise ValueError(f"{name!r} must give a torch.nn.Module, got {type(made).__name__}")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the audit that the words of the command line ask for; gives the exit status."""
    line = parser()
    asked = line.parse_args(arguments)
    sys.path.insert(0, os.getcwd())  # as python -m has it
    try:
        found = audit(
            network(asked.network),
            tuple(asked.size),
            channels=asked.channels,
            sizes=asked.sizes and [tuple(size) for size in asked.sizes],
            like=network(asked.like) if asked.like else None,
        )
    except (TypeError, ValueError) as error:
        line.error(str(error))
    print(found)
    return int(any(finding.severity == "fault" for finding in found))


if __name__ == "__main__":
    sys.exit(main())
