"""What is said where published weights cannot be had, asked of an address on this machine at which nobody answers."""

from __future__ import annotations

import contextlib
import io
import tempfile
from functools import partial
from types import SimpleNamespace

import torch

from segviz.checkpoints import load_published

URL = "http://127.0.0.1:9/net-0123abcd.pth"


def nowhere() -> str:
    """The words of `load_published` for weights that are neither in torch's folder nor to be fetched.

    >>> nowhere().startswith("no weights at ~/.cache/torch/hub/checkpoints/net-0123abcd.pth, and the download failed")
    True
    """
    entry = SimpleNamespace(url=URL, get_state_dict=partial(torch.hub.load_state_dict_from_url, URL))
    before = torch.hub._hub_dir  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as empty:
        torch.hub.set_dir(empty)
        try:
            said = io.StringIO()  # torch's own line on where it loads to
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                load_published(entry)
        except ConnectionError as error:
            return str(error).replace(empty, "~/.cache/torch/hub")
        finally:
            torch.hub._hub_dir = before  # type: ignore[attr-defined]
    raise AssertionError(f"something answered at {URL}")
