"""The rounds of the bug hunt: two networks each, one of them wrong, and what every measurement says of both.

Everything is measured on the networks of `segviz.lessons.mistakes`, once, by

    python -m segviz.lessons.hunting

which writes `segviz/widgets/hunt/rounds.json`; the tests measure again what does not take training.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

import segviz
from segviz.lessons.mistakes import PAIRS, Network
from segviz.lessons.mistakes.measures import (
    bend,
    constants,
    counts,
    looks_at,
    losses,
    one_picture,
    overwritten,
)

FILE = Path(segviz.__file__).parent / "widgets" / "hunt" / "rounds.json"
PICTURE, ROWS = 384, (96, 192, 288)  # no border cuts the field of any of these rows


class Round(NamedTuple):
    """A pair of networks as it is told: which is wrong, what both are, which measurements decide, what mends it."""

    mistake: str
    wrong: str
    title: str
    both: str
    telling: tuple[str, ...]
    reason: str
    mend: str


ROUNDS = (
    Round(
        "rectified logits",
        "B",
        "a short head",
        "Two pools, a 3 × 3 block, a 3 × 3 to the classes, a resize.",
        ("sign",),
        "rectified",
        "Its last layer has the batch normalization and the ReLU of all others. Below 0 no class can be told from "
        "another, and where a logit is cut to 0 no gradient passes. The last layer is a convolution alone.",
    ),
    Round(
        "one layer many times",
        "A",
        "four blocks",
        "Two pools, four 3 × 3 blocks, a 1 × 1 to the classes, a resize.",
        ("parameters",),
        "shared",
        "Its blocks were made by multiplying a list, so one block stands in four places. A block has to be made "
        "for each.",
    ),
    Round(
        "decay as momentum",
        "B",
        "a trunk with batch normalization",
        "Three pools, a 1 × 1 to the classes, a resize.",
        ("constants",),
        "momentum",
        "TensorFlow's decay says how much of the old mean stays, PyTorch's momentum how much of the new one comes in. "
        "The number to write is 1 − 0.997.",
    ),
    Round(
        "dilation without padding",
        "A",
        "a dilated trunk",
        "Three pools, two 3 × 3 blocks of rate 2, a 1 × 1 to the classes, a resize.",
        ("maps", "center"),
        "lost-rim",
        "Its dilated layers are padded by 1. Each loses two cells of the map, and the resize stretches the rest "
        "over the picture. A 3 × 3 of rate r is padded by r.",
    ),
    Round(
        "padded pointwise",
        "A",
        "a spatial pyramid",
        "Three pools; a 1 × 1, two dilated 3 × 3 and the picture's mean side by side; a 1 × 1 to the classes, a "
        "resize.",
        ("center", "one picture"),
        "grown-rim",
        "Its 1 × 1 layers are padded by 1, so that they add a ring of constants, and a resize presses it into "
        "the map. It even makes nine values of the picture's mean, and so does not complain of a single picture, "
        "as it should.",
    ),
    Round(
        "strided block dilated",
        "B",
        "a residual trunk",
        "Three residual blocks, which leave out their strides where a smaller output stride is asked for; a 1 × 1, a "
        "resize.",
        ("field",),
        "rate",
        "Where it leaves out a stride, it dilates that very layer, too, which still reads the finer map's "
        "neighbors. That layer keeps the rate of those before it; the field is then the same at every output "
        "stride.",
    ),
    Round(
        "half pixels",
        "B",
        "a decoder",
        "Five pools, five transposed convolutions of stride 2, a 1 × 1 to the classes.",
        ("center",),
        "half-pixels",
        "A pool's output lies between two pixels. Kernel 3 with padding 1 puts it back on the first of them: "
        "half a pixel of each of its maps, 15.5 of the picture. Kernel 4 with padding 1 has its center between "
        "two, as the pool has.",
    ),
    Round(
        "linear head",
        "A",
        "a wide head",
        "Two pools, a 3 × 3 to 64 channels, a 1 × 1, a 1 × 1 to the classes, a resize.",
        ("linear",),
        "linear",
        "Nothing bends between its three convolutions, so they are one 3 × 3, which would need 803 parameters. A ReLU "
        "belongs after each but the last.",
    ),
    Round(
        "overwritten skip",
        "A",
        "a block with a skip",
        "A convolution of stride 2; a ReLU and a 3 × 3 beside a skip, added up; a 1 × 1, a resize.",
        ("in place",),
        "overwritten",
        "Its ReLU works in place, and has changed the map by the time the skip reads it. A ReLU whose input is needed "
        "again must leave it as it is.",
    ),
    Round(
        "stretched center",
        "B",
        "large kernels",
        "Four 5 × 5 blocks, a 1 × 1 to the classes.",
        ("maps", "center"),
        "lost-rim",
        "Its convolutions are not padded, so that its map is the picture's middle, and a resize stretches it over the "
        "whole. Crop the labels, or mirror the rim beforehand, as its twin does.",
    ),
)

REASONS = {
    "rectified": "its logits are rectified",
    "shared": "one layer stands in several places",
    "linear": "several of its layers are one",
    "momentum": "its statistics are those of the last batch",
    "overwritten": "a layer changes what another reads later",
    "half-pixels": "each upsampling leaves half a pixel behind",
    "lost-rim": "a rim is lost, and a resize hides it",
    "grown-rim": "a rim is added, and a resize hides it",
    "rate": "a rate stands where it does not belong",
}


class Measurement(NamedTuple):
    """One question, its price, the rule it goes by, and the line that asks it."""

    label: str
    price: int
    rule: str
    line: str
    ask: Callable[[type[Network]], Any]


def _made(network: type[Network], **settings: Any) -> Network:
    torch.manual_seed(0)
    return network(**settings).eval()


def _pictures(size: int = 64) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.rand(2, 3, size, size)


def _parameters(network: type[Network]) -> str:
    places, distinct = counts(_made(network))
    return f"{places:,} by place, {distinct:,} in all"


def _constants(network: type[Network]) -> str:
    return "; ".join(f"eps {eps:g}, momentum {momentum:.3g}" for eps, momentum in sorted(constants(_made(network))))


def _sign(network: type[Network]) -> str:
    with torch.no_grad():
        logits = _made(network)(_pictures())
    return f"{logits.min():.2f} to {logits.max():.2f}".replace("-", "−")


def _maps(network: type[Network]) -> str:
    side = segviz.capture(_made(network), _pictures(), ["trunk"])["trunk"].shape[-1]
    return f"64 × 64 becomes {side} × {side}"


def _one_picture(network: type[Network]) -> str:
    said = one_picture(_made(network))
    return said if said == "runs" else f"{said.split(',')[0]}…"


def _in_place(network: type[Network]) -> str:
    share = overwritten(_made(network), _pictures())
    return "nothing changes" if share == 0 else f"changes by {100 * share:.2g} %"


def _linear(network: type[Network]) -> str:
    made = _made(network)
    with torch.no_grad():
        features = made.trunk(_pictures())
    share = bend(made.head, *torch.randn(2, 1, *features.shape[1:]))
    return "not at all" if share < 1e-5 else f"by {100 * share:.2g} %"


def _field(network: type[Network]) -> str:
    def side(**settings: Any) -> int | float:
        return segviz.receptive_field(_made(network, **settings), layer="trunk").size[0]

    if network not in PAIRS["strided block dilated"]:
        return f"{side()}"
    return ", ".join(f"{side(output_stride=stride)} at stride {stride}" for stride in (8, 4, 2))


def _center(network: type[Network]) -> str:
    places = looks_at(_made(network), PICTURE, ROWS)
    offsets = [round(place - row, 1) + 0.0 for place, row in zip(places, ROWS, strict=True)]
    return ", ".join("0" if off == 0 else f"{off:+.1f}" for off in offsets).replace("-", "−")


def _loss(network: type[Network]) -> list[float]:
    return [round(loss, 2) for loss in losses(_made(network))]


MEASUREMENTS = {
    "parameters": Measurement(
        "count parameters",
        1,
        "A layer for every place has as many in all as by place.",
        "sum(p.numel() for p in network.parameters())",
        _parameters,
    ),
    "constants": Measurement(
        "batch norm’s constants",
        1,
        "PyTorch’s own are 1e-05 and 0.1; a momentum near 1 forgets all batches but the last.",
        "{(m.eps, m.momentum) for m in network.modules() if isinstance(m, nn.BatchNorm2d)}",
        _constants,
    ),
    "sign": Measurement(
        "least and largest logit",
        1,
        "Nothing cuts logits off at 0: the least is below it.",
        "network(x).min(), network(x).max()",
        _sign,
    ),
    "maps": Measurement(
        "the trunk’s map",
        1,
        "A trunk of output stride s makes n / s cells of n pixels.",
        'segviz.capture(network, x, ["trunk"])["trunk"].shape',
        _maps,
    ),
    "one picture": Measurement(
        "train on one picture",
        2,
        "One value has no variance: batch normalization after a pool over the whole picture must complain.",
        "network.train()(x[:1])",
        _one_picture,
    ),
    "in place": Measurement(
        "with no layer in place",
        2,
        "Whether a layer works in place may not change a number.",
        "for m in network.modules(): m.inplace = False",
        _in_place,
    ),
    "linear": Measurement(
        "how much the head bends",
        2,
        "A head of one convolution is linear; one of several should not be.",
        "head(x) + head(y) - 2 * head((x + y) / 2)",
        _linear,
    ),
    "field": Measurement(
        "receptive field",
        3,
        "A rate in place of a stride leaves the field as it was.",
        'segviz.receptive_field(network, layer="trunk").size',
        _field,
    ),
    "center": Measurement(
        "where outputs look",
        3,
        "Rows beside its own, at a quarter, the middle and three quarters of 384: what is the same everywhere may come "
        "of strides, what changes along the map is a stretch.",
        f"looks_at(network, {PICTURE}, {list(ROWS)})",
        _center,
    ),
    "loss": Measurement(
        "train both and compare",
        8,
        "It falls.",
        "losses(network)",
        _loss,
    ),
}


def networks(number: int) -> tuple[Network, Network]:
    """The networks A and B of a round, counted from 1, as they stand in the hunt.

    >>> a, b = networks(3)
    >>> counts(a) == counts(b) == (1515, 1515)
    True
    """
    a, b = _pair(ROUNDS[number - 1])
    return _made(a), _made(b)


def _pair(one: Round) -> tuple[type[Network], type[Network]]:
    wrong, mended = PAIRS[one.mistake]
    return (wrong, mended) if one.wrong == "A" else (mended, wrong)


def measured(names: tuple[str, ...] = tuple(MEASUREMENTS)) -> dict[str, Any]:
    """All that the bug hunt is told, as plain JSON values, with what these measurements say.

    The answers are pairs: network A's and network B's.
    """
    return {
        "measurements": [
            {"name": name, "label": m.label, "price": m.price, "rule": m.rule, "line": m.line}
            for name, m in MEASUREMENTS.items()
        ],
        "reasons": [{"name": name, "text": text} for name, text in REASONS.items()],
        "rounds": [measured_round(one, names) for one in ROUNDS],
    }


def measured_round(one: Round, names: tuple[str, ...]) -> dict[str, Any]:
    """One round as the bug hunt is told it, with what these measurements say of either network."""
    return {
        "title": one.title,
        "both": one.both,
        "wrong": one.wrong,
        "reason": one.reason,
        "telling": list(one.telling),
        "mend": one.mend,
        "answers": {name: [MEASUREMENTS[name].ask(network) for network in _pair(one)] for name in names},
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(measured(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
