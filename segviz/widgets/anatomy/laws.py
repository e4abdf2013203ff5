"""The layers of DeepLab v3+ on each of its trunks, read off the real networks, for the page to do arithmetic with.

A row is a map of the network, and holds the layers that lead to it from the row that it reads. A layer is
`[kernel, in, out, groups, side]`: `groups` is 0 for a pool, `side` is 1 for a shortcut, whose output is as large as the
map that it is added to. What an output stride decides, `[stride, rate]` of each layer, stands apart, under `at`.
Padding is rate · (k − 1) / 2 everywhere. `python -m segviz.widgets.anatomy.laws` writes them to `laws.json`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

STORED = Path(__file__).parent / "laws.json"
OUTPUT_STRIDES = (8, 16)

# Rows of a trunk: the module whose output is the map → the modules before it that have no row of their own.
RESNET: dict[str, tuple[str, ...]] = {
    "conv1": (),
    "maxpool": (),
    "layer1": (),
    "layer2": (),
    "layer3": (),
    "layer4": (),
}
ROWS: dict[str, dict[str, tuple[str, ...]]] = {
    "resnet50": RESNET,
    "resnet101": RESNET,
    "xception65": dict.fromkeys(("stem", "block1", "block2.inner", "block2", "block3", "middle", "exit1", "exit2"), ()),
    "drn_d_54": {f"layer{i}": () for i in range(9)},
    "mobilenet_v2": {
        f"features.{last}": tuple(f"features.{i}" for i in range(first, last))
        for first, last in ((0, 0), (1, 1), (2, 3), (4, 6), (7, 10), (11, 13), (14, 16), (17, 17))
    },
}
LOW = {"resnet50": "layer1", "resnet101": "layer1", "xception65": "block2.inner"}
LOW |= {"drn_d_54": "layer3", "mobilenet_v2": "features.3"}


def head_rows(trunk: str) -> dict[str, str]:
    """The maps behind the trunk → the row that each reads."""
    high = list(ROWS[trunk])[-1]
    branches = {f"aspp.convs.{branch}": high for branch in range(5)}
    joined = {"aspp.project": "aspp.convs.3", "decoder.reduce": LOW[trunk]}
    return {**branches, **joined, "decoder.refine": "decoder.reduce", "decoder.score": "decoder.refine"}


def laws_of(trunk: str) -> list[dict[str, Any]]:
    """The rows of DeepLab v3+ on `trunk`, in the order of the forward pass."""
    at = {stride: _layers(trunk, stride) for stride in OUTPUT_STRIDES}
    rows = []
    before = ""
    for name in [*ROWS[trunk], *head_rows(trunk)]:
        found = {stride: layers.get(name, []) for stride, layers in at.items()}
        row = {
            "name": name,
            "reads": head_rows(trunk).get(name, before),
            "layers": [layer for layer, _ in found[OUTPUT_STRIDES[0]]],
            "at": {str(stride): [rates for _, rates in layers] for stride, layers in found.items()},
        }
        rows.append(row)
        before = name
    return rows


def _layers(trunk: str, output_stride: int) -> dict[str, list[tuple[list[int], list[int]]]]:
    """Each row's layers as they run, on shapes alone."""
    import torch
    from torch import nn

    from segviz.models.deeplabv3plus import DeepLabV3Plus

    with torch.device("meta"):
        model = DeepLabV3Plus(backbone=trunk, output_stride=output_stride).eval()
    found: dict[str, list[tuple[list[int], list[int]]]] = {}

    def keep(name: str, row: str, layer: nn.Conv2d | nn.MaxPool2d, channels: tuple[int, int]) -> None:
        kernel, stride, padding, rate = (_one(getattr(layer, key)) for key in _GEOMETRY)
        if 2 * padding != rate * (kernel - 1):
            raise ValueError(
                f"{name}: got padding {padding}; with kernel {kernel} at rate {rate} the page takes another"
            )
        groups = layer.groups if isinstance(layer, nn.Conv2d) else 0
        side = int(".downsample" in name or ".skip" in name)
        found.setdefault(row, []).append(([kernel, *channels, groups, side], [stride, rate]))

    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            module.register_forward_hook(
                lambda layer, given, made, name=name: keep(
                    name, _row_of(trunk, name), layer, (given[0].shape[1], made.shape[1])
                )
            )
    model(torch.empty(1, 3, 65, 65, device="meta"))
    return found


_GEOMETRY = ("kernel_size", "stride", "padding", "dilation")


def _one(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]


def _row_of(trunk: str, layer: str) -> str:
    """The row that a layer, by its dotted name in the model, leads to."""
    own = layer.removeprefix("backbone.")
    for row, others in (ROWS[trunk] if own != layer else dict.fromkeys(head_rows(trunk), ())).items():
        if any(own == part or own.startswith(f"{part}.") for part in (row, *others)):
            return row
    raise ValueError(f"layer: {layer!r} leads to no row of {trunk}")


def all_laws() -> dict[str, Any]:
    """What `laws.json` holds: of each trunk its rows, and which of them the decoder and the pyramid read."""
    return {trunk: {"rows": laws_of(trunk), "low": LOW[trunk], "high": list(ROWS[trunk])[-1]} for trunk in ROWS}


@cache
def stored() -> dict[str, Any]:
    return json.loads(STORED.read_text(encoding="utf-8"))


if __name__ == "__main__":
    STORED.write_text(json.dumps(all_laws(), separators=(",", ":")) + "\n", encoding="utf-8")
