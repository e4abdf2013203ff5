"""What the commands of this folder share: their options, and the words for a peer that is not there."""

import argparse
import importlib.util

HOW_TO_GET_PEERS = "make peers"


def parser(doc: str) -> argparse.ArgumentParser:
    """A parser with `--quick`, described by the module's docstring."""
    found = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--quick", action="store_true", help="fewer rounds and smaller sizes: seconds, and rougher")
    return found


def is_here(peer: str, how: str = HOW_TO_GET_PEERS) -> bool:
    """Whether a peer can be imported; if not, that is said."""
    here = importlib.util.find_spec(peer) is not None
    if not here:
        print(f"({peer} is not installed, so it is left out: {how})")
    return here
