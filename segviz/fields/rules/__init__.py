"""What each PyTorch function does to maps: one table, by the function's name.

Rules have the parameters of the functions they stand for. They are grouped in the modules of this package; what
they have in common is in `outputs`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .convolution import conv2d, conv_transpose2d, linear
from .joining import cat, getitem, glu, narrow, pad, split
from .normalization import along_dim, batch_norm, layer_norm, normalize, statistics
from .pointwise import by_channel, constant, pointwise, same
from .pooling import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    adaptive_max_pool2d_with_indices,
    avg_pool2d,
    lp_pool2d,
    max_pool2d,
    max_pool2d_with_indices,
    max_unpool2d,
)
from .reduction import norm, reduction, reduction_with_indices, variance
from .reshaping import expand, permute, reshaped, transpose
from .resizing import interpolate, pixel_shuffle, pixel_unshuffle

_RELUS = (
    "relu relu_ relu6 hardtanh hardtanh_ leaky_relu leaky_relu_ rrelu elu elu_ selu selu_ celu gelu silu mish hardswish"
)
_POINTWISE = (
    "sigmoid sigmoid_ hardsigmoid tanh tanh_ softplus softsign tanhshrink hardshrink softshrink logsigmoid "
    "_threshold threshold exp log log1p sqrt rsqrt abs square reciprocal sin cos erf clamp clamp_ clamp_min clip "
    "neg __neg__ pow __pow__ __rpow__ add add_ __add__ __radd__ __iadd__ sub sub_ __sub__ __rsub__ __isub__ rsub "
    "mul mul_ __mul__ __rmul__ __imul__ div div_ true_divide __truediv__ __rtruediv__ __itruediv__ "
    "maximum minimum where lerp addcmul dropout dropout_ dropout2d dropout1d alpha_dropout feature_dropout "
    "feature_alpha_dropout clone"
)
_SAME = "detach contiguous to float double half bfloat16 type type_as cpu cuda requires_grad_ identity"

RULES: dict[str, Callable[..., Any]] = {
    # position by position
    **dict.fromkeys(_RELUS.split(), pointwise(gain=0.5)),  # half of all units are off
    **dict.fromkeys(_POINTWISE.split(), pointwise()),
    **dict.fromkeys(_SAME.split(), same),
    **dict.fromkeys(("prelu", "local_response_norm"), by_channel),
    **dict.fromkeys(("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like"), constant),
    # normalization
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    **dict.fromkeys(("group_norm", "instance_norm"), statistics(True)),
    **dict.fromkeys(("softmax", "log_softmax", "softmin"), along_dim),
    "normalize": normalize,
    # convolution
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": linear,
    # pooling
    "max_pool2d": max_pool2d,
    "max_pool2d_with_indices": max_pool2d_with_indices,
    "avg_pool2d": avg_pool2d,
    "lp_pool2d": lp_pool2d,
    "max_unpool2d": max_unpool2d,
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "adaptive_max_pool2d": adaptive_max_pool2d,
    "adaptive_max_pool2d_with_indices": adaptive_max_pool2d_with_indices,
    # reduction
    **dict.fromkeys(("mean", "sum", "amax", "amin", "logsumexp"), reduction),
    **dict.fromkeys(("max", "min", "median"), reduction_with_indices),
    **dict.fromkeys(("std", "var"), variance),
    "norm": norm,
    # resizing
    "interpolate": interpolate,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    # padding, cropping, joining
    "pad": pad,
    "__getitem__": getitem,
    "narrow": narrow,
    "chunk": split(torch.chunk),
    "split": split(torch.split),
    "glu": glu,
    **dict.fromkeys(("cat", "concat"), cat),
    # reshaping
    **{name: reshaped(getattr(Tensor, name)) for name in ("view", "reshape", "squeeze", "unsqueeze")},
    "flatten": reshaped(torch.flatten),
    "permute": permute,
    "transpose": transpose,
    "expand": expand,
}
