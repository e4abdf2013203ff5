"""Every network of the book by name.

>>> import torch
>>> model = create_model("unet", num_classes=7, width=0.25)
>>> model(torch.rand(1, 3, 97, 131)).shape  # logits at the image's own size
torch.Size([1, 7, 97, 131])

One file holds one paper. A name in the table points to the file, to the class in it, and to the settings that
make that name (the three FC-DenseNets are one class); nothing is imported before its name is asked for. To
add a network, write its file and one line of the table. Its class

* derives from `segviz.models.base.SegmentationModel`, passes `min_size` up and defines `logits(x)`, or a
  `forward` of its own that starts with `self.check_images(x)` and ends with `segviz.layers.resize`;
* takes `(num_classes, *, in_channels, width, …)`: `create_model` always passes these three, already checked.
  The options are its further keyword-only parameters, each with a default;
* scales every channel count with `segviz.layers.scaled(channels, width)`, and checks its own options, for
  example with `segviz.models.base.one_of("output_stride", output_stride, (8, 16))`.
"""

from __future__ import annotations

import inspect
import warnings
from importlib import import_module
from math import isfinite
from numbers import Real
from typing import Any, NamedTuple

import torch
from torch import nn

from segviz.models.base import SegmentationModel, nearest, one_of, whole


class _Entry(NamedTuple):
    module: str
    factory: str
    preset: tuple[tuple[str, Any], ...] = ()


_TABLE = {
    "fcn32s": _Entry("fcn", "FCN", (("stride", 32),)),
    "fcn16s": _Entry("fcn", "FCN", (("stride", 16),)),
    "fcn8s": _Entry("fcn", "FCN", (("stride", 8),)),
    "fcn_resnet": _Entry("fcn_resnet", "FCNResNet"),
    "deconvnet": _Entry("deconvnet", "DeconvNet"),
    "segnet": _Entry("segnet", "SegNet"),
    "segnet_basic": _Entry("segnet", "SegNetBasic"),
    "unet": _Entry("unet", "UNet"),
    "fcdensenet56": _Entry("fcdensenet", "FCDenseNet", (("depth", 56),)),
    "fcdensenet67": _Entry("fcdensenet", "FCDenseNet", (("depth", 67),)),
    "fcdensenet103": _Entry("fcdensenet", "FCDenseNet", (("depth", 103),)),
    "deeplabv1": _Entry("deeplabv1", "DeepLabV1"),
    "dilatednet": _Entry("dilatednet", "DilatedNet"),
    "deeplabv2": _Entry("deeplabv2", "DeepLabV2"),
    "deeplabv3": _Entry("deeplabv3", "DeepLabV3"),
    "deeplabv3plus": _Entry("deeplabv3plus", "DeepLabV3Plus"),
}
# What torchvision calls the names whose state dicts load unrenamed; it trained them on COCO with VOC's 21 classes.
_PUBLISHED = {"fcn_resnet": "fcn", "deeplabv3": "deeplabv3"}
# Options that leave the shapes of all weights as they are, and change what the weights do.
_MOVING = ("output_stride", "multi_grid", "aspp_rates", "align_corners")
_DEFAULTS: dict[str, Any] = {"num_classes": 21, "in_channels": 3, "width": 1.0}


def list_models() -> list[str]:
    """The names that `create_model` knows, in the order of the book."""
    return list(_TABLE)


def create_model(
    name: str,
    num_classes: int = 21,
    *,
    in_channels: int = 3,
    width: float = 1.0,
    weights: str | None = None,
    **options: Any,
) -> SegmentationModel:
    """The network `name`, in training mode, with random weights unless told otherwise.

    It takes images (N, in_channels, H, W) of at least `model.min_size` pixels a side and gives logits
    (N, num_classes, H, W). `width` multiplies every channel count of the paper. `weights="scenes"` loads the
    checkpoint shipped for that name, which brings its own classes, channels, width and options.
    `weights="torchvision"` downloads what torchvision published for `fcn_resnet` and `deeplabv3` (either backbone, 21
    classes, full width), once, and checks it; it wants pictures normalized as ImageNet's. Options that move the filters
    of these weights, as `output_stride=16`, are a UserWarning: the shapes fit and the logits are others. `options` are
    the further keyword-only settings of the network's class, as `backbone="resnet101"`.

    Raises ValueError, listing what is known, for an unknown name, option, value or weights, and TypeError for
    a number of the wrong type. `weights="torchvision"` raises ConnectionError offline and ValueError for a damaged
    file; both say where it was looked for and how to bring it.
    """
    entry = _TABLE[one_of("name", name, _TABLE)]
    one_of("weights", weights, (None, "scenes", "torchvision"))
    sizes = {
        "num_classes": whole("num_classes", num_classes),
        "in_channels": whole("in_channels", in_channels),
        "width": _positive_number("width", width),
    }
    factory = getattr(import_module(f"{__name__}.{entry.module}"), entry.factory)
    preset = dict(entry.preset)
    defaults = _options_of(factory, preset)
    _check_options(name, options, defaults)
    if weights is None:
        return factory(**sizes, **preset, **options)

    from segviz.checkpoints import load_into, load_scenes

    if weights == "torchvision":
        state = _published(name, sizes, {**defaults, **options})
        settings = {**sizes, **preset, **options, "pretrained_backbone": False}
        model = factory(**settings)
        if not options.get("aux"):
            state = {key: tensor for key, tensor in state.items() if not key.startswith("aux_classifier.")}
        load_into(model, state, "torchvision's file")
        moving = {key: value for key, value in options.items() if key in _MOVING and value != defaults[key]}
        with torch.device("meta"):
            trained = factory(**{key: value for key, value in settings.items() if key not in moving})
        if _places(model) != _places(trained):
            told = ", ".join(f"{key}={value!r}" for key, value in moving.items())
            warnings.warn(
                f"weights: {told} moves the filters that torchvision trained: every shape fits, and the logits are "
                f"others. Leave {' and '.join(moving)} out to have torchvision's",
                stacklevel=2,
            )
        return model

    shipped, state = load_scenes(name)
    shipped = {**_DEFAULTS, **defaults, **shipped}
    if "pretrained_backbone" in shipped:
        shipped["pretrained_backbone"] = False  # the state has the backbone too
    asked = {key: value for key, value in sizes.items() if value != _DEFAULTS[key]} | options
    _check_agreement(name, asked, shipped)
    model = factory(**preset, **shipped)
    load_into(model, state)
    return model


def _published(name: str, sizes: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """The state dict that torchvision published for the network."""
    from segviz.backbones.resnet import BLOCKS

    unlike = [f"{key}={value}" for key, value in sizes.items() if value != _DEFAULTS[key]]
    if name not in _PUBLISHED or unlike or options["backbone"] not in tuple(BLOCKS):
        got = [name, *unlike, *(f"backbone={options[key]!r}" for key in options if key == "backbone")]
        raise ValueError(
            f"weights: torchvision published none for {', '.join(got)}; it has them for "
            f"{' and '.join(map(repr, _PUBLISHED))}, each with backbone {' or '.join(map(repr, BLOCKS))}, "
            f"num_classes=21, in_channels=3 and width=1"
        )
    from torchvision.models import get_model_weights

    from segviz.checkpoints import load_published

    return load_published(get_model_weights(f"{_PUBLISHED[name]}_{options['backbone']}").DEFAULT)


def _places(model: SegmentationModel) -> list[Any]:
    """What a state dict does not tell: where each filter reads and writes, and how the last map is resized."""
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    return [model.align_corners, *((each.stride, each.dilation) for each in convolutions)]


def _positive_number(parameter: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{parameter}: got {value!r}, a {type(value).__name__}; it is a number")
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{parameter}: got {value}; it is finite and above 0, and 1 is the paper's own")
    return float(value)


def _options_of(factory: Any, preset: dict[str, Any]) -> dict[str, Any]:
    """The options of a network's class, and their defaults."""
    parameters = inspect.signature(factory).parameters.values()
    options = {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
    return {name: default for name, default in options.items() if name not in {*_DEFAULTS, *preset}}


def _check_options(name: str, options: dict[str, Any], known: dict[str, Any]) -> None:
    for option in options:
        if option not in known:
            listed = ", ".join(map(repr, known)) or "none"
            raise ValueError(f"{name}: unknown option {option!r}{nearest(option, known)}; its options are {listed}")


def _check_agreement(name: str, asked: dict[str, Any], shipped: dict[str, Any]) -> None:
    for key, value in asked.items():
        if shipped[key] != value:
            raise ValueError(
                f"{name}: got {key}={value!r}, and the weights 'scenes' were trained with {key}={shipped[key]!r}; "
                f"leave {key} out, or leave weights out"
            )
