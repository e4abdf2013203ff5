"""The stages of a network that are worth a look, in the order in which a picture passes them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from segviz.activations import first_tensor, modules_at


@dataclass(frozen=True)
class Stage:
    """One map of a network: the dotted name of the module that gives it, and the word the explorer has for it.

    `unpooled` names the layer whose map an unpooling scatters: what the unpooling gives holds the same values.
    """

    layer: str
    title: str
    unpooled: str | None = None


def stages_of(name: str, model: nn.Module, image: Tensor, also: Iterable[str] = ()) -> list[Stage]:
    """The stages of a network of the book, as its paper's figure has them; of any other, its parts that give maps.

    `image` is (1, C, H, W), a picture that the model takes. Layers of `also` that give maps stand where they run.
    """
    known = _KNOWN.get(name)
    modules = dict(model.named_modules())
    if known and all(stage.layer in modules for stage in known()):
        stages = known()
    else:
        stages = [Stage(layer, layer) for layer in _parts(model, image)]
    more = [layer for layer in also if layer not in {stage.layer for stage in stages}]
    running = list(maps_of(model, image)) if more else []
    for layer in more:
        if layer in running:
            before = running[: running.index(layer)]
            place = max((n + 1 for n, stage in enumerate(stages) if stage.layer in before), default=0)
            stages.insert(place, Stage(layer, layer))
    return stages


def maps_of(model: nn.Module, image: Tensor) -> dict[str, tuple[int, int, int]]:
    """Every module that gives a map, by its dotted name, and the map's (channels, height, width), in running order."""
    shapes: dict[str, tuple[int, int, int]] = {}

    def noting(name: str) -> Callable[..., None]:
        def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
            first = first_tensor(output)
            if first is not None and first.ndim == 4 and first.shape[0] == 1 and first.numel():
                shapes.setdefault(name, (first.shape[1], first.shape[2], first.shape[3]))

        return note

    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    with modules_at(model, names) as modules:
        handles = [module.register_forward_hook(noting(name)) for name, module in modules.items()]
        try:
            with torch.no_grad():
                model(image)
        finally:
            for handle in handles:
                handle.remove()
    return shapes


def _parts(model: nn.Module, image: Tensor, most: int = 20) -> list[str]:
    """The modules a reader would name: the outermost that give maps, taken apart while there is room for it."""
    running = list(maps_of(model, image))
    deepest = max((layer.count(".") for layer in running), default=0)
    for level in range(deepest, -1, -1):
        near = [layer for layer in running if layer.count(".") <= level]
        inner = [layer for layer in near if not any(other.startswith(f"{layer}.") for other in near)]
        if len(inner) <= most:
            return inner
    return running[:most]


def _pools(template: str, first: int) -> list[Stage]:
    return [Stage(template.format(first + n), f"pool {n + 1}") for n in range(5)]


def _decoder(start: str, word: str, layers: list[str]) -> list[Stage]:
    """Unpooling and what fills it, in turns."""
    stages, before = [], start
    for n, layer in enumerate(layers):
        stages += [Stage(f"decoder.{n}.unpool", "unpool", unpooled=before), Stage(layer, word)]
        before = layer
    return stages


def _deconvnet() -> list[Stage]:
    top = [Stage("fc6", "fc6"), Stage("fc6_deconv", "fc6 deconv")]
    decoder = _decoder("fc6_deconv", "deconv", [f"decoder.{n}.layers" for n in range(5)])
    return [*_pools("backbone.{}", 0), *top, *decoder, Stage("score", "scores")]


def _segnet() -> list[Stage]:
    layers = [f"decoder.{n}.layers" for n in range(4)] + ["decoder.4.layers.0"]
    return [*_pools("backbone.{}", 0), *_decoder("backbone.4", "conv", layers), Stage("decoder.4.layers.1", "scores")]


def _fcn(*skips: int) -> list[Stage]:
    added = []
    for factor, pool in zip((2, 4), skips, strict=False):
        added += [Stage(f"upscore{factor}", "upsampled scores"), Stage(f"score_pool{pool}", f"scores of pool {pool}")]
    top = [Stage("backbone.fc.relu6", "fc6"), Stage("score_fr", "scores of fc7")]
    return [*_pools("backbone.trunk.pool{}", 1), *top, *added, Stage("upscore", "upsampled scores")]


def _fcdensenet() -> list[Stage]:
    """The dense blocks, which give their new maps alone, and the pools between them."""
    down = [(Stage(f"down.{n}", "dense block"), Stage(f"transitions_down.{n}", "pool")) for n in range(5)]
    up = [Stage(f"up.{n}", "dense block") for n in range(5)]
    inner = [stage for pair in down for stage in pair]
    return [Stage("stem", "stem"), *inner, Stage("bottleneck", "bottleneck"), *up, Stage("score", "scores")]


_KNOWN: dict[str, Callable[[], list[Stage]]] = {
    "deconvnet": _deconvnet,
    "segnet": _segnet,
    "fcn32s": _fcn,
    "fcn16s": lambda: _fcn(4),
    "fcn8s": lambda: _fcn(4, 3),
    "fcdensenet56": _fcdensenet,
    "fcdensenet67": _fcdensenet,
    "fcdensenet103": _fcdensenet,
}
