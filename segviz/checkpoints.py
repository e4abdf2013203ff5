"""Trained weights on disk: written all or not at all, read without running anything.

A file is a safetensors file whose metadata holds the model's name, the options that make it and its scores.
Pickles are never read: they can run whatever their author wished. The weights that torchvision publishes are pickles;
of these, tensors alone are read (`weights_only`), and only where the file has the hash that its name promises.
"""

import contextlib
import hashlib
import json
import os
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

WEIGHTS = Path(__file__).parent / "weights"
_FORMAT = "segviz-1"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network: `create_model(name, **options)` with `state`, and how well it did."""

    name: str
    options: dict[str, Any]
    state: dict[str, Tensor]
    scores: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of `path` only when all of it is on the disk.

    A full disk, an error or a kill before that leaves `path` as it was.

    >>> import tempfile
    >>> note = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(note) as file:
    ...     _ = file.write(b"all of it")
    >>> note.read_bytes()
    b'all of it'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name last; a no-op where folders cannot be opened, as on Windows."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def save_checkpoint(path: str | os.PathLike, checkpoint: Checkpoint, *, half: bool = False) -> None:
    """Write a checkpoint as safetensors, replacing an earlier one only when the new one is complete.

    `half` stores weights of two or more axes in 16 bits, which halves the file; biases and the statistics of
    normalization keep 32.
    """

    def stored(tensor: Tensor) -> Tensor:
        tensor = tensor.detach().cpu().contiguous()
        return tensor.half() if half and tensor.is_floating_point() and tensor.ndim > 1 else tensor.clone()

    metadata = {
        "format": _FORMAT,
        "name": checkpoint.name,
        "options": json.dumps(checkpoint.options),
        "scores": json.dumps(checkpoint.scores),
    }
    content = save({key: stored(tensor) for key, tensor in checkpoint.state.items()}, metadata)
    with replacing(path) as file:
        file.write(content)


def load_checkpoint(path: str | os.PathLike, name: str | None = None) -> Checkpoint:
    """Read a checkpoint; 16-bit weights come back as 32-bit ones.

    Raises FileNotFoundError where there is none, and ValueError for a file that is cut short, a pickle, no
    checkpoint of this package, or one of another model than `name`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except SafetensorError as error:
        raise ValueError(f"{path} {_what_is_wrong(path)}") from error
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{path} was not written by segviz: its metadata does not say format {_FORMAT!r}")
    if name is not None and metadata["name"] != name:
        raise ValueError(f"{path} holds weights of {metadata['name']!r}, not of {name!r}")
    return Checkpoint(
        name=metadata["name"],
        options=_with_tuples(json.loads(metadata["options"])),
        state={key: tensor.float() if tensor.dtype == torch.half else tensor for key, tensor in state.items()},
        scores=json.loads(metadata["scores"]),
    )


def load_into(model: torch.nn.Module, state: Mapping[str, Tensor], what: str = "the checkpoint") -> None:
    """Load `state` strictly; ValueError that lists what differs where it was made for another model."""
    own = model.state_dict()
    problems = [f"lacks {key!r}" for key in own if key not in state]
    problems += [f"has {key!r}, which the model has not" for key in state if key not in own]
    problems += [
        f"has {key!r} as {tuple(state[key].shape)} where the model has {tuple(own[key].shape)}"
        for key in own
        if key in state and own[key].shape != state[key].shape
    ]
    if problems:
        more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ValueError(f"{what} was made for another model: it {'; it '.join(problems[:3])}{more}")
    model.load_state_dict(state)


def load_scenes(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Options and weights of the network `name` that was trained on the scenes and ships with the package.

    Raises ValueError, listing the names that have weights, where there are none for `name`.
    """
    path = WEIGHTS / f"{name}.safetensors"
    if not path.is_file():
        shipped = ", ".join(sorted(repr(file.stem) for file in WEIGHTS.glob("*.safetensors"))) or "none"
        raise ValueError(f"no weights are shipped for {name!r}; there are: {shipped} (`make weights` trains them)")
    checkpoint = load_checkpoint(path, name)
    return checkpoint.options, checkpoint.state


def load_published(weights: Any) -> dict[str, Tensor]:
    """The state dict of `weights`, an entry of torchvision's enumerations of published weights.

    Downloaded with a progress bar the first time, then read from `torch.hub`'s folder (`TORCH_HOME` moves it), where
    torchvision looks as well. The file is checked by its hash each time, and nothing but tensors is read from it.

    Raises ConnectionError where the file is not there and cannot be fetched, ValueError where it is cut short or
    damaged; both say where it was looked for and how to bring it.
    """
    path = Path(torch.hub.get_dir(), "checkpoints", weights.url.rsplit("/", 1)[-1])
    bring = (
        f"bring {weights.url} from a machine that has it, as {path}, or let TORCH_HOME name a folder with "
        f"{Path(*path.parts[-3:])}"
    )
    if path.is_file() and not _has_promised_hash(path):
        raise ValueError(
            f"{path} is cut short or damaged: its SHA-256 is not the one in its name; delete it, or {bring}"
        )
    try:
        return dict(weights.get_state_dict(progress=True, check_hash=True, weights_only=True))
    except (pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} holds more than tensors, which is not read; delete it, or {bring}") from error
    except RuntimeError as error:
        if "invalid hash value" not in str(error):
            raise
        raise ValueError(
            f"the download of {path.name} was cut short or damaged, and was not kept; again, or {bring}"
        ) from error
    except OSError as error:
        raise ConnectionError(
            f"no weights at {path}, and the download failed ({error}); with a network, or {bring}"
        ) from error


def _has_promised_hash(path: Path) -> bool:
    """Whether a file NAME-HASH.pth has a SHA-256 that begins with HASH, as torchvision names them."""
    promised = re.search(r"-([0-9a-f]{8,})\.", path.name)
    with path.open("rb") as file:
        return promised is not None and hashlib.file_digest(file, "sha256").hexdigest().startswith(promised[1])


def _what_is_wrong(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    if start[:1] == b"\x80" or start[:2] == b"PK":
        return "is a pickle; only safetensors files are read, since a pickle can run any code"
    size = path.stat().st_size
    return f"is cut short or damaged: no complete safetensors file ({size} bytes)"


def _with_tuples(options: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; the options of models do."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
