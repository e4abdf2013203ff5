"""What each PyTorch operation does to maps: one table, by the operation's name in `torch.ops.aten`.

Rules have the parameters of the operations they stand for, the first one named `x`. They are grouped in the modules of
this package; what they have in common is in `outputs`, and in `segviz.fields.placing`. An operation that PyTorch tags
as pointwise needs no entry.
"""

from typing import Any

import torch

from ..layouts import PLAIN
from .convolution import col2im, convolution, im2col
from .joining import (
    cat,
    flip,
    glu,
    index_,
    index_select,
    padding,
    roll,
    select,
    slice_,
    split,
    split_with_sizes,
    stack,
    unbind,
    write_select,
    write_slice,
)
from .mixing import addmm, attention, baddbmm, mm, mv
from .normalization import batch_norm, group_norm, layer_norm, softmax
from .pointwise import along_channels, copied, fill, pointwise, reads_nothing, same
from .pooling import adaptive_avg_pool, adaptive_max_pool, avg_pool, max_pool, max_unpool2d
from .reduction import chosen, largest, mean, total
from .reshaping import (
    as_strided,
    expand,
    permute,
    repeat,
    reshaped,
    t,
    transpose,
    unfold,
    write_permuted,
    write_reshaped,
    write_same,
    write_t,
    write_transposed,
)
from .resizing import antialiased, channel_shuffle, cubic, linear, nearest, pixel_shuffle, pixel_unshuffle
from .table import Rule, rule

POINTWISE = Rule(pointwise(), by_pattern=True)
_HALF_OFF = Rule(pointwise(gain=0.5), by_pattern=True)  # half of all units are off
_RELUS = "relu hardtanh leaky_relu rrelu_with_noise elu celu gelu silu mish hardswish"
# Position by position, though PyTorch has no tag on them.
_POINTWISE = "_prelu_kernel log_sigmoid_forward native_dropout nan_to_num logical_and logical_or logical_not"
_SAME = "clone detach alias _to_copy lift_fresh"
_CONSTANTS = (
    "new_empty new_empty_strided new_zeros new_ones new_full zeros_like ones_like full_like empty_like rand_like "
    "randn_like randint_like zero_ normal_ uniform_ bernoulli_ bernoulli"
)
_MEANS = "mean var std var_mean std_mean norm linalg_vector_norm"
_LARGEST = "amax amin max min median nanmedian argmax argmin logsumexp prod any all"


def _by_size(arguments: dict[str, Any], placed: Any) -> bool:
    return all(arguments.get(name) is None for name in ("scales_h", "scales_w", "scales"))


def _always(arguments: dict[str, Any], placed: Any) -> bool:
    return True


def _cut(arguments: dict[str, Any], placed: Any) -> bool:
    """Rows or columns that were cut up: into windows of a fixed size, or a fixed number of them."""
    return sum([digit.axis != PLAIN for digits in placed.layout for digit in digits]) > 2


_UNREAD_BY_STATISTICS = "correction unbiased p ord dtype"

RULES: dict[str, Rule] = {
    # position by position
    **dict.fromkeys(_RELUS.split(), _HALF_OFF),
    **dict.fromkeys(_POINTWISE.split(), POINTWISE),
    **dict.fromkeys(_SAME.split(), rule(same, write=write_same)),
    **dict.fromkeys(_CONSTANTS.split(), Rule(reads_nothing)),
    "copy_": rule(copied),
    "fill_": rule(fill),
    **dict.fromkeys(("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"), rule(along_channels)),
    "glu": rule(glu),
    # normalization
    "native_batch_norm": rule(batch_norm, by_pattern=True),
    "native_group_norm": rule(group_norm, "N C HxW group eps"),
    "native_layer_norm": rule(layer_norm, "eps"),
    **dict.fromkeys(("_softmax", "_log_softmax"), rule(softmax)),
    # convolution
    "convolution": rule(convolution, "groups"),
    "im2col": rule(im2col),
    "col2im": rule(col2im),
    # matrix products
    "mm": rule(mm),
    "bmm": rule(mm),
    "addmm": rule(addmm, by_pattern=True),
    "baddbmm": rule(baddbmm, by_pattern=True),
    "mv": rule(mv),
    "_scaled_dot_product_flash_attention_for_cpu": rule(attention, "dropout_p"),
    # pooling
    "max_pool2d_with_indices": rule(max_pool(2)),
    "max_pool3d_with_indices": rule(max_pool(3)),
    "avg_pool2d": rule(avg_pool(2), "count_include_pad divisor_override"),
    "avg_pool3d": rule(avg_pool(3), "count_include_pad divisor_override"),
    "max_unpool2d": rule(max_unpool2d),
    **dict.fromkeys(("_adaptive_avg_pool2d", "_adaptive_avg_pool3d"), rule(adaptive_avg_pool, sized=_always)),
    "adaptive_max_pool2d": rule(adaptive_max_pool, sized=_always),
    # reduction
    **dict.fromkeys(_MEANS.split(), rule(mean, _UNREAD_BY_STATISTICS)),
    **dict.fromkeys(_LARGEST.split(), rule(largest)),
    "sum": rule(total),
    "topk": rule(chosen, "k largest sorted"),
    "sort": rule(chosen, "stable descending"),
    # resizing
    **{
        name: rule(nearest(kind), sized=_by_size, by_pattern=True)
        for name, kind in {
            "upsample_nearest1d": "upsample_nearest2d",
            "upsample_nearest2d": "upsample_nearest2d",
            "_upsample_nearest_exact1d": "_upsample_nearest_exact2d",
            "_upsample_nearest_exact2d": "_upsample_nearest_exact2d",
        }.items()
    },
    "upsample_linear1d": rule(linear, sized=_by_size, by_pattern=True),
    "upsample_bilinear2d": rule(linear, sized=_by_size, by_pattern=True),
    "upsample_bicubic2d": rule(cubic, sized=_by_size, by_pattern=True),
    "_upsample_bilinear2d_aa": rule(antialiased("linear"), sized=_by_size, by_pattern=True),
    "_upsample_bicubic2d_aa": rule(antialiased("cubic"), sized=_by_size, by_pattern=True),
    "pixel_shuffle": rule(pixel_shuffle),
    "pixel_unshuffle": rule(pixel_unshuffle),
    "channel_shuffle": rule(channel_shuffle, "groups"),
    # padding, cropping, joining
    "constant_pad_nd": rule(padding("constant"), "value"),
    **dict.fromkeys(("reflection_pad1d", "reflection_pad2d"), rule(padding("reflect"))),
    **dict.fromkeys(("replication_pad1d", "replication_pad2d"), rule(padding("replicate"))),
    "slice": rule(slice_, write=write_slice),
    "select": rule(select, write=write_select),
    "split": rule(split, "split_size", views=True),
    "split_with_sizes": rule(split_with_sizes, views=True),
    "unbind": rule(unbind, views=True),
    "index": rule(index_),
    "index_select": rule(index_select),
    "cat": rule(cat),
    "stack": rule(stack),
    "roll": rule(roll),
    "flip": rule(flip, sized=_always),
    # reshaping
    **dict.fromkeys(("view", "_unsafe_view"), rule(reshaped, "size", write=write_reshaped, sized=_cut)),
    **dict.fromkeys(("squeeze", "unsqueeze"), rule(reshaped, "dim", write=write_reshaped)),
    "permute": rule(permute, write=write_permuted),
    "transpose": rule(transpose, write=write_transposed),
    "t": rule(t, write=write_t),
    "expand": rule(expand, "size", views=True),
    "repeat": rule(repeat),
    "unfold": rule(unfold, views=True),
    "as_strided": rule(as_strided, "stride storage_offset"),
}


Found = tuple[Rule, tuple[str | None, ...], bool]
_found: dict[int, Found | None] = {}


def rule_of(operation: Any) -> Found | None:
    """The rule for an overload in `torch.ops.aten`, the arguments that it reads, whether it writes on the first."""
    key = id(operation)  # PyTorch keeps each one for good
    if key not in _found:
        _found[key] = _looked_up(operation)
    return _found[key]


def _looked_up(operation: Any) -> Found | None:
    arguments = operation._schema.arguments
    if operation.namespace != "aten" or any(argument.is_out for argument in arguments):
        return None
    name = operation._overloadpacket.__name__
    rule = RULES.get(name) or (RULES.get(name[:-1]) if name[-1] == "_" and name[-2] != "_" else None)
    if operation._overloadname == "other" or (rule is None and torch.Tag.pointwise in operation.tags):
        rule = POINTWISE
    if rule is None:
        return None
    names = ("x", *(None if argument.name in rule.ignores else argument.name for argument in arguments[1:]))
    return rule, names, bool(arguments) and arguments[0].is_write
