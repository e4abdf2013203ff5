"""Batch norms folded into the convolutions before them.

In evaluation a batch norm multiplies each channel by a constant and adds another. A convolution can do both itself:
with its weights multiplied, and its bias moved.
"""

from __future__ import annotations

from collections import Counter
from typing import TypeGuard, TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segviz.checks.recording import Call, Recording

Convolution = TypeVar("Convolution", nn.Conv2d, nn.ConvTranspose2d)
CONVOLUTIONS: dict[str, type[nn.Conv2d] | type[nn.ConvTranspose2d]] = {
    "conv2d": nn.Conv2d,
    "conv_transpose2d": nn.ConvTranspose2d,
}


def fold_(model: nn.Module, recording: Recording) -> None:
    """Fold, in place, every batch norm that alone reads what one plain convolution gives."""
    calls = recording.named(*CONVOLUTIONS, "batch_norm")
    runs = Counter(id(layer) for call in calls if (layer := layer_of(model, call)) is not None)
    for call in recording.named(*CONVOLUTIONS):
        readers = call.output.readers
        if len(readers) != 1 or call.output.returned or readers[0].name != "batch_norm":
            continue
        conv, norm = layer_of(model, call), layer_of(model, readers[0])
        if not (runs[id(conv)] == runs[id(norm)] == 1 and is_fixed(norm)):
            continue
        # PyTorch's formula for transposed convolutions is that of one group.
        if plain(conv, nn.Conv2d) or (plain(conv, nn.ConvTranspose2d) and conv.groups == 1):
            _fold_pair_(conv, norm)
            parent, _, name = readers[0].layer.rpartition(".")
            setattr(model.get_submodule(parent), name, nn.Identity())


def layer_of(model: nn.Module, call: Call) -> nn.Module | None:
    """The layer that made the call, if it is one without layers of its own."""
    layer = model.get_submodule(call.layer)
    return None if any(True for _ in layer.children()) else layer


def plain(layer: nn.Module | None, kind: type[Convolution]) -> TypeGuard[Convolution]:
    """Whether a layer computes what PyTorch's of this kind does, with weights that are its own and nothing watching."""
    return (
        isinstance(layer, kind)
        and type(layer).forward is kind.forward
        and {"weight", "bias"} <= layer._parameters.keys()
        and not (layer._forward_hooks or layer._forward_pre_hooks)
    )


def is_fixed(norm: nn.Module | None) -> TypeGuard[nn.BatchNorm2d]:
    """Whether a batch norm has statistics of its own, which it uses in evaluation, and nothing watches it."""
    return (
        isinstance(norm, nn.BatchNorm2d)
        and norm.running_mean is not None
        and norm.running_var is not None
        and not (norm._forward_hooks or norm._forward_pre_hooks)
    )


def _fold_pair_(conv: nn.Conv2d | nn.ConvTranspose2d, norm: nn.BatchNorm2d) -> None:
    """In float64, so that folding itself rounds once."""
    dtype = conv.weight.dtype
    fused = fuse_conv_bn_eval(conv.double(), norm.double(), transpose=isinstance(conv, nn.ConvTranspose2d)).to(dtype)
    for name, parameter in fused.named_parameters():
        conv.register_parameter(name, nn.Parameter(parameter.detach(), requires_grad=False))
