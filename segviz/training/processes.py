"""The processes that share a training: one alone, or several started by `accelerate launch`."""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from segviz.device import get_device
from segviz.training.optimization import FrozenBatchNorm2d


class Processes:
    """One process alone: it is the first, and the sum over all is its own."""

    rank, count = 0, 1

    def __init__(self, device: torch.device | str | None = None) -> None:
        self.device = get_device() if device is None else torch.device(device)

    @staticmethod
    def found(device: torch.device | str | None = None) -> Processes:
        """The processes this one was started with (`WORLD_SIZE` in its environment says how many).

        Several processes choose their devices themselves: `device` is for one alone.
        """
        several = int(os.environ.get("WORLD_SIZE", "1")) > 1
        return _Launched() if several else Processes(device)

    @property
    def first(self) -> bool:
        """Whether this one prints and writes for all."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model with its gradients averaged and its batch statistics taken over all processes."""
        return model

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes, the same on each."""
        return values


class _Launched(Processes):
    def __init__(self) -> None:
        try:
            from accelerate import Accelerator
        except ImportError as error:
            raise ImportError(
                "several processes need accelerate: pip install 'segviz[distributed]', then accelerate launch"
            ) from error
        self._accelerator: Any = Accelerator(cpu=not torch.cuda.is_available())
        self.device = self._accelerator.device
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes

    def wrap(self, model: nn.Module) -> nn.Module:
        for module in list(model.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.BatchNorm2d) and not isinstance(child, FrozenBatchNorm2d):
                    if self.device.type == "cuda":
                        setattr(module, name, nn.SyncBatchNorm.convert_sync_batchnorm(child))
                    else:
                        child.__class__ = SharedBatchNorm2d
        return self._accelerator.prepare_model(model)

    def total(self, values: Tensor) -> Tensor:
        return self._accelerator.reduce(values.clone(), reduction="sum")


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization over the batches of all processes, for CPUs: PyTorch's own needs a GPU.

    Training needs `torch.distributed`; evaluation is that of `nn.BatchNorm2d`.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        axes, shape = (0, 2, 3), (1, -1, 1, 1)
        count = _sum_over_processes(torch.tensor(float(x.numel() // x.shape[1])))
        mean = _sum_over_processes(x.sum(axes)) / count
        centered = x - mean.view(shape)
        variance = _sum_over_processes(centered.square().sum(axes)) / count
        self._track(mean.detach(), variance.detach() * count / (count - 1))
        normal = centered * torch.rsqrt(variance + self.eps).view(shape)
        return normal if self.weight is None else normal * self.weight.view(shape) + self.bias.view(shape)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _Sum(torch.autograd.Function):
    """Every process's loss depends on the sum, so its gradient is the sum of all their gradients."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        values = values.clone()
        dist.all_reduce(values)
        return values

    @staticmethod
    def backward(_context: Any, *gradients: Tensor) -> Tensor:
        gradient = gradients[0].clone()
        dist.all_reduce(gradient)
        return gradient


def _sum_over_processes(values: Tensor) -> Tensor:
    return _Sum.apply(values)
