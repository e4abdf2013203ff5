"""Batch norms with constants from another framework: a decay taken for a momentum, an eps that hides the variance."""

from __future__ import annotations

from collections.abc import Iterator

from torch.nn.modules.batchnorm import _BatchNorm

from ..findings import Finding
from ..subject import Subject

KIND, MORE = "statistics", "chapters/find-the-bug"

MOST_MOMENTUM, MOST_EPS = 0.5, 0.01


def find(subject: Subject) -> Iterator[Finding]:
    alike: dict[tuple[float, float], list[str]] = {}
    for name, module in subject.model.named_modules():
        if isinstance(module, _BatchNorm):
            # Without statistics that run there is nothing to average.
            momentum = module.momentum if module.track_running_stats and module.momentum is not None else 0.0
            if momentum > MOST_MOMENTUM or module.eps > MOST_EPS:
                alike.setdefault((momentum, module.eps), []).append(name)
    for (momentum, eps), names in alike.items():
        measured = {"momentum": momentum, "eps": eps, "layers": len(names)}
        layers = f"{len(names)} batch norm{'s have' if len(names) > 1 else ' has'}"
        if momentum > MOST_MOMENTUM:
            message = (
                f"{layers} momentum {momentum:g}, so that the running statistics are nearly those of the last batch; "
                f"PyTorch's momentum is the share of the new batch, so write 1 − decay, here {1 - momentum:.4g}."
            )
        else:
            message = (
                f"{layers} eps {eps:g}, which flattens every channel whose variance is not far above it; it is there "
                f"against division by 0, so take 1e-5, or 1e-3 where the weights were trained so."
            )
        yield Finding(KIND, "fault", names[0] or None, measured, message, MORE)
