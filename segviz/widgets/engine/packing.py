"""A network as one file: its program as JSON, then its weights.

============================  ================================================
bytes                         what they hold
============================  ================================================
0 … 3                         the length of the JSON, little-endian
4 … 4 + length                the JSON, UTF-8, with spaces up to a multiple of 8
from there on                 the weights, each from a multiple of 8
============================  ================================================

A weight is kept in 16 bits where that changes none of its values, as with the weights that ship, else in 32.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from segviz.models import create_model
from segviz.widgets.engine.program import program_of
from segviz.widgets.engine.recording import Program

ALIGNED = 8


def shipped_file(name: str) -> bytes:
    """The file of a network that ships: `create_model(name, weights="scenes")`.

    Raises ValueError, listing what is known, for an unknown name.
    """
    return network_file(create_model(name, weights="scenes"), name)


def network_file(model: nn.Module, name: str, *, channels: int | None = None) -> bytes:
    """The file of any module that the page can compute; arguments and errors are those of `program_of`.

    >>> file = network_file(nn.Conv2d(3, 2, 1), "mix")
    >>> head, weights = unpacked(file)
    >>> head["name"], head["steps"][0]["op"], [weight.shape for weight in weights]
    ('mix', 'conv2d', [torch.Size([2, 3, 1, 1]), torch.Size([2])])
    """
    return packed(program_of(model, channels=channels), name)


def packed(program: Program, name: str) -> bytes:
    parts, entries, offset = [], [], 0
    for tensor in program.tensors:
        values = _stored(tensor)
        kind = "float16" if values.dtype == torch.half else "float32"
        entries.append({"shape": list(tensor.shape), "offset": offset, "type": kind})
        content = values.numpy().tobytes()
        parts.append(content + bytes(-len(content) % ALIGNED))
        offset += len(parts[-1])
    head = {
        "name": name,
        "title": program.title,
        "channels": program.channels,
        "least": program.least,
        "steps": program.steps,
        "tensors": entries,
        "names": program.names,
        "out": program.out,
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % ALIGNED)
    return struct.pack("<I", len(text)) + text + b"".join(parts)


def _stored(tensor: Tensor) -> Tensor:
    values = tensor.detach().cpu().float().contiguous()
    half = values.half()
    return half if torch.equal(half.float(), values) else values


def unpacked(file: bytes) -> tuple[dict[str, Any], list[Tensor]]:
    """The JSON of a file, and its weights in 32 bits."""
    (length,) = struct.unpack_from("<I", file)
    head = json.loads(file[4 : 4 + length])
    return head, list(_weights(head["tensors"], file[4 + length :]))


def _weights(entries: list[dict[str, Any]], content: bytes) -> Iterator[Tensor]:
    for entry in entries:
        count = torch.Size(entry["shape"]).numel()
        kind = torch.half if entry["type"] == "float16" else torch.float32
        values = torch.frombuffer(bytearray(content), dtype=kind, count=count, offset=entry["offset"])
        yield values.float().reshape(entry["shape"])
