"""How a network is trained and run: rates by layer group, frozen or shared normalization, layout, precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from segviz.training.modes import evaluating


def parameter_groups(model: nn.Module, lr: float, *, new_layers: float = 10.0, **settings: Any) -> list[dict[str, Any]]:
    """The parameters in two groups for an optimizer: `model.backbone` at `lr`, every other layer at `new_layers · lr`.

    A trunk that was trained before needs small steps, and layers that start at random need large ones (DeepLab:
    ten times as large). The groups are disjoint and complete, and carry a "name" and `settings` besides. A network
    without a backbone has only new layers, all in one group at `lr`. Parameters that are frozen by
    `requires_grad_(False)` belong to no group. Raises ValueError where `lr` or `new_layers` is not above 0.

    >>> from segviz import create_model
    >>> groups = parameter_groups(create_model("deeplabv3", width=0.125), 0.007, weight_decay=4e-5)
    >>> [(group["name"], group["lr"], group["weight_decay"]) for group in groups]
    [('backbone', 0.007, 4e-05), ('new layers', 0.07, 4e-05)]
    """
    for name, value in (("lr", lr), ("new_layers", new_layers)):
        if not value > 0:
            raise ValueError(f"{name}: got {value!r}; it is above 0")
    backbone = getattr(model, "backbone", nn.Module())
    old = [p for p in backbone.parameters() if p.requires_grad]
    known = {id(p) for p in backbone.parameters()}
    new = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    groups = [
        {"name": "backbone", "params": old, "lr": lr},
        {"name": "new layers", "params": new, "lr": lr * new_layers if known else lr},
    ]
    return [{**group, **settings} for group in groups if group["params"]]


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization that stays in evaluation: `train()` cannot wake it."""

    def train(self, mode: bool = True) -> FrozenBatchNorm2d:
        return super().train(False)


def freeze_batch_norm(model: nn.Module) -> nn.Module:
    """`model` with every batch normalization fixed: its running statistics, its weight and its bias.

    What a batch of few images says of mean and variance is noise; a trained trunk's own statistics are better. The
    layers are changed where they stand, so that weights, names and hooks remain, and a later `model.train()` leaves
    them frozen; setting `module.eval()` by hand would last until then only. Layers made synchronous are frozen too.

    >>> model = freeze_batch_norm(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))).train()
    >>> model.training, model[1].training
    (True, False)
    """
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
            # The class alone decides what train() does; the state it holds is the same.
            module.__class__ = FrozenBatchNorm2d
            module.train(False).requires_grad_(False)
    return model


def synchronize_batch_norm(model: nn.Module) -> nn.Module:
    """`model` with batch normalization over the batches of all processes, by PyTorch's own converter.

    It pays where several GPUs hold few images each, and needs `torch.distributed`; in training, its layers refuse
    maps on a CPU. Frozen layers have nothing to synchronize: freezing comes after, never before.
    Raises ValueError for a model with frozen layers.

    >>> type(synchronize_batch_norm(nn.Sequential(nn.BatchNorm2d(4)))[0])
    <class 'torch.nn.modules.batchnorm.SyncBatchNorm'>
    """
    frozen = [name for name, module in model.named_modules() if isinstance(module, FrozenBatchNorm2d)]
    if frozen:
        raise ValueError(
            f"model: {len(frozen)} of its batch normalizations are frozen, {frozen[0]!r} the first; "
            "synchronize_batch_norm would wake them; call it before freeze_batch_norm, or not at all"
        )
    return nn.SyncBatchNorm.convert_sync_batchnorm(model)


def channels_last(model: nn.Module) -> nn.Module:
    """`model` with its weights in channels-last order, which its maps then take on: the same sums, in another order.

    Nothing asks for it by itself, since the logits move by rounding (some 1e-6 of their scale). On a CPU it paid in
    evaluation, most for DeepLab v3 at output stride 8 (1.3 times as fast), and not in training; on a GPU it goes
    with half precision. `benchmarks/models.py` measures it here and now.

    >>> layer = channels_last(nn.Conv2d(3, 4, 3))
    >>> layer(torch.rand(1, 3, 8, 8)).is_contiguous(memory_format=torch.channels_last)
    True
    """
    return model.to(memory_format=torch.channels_last)


def half_precision(device: torch.device | str) -> torch.autocast:
    """The context in which convolutions compute in 16 bits: bfloat16, or float16 on a GPU that lacks it.

    Faster, and not the same network: at 8 bits of mantissa some half a percent of the labels change. float16 also
    needs a gradient scaler in training; bfloat16 does not.

    >>> with half_precision("cpu"):
    ...     nn.Conv2d(3, 4, 3)(torch.rand(1, 3, 8, 8)).dtype
    torch.bfloat16
    """
    kind = torch.device(device).type
    lacks_bfloat16 = kind == "cuda" and not torch.cuda.is_bf16_supported()
    return torch.autocast(kind, dtype=torch.float16 if lacks_bfloat16 else torch.bfloat16)


def fast_in_half(device: torch.device | str) -> bool:
    """Whether the device computes in 16 bits by itself: GPUs do, a CPU where it has instructions for bfloat16.

    Elsewhere half precision is imitated, and slower than 32 bits. A release of PyTorch that cannot tell (before 2.9)
    counts as a CPU without.
    """
    if torch.device(device).type != "cpu":
        return True
    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))


@torch.no_grad()
def settle_batch_norm(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Measure the statistics of every BN layer again, as the mean over `batches` of images, in place.

    Running statistics lag behind the weights, and those of small batches jump about; a network that trains well and
    evaluates badly often wants no more than this. `torch.optim.swa_utils.update_bn` does the same with dropout at
    work, which changes the variances. Idea: Wu and Johnson, "Rethinking 'batch' in BatchNorm", 2021 (section 3).

    >>> layer = nn.BatchNorm2d(1)
    >>> settle_batch_norm(layer, [torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2)])
    >>> layer.running_mean.item()
    0.5
    """
    layers = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    with evaluating(model):
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # a mean over all batches
            layer.train()
        for images in batches:
            model(images)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
