"""Normalizations, and softmax: position by position, or with statistics that are taken over the whole map."""

from collections.abc import Callable

import torch

from ..maps import Edge, Node, Traced, traced
from ..relations import Everything, Relation
from .outputs import one_by_one
from .pointwise import pointwise


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    def gain() -> float:
        scale = torch.ones(1) if weight is None or not weight.any() else weight.detach()
        variance = torch.ones(1) if running_var is None else running_var
        return float((scale.double().square().cpu() / (variance.double().cpu() + eps)).mean())

    return one_by_one(x, gain)


def statistics(over_rows_and_columns: bool) -> Callable[..., Traced]:
    """A normalization whose mean and variance are taken over the whole map makes every output read all of it."""

    def rule(x, *args, **kwargs):
        if not over_rows_and_columns or x.dims is None:
            return pointwise()(x)
        # A position's derivative by any other, through the statistics, is of the order of 1/HW.
        jump, (height, width) = x.node.jump, x.node.size
        moments = Node((1, 1), jump, (Edge(x.node, _over(height), _over(width)),))
        back = Edge(moments, None if height == 1 else Everything(1), None if width == 1 else Everything(1))
        return traced(x.shape, Node(x.node.size, jump, (Edge(x.node), back)), x.dims)

    return rule


def _over(size: int) -> Relation:
    return None if size == 1 else Everything(size, energy=1 / size**2)


def layer_norm(x, normalized_shape, *args, **kwargs):
    covered = set(range(-len(normalized_shape), 0))
    return statistics(x.dims is not None and bool(covered & set(x.dims)))(x)


def along_dim(x, *args, **kwargs):
    """softmax and its kind: positions one by one where the dimension is the channels."""
    dim = kwargs.get("dim", args[0] if args else 1)
    if x.dims is not None and dim is not None and dim % x.ndim - x.ndim in x.dims:
        return statistics(True)(x)
    return pointwise()(x)


def normalize(x, p=2.0, dim=1, eps=1e-12, out=None):
    return along_dim(x, dim)
