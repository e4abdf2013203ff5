"""Which networks and pictures an explorer shows: names and counts become modules and images."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from segviz.measurement import input_channels
from segviz.models import create_model, list_models
from segviz.models.base import one_of
from segviz.widgets.activations.gallery import SCENES, Asked, Exhibit, Picture, precomputed
from segviz.widgets.activations.live import LiveMaps

MOST_MODELS = 4
LEAST_SIDE, LARGEST_SIDE = 32, 512


def gallery_of(
    models: Sequence[str] | Mapping[str, nn.Module],
    pictures: int | Sequence[Tensor],
    channels: int,
    asked: Sequence[Asked] = (),
) -> dict[str, Any]:
    """The gallery of an explorer; that of named networks and the book's own scenes is made once.

    What is `asked` for is held too; names and layers that there are not are left to the caller to refuse.
    """
    if isinstance(channels, bool) or not isinstance(channels, int) or not 1 <= channels <= 8:
        raise ValueError(f"channels={channels!r} must be a whole number from 1 to 8")
    if not isinstance(models, Mapping) and isinstance(pictures, int):
        names = _checked_names(models)
        gallery = _kept(names, pictures, channels)
        lacking = [each for each in asked if not _held(gallery, *each)]
        if lacking:
            parts = {each.name: dict(each.model.named_modules()) for each in exhibits_of(names)}
            lacking = [(name, layer, channel) for name, layer, channel in lacking if layer in parts.get(name, ())]
        return _kept(names, pictures, channels, tuple(lacking)) if lacking else gallery
    return precomputed(exhibits_of(models), pictures_of(pictures), channels, classes(), asked)


def exhibits_of(models: Sequence[str] | Mapping[str, nn.Module]) -> list[Exhibit]:
    if not isinstance(models, Mapping):
        return [_network(name) for name in _checked_names(models)]
    _check_count(models)
    for name, model in models.items():
        if not isinstance(model, nn.Module):
            raise TypeError(f"models[{name!r}] is a {type(model).__name__}; it must be a torch.nn.Module")
        if input_channels(model) not in (1, 3):
            raise ValueError(f"models[{name!r}] takes {input_channels(model)} channels; pictures have 3, or 1 as gray")
    return [Exhibit(str(name), _with_parts(model), True) for name, model in models.items()]


def pictures_of(pictures: int | Sequence[Tensor]) -> list[Picture]:
    if isinstance(pictures, int) and not isinstance(pictures, bool):
        if not 1 <= pictures <= len(SCENES):
            raise ValueError(f"pictures={pictures} must be from 1 to {len(SCENES)}, or a list of images")
        return [_scene(index) for index in SCENES[:pictures]]
    if isinstance(pictures, (str, bytes)) or not isinstance(pictures, Sequence) or not pictures:
        raise ValueError(f"pictures must be from 1 to {len(SCENES)}, or a list of images, got {pictures!r:.80}")
    for n, image in enumerate(pictures):
        _check_image(n, image, pictures[0])
    return [Picture(image.detach().float()[None], None) for image in pictures]


def live_maps(models: Sequence[str] | Mapping[str, nn.Module], pictures: int | Sequence[Tensor]) -> LiveMaps:
    """What answers the page where there is a kernel."""
    return LiveMaps(exhibits_of(models), pictures_of(pictures), classes())


def classes() -> tuple[str, ...]:
    from segviz.data import Scenes

    return Scenes.classes


@cache
def _kept(names: tuple[str, ...], pictures: int, channels: int, asked: tuple[Asked, ...] = ()) -> dict[str, Any]:
    gallery = precomputed(exhibits_of(names), pictures_of(pictures), channels, classes(), asked)
    return gallery | {"scenes": list(SCENES[:pictures])}  # the page may then compute further maps of them


def _held(gallery: dict[str, Any], name: str, layer: str, channel: int | None) -> bool:
    stages = (stage for model in gallery["models"] if model["name"] == name for stage in model["stages"])
    return any(stage["layer"] == layer and channel in (None, *stage["channels"]) for stage in stages)


def _with_parts(model: nn.Module) -> nn.Module:
    """A network to look into: a single layer becomes the only part of one."""
    if any(True for _ in model.children()):
        return model
    return nn.Sequential(OrderedDict({type(model).__name__: model}))


def _checked_names(models: Sequence[str]) -> tuple[str, ...]:
    names = (models,) if isinstance(models, str) else tuple(models)
    _check_count(names)
    return tuple(one_of("models", name, list_models()) for name in names)


def _check_count(models: Any) -> None:
    if not 1 <= len(models) <= MOST_MODELS or len(set(models)) < len(models):
        raise ValueError(f"models: got {list(models)}; one to {MOST_MODELS} are shown, each once")


def _check_image(n: int, image: Any, first: Any) -> None:
    rule = f"a float tensor (3, H, W) in [0, 1], {LEAST_SIDE} to {LARGEST_SIDE} pixels a side, all of one size"
    if not isinstance(image, Tensor) or not image.is_floating_point():
        raise TypeError(f"pictures[{n}] is {getattr(image, 'dtype', type(image).__name__)}; it must be {rule}")
    fits = image.ndim == 3 and len(image) == 3 and min(image.shape[1:]) >= LEAST_SIDE
    if not fits or max(image.shape[1:]) > LARGEST_SIDE or image.shape != first.shape:
        raise ValueError(f"pictures[{n}] has the shape {tuple(image.shape)}; it must be {rule}")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"pictures[{n}] has values from {image.min():g} to {image.max():g}; it must be {rule}")


def _network(name: str) -> Exhibit:
    """A network of the book with the weights that ship with it, else a small one as it starts out."""
    from segviz.checkpoints import WEIGHTS

    if (WEIGHTS / f"{name}.safetensors").is_file():
        return Exhibit(name, create_model(name, weights="scenes").eval(), True)
    from segviz.shipped.recipes import SHIPPED

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        shipped = SHIPPED[name]
        model = create_model(name, num_classes=len(classes()), width=shipped.width, **shipped.options)
    return Exhibit(name, model.eval(), False)


def _scene(index: int) -> Picture:
    from segviz.shipped.recipes import held_out_scenes

    image, labels = held_out_scenes()[index]
    return Picture(image[None], labels)
