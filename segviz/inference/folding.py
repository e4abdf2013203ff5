"""Batch norms folded into the convolutions before them.

In evaluation a batch norm multiplies each channel by a constant and adds another. A convolution can do both itself:
with its weights multiplied, and its bias moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from copy import deepcopy
from typing import TypeGuard, TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segviz.checks.recording import Call, Recording
from segviz.layers import BatchNorm2d

Convolution = TypeVar("Convolution", nn.Conv2d, nn.ConvTranspose2d)
CONVOLUTIONS: dict[str, type[nn.Conv2d] | type[nn.ConvTranspose2d]] = {
    "conv2d": nn.Conv2d,
    "conv_transpose2d": nn.ConvTranspose2d,
}


def fold_(model: nn.Module, recording: Recording, asked: Collection[str]) -> None:
    """Fold, in place, every batch norm that alone reads what one plain convolution gives; none that was `asked`."""
    calls = recording.named(*CONVOLUTIONS, "batch_norm")
    runs = Counter(id(layer) for call in calls if (layer := layer_of(model, call)) is not None)
    for call in recording.named(*CONVOLUTIONS):
        readers = call.output.readers
        if len(readers) != 1 or call.output.returned or readers[0].name != "batch_norm":
            continue
        if call.layer in asked or readers[0].layer in asked:
            continue
        conv, norm = layer_of(model, call), layer_of(model, readers[0])
        if not (runs[id(conv)] == runs[id(norm)] == 1 and is_fixed(norm)):
            continue
        # PyTorch's formula for transposed convolutions is that of one group.
        if plain(conv, nn.Conv2d) or (plain(conv, nn.ConvTranspose2d) and conv.groups == 1):
            _fold_pair_(conv, norm)


def layer_of(model: nn.Module, call: Call) -> nn.Module | None:
    """The layer that made the call, if it is one without layers of its own."""
    layer = model.get_submodule(call.layer)
    return None if any(True for _ in layer.children()) else layer


def plain(layer: nn.Module | None, kind: type[Convolution]) -> TypeGuard[Convolution]:
    """Whether a layer computes what PyTorch's of this kind does, with weights that are its own and nothing watching."""
    return type(layer) is kind and {"weight", "bias"} <= layer._parameters.keys() and _as_made(layer)


def is_fixed(norm: nn.Module | None) -> TypeGuard[nn.BatchNorm2d]:
    """Whether a batch norm has statistics of its own, which it uses in evaluation, and nothing watches it."""
    return (
        isinstance(norm, nn.BatchNorm2d)
        and type(norm).forward in (nn.BatchNorm2d.forward, BatchNorm2d.forward)  # others may add a ReLU
        and norm.running_mean is not None
        and norm.running_var is not None
        and not norm.training
        and _as_made(norm)
    )


def _as_made(layer: nn.Module) -> bool:
    return not (layer._forward_hooks or layer._forward_pre_hooks or "forward" in vars(layer))


def _fold_pair_(conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
    """In float64, so that folding itself rounds once.

    The norm becomes an identity where it stands: it may stand in several places, and the weights of both may be shared.
    """
    pair = deepcopy(conv).double().eval(), deepcopy(norm).double()
    fused = fuse_conv_bn_eval(*pair, transpose=isinstance(conv, nn.ConvTranspose2d)).to(conv.weight.dtype)
    for name, parameter in fused.named_parameters():
        conv.register_parameter(name, nn.Parameter(parameter.detach(), requires_grad=False))
    norm.__class__ = nn.Identity  # type: ignore[assignment]
    norm._parameters.clear()
    norm._buffers.clear()
