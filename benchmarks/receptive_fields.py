"""Receptive fields of whole networks: this package beside plain autograd and beside its peers, in one run.

    python -m benchmarks.receptive_fields [--size 1025]

First the ratio that matters: the exact support of one unit of ResNet-101, against the gradient of the same unit by
plain autograd on the same machine in the same process. Then small networks whose answers are known, each given to
every peer that can be imported; a peer is handed the form of the network that its own documentation asks for.
"""

import copy
import logging
import math
import warnings

import torch
import torchvision
from torch import nn

import segviz
from benchmarks.command import is_here, parser
from benchmarks.timing import least_seconds
from segviz.lessons.tables import Table

STAGES = ["maxpool", "layer1", "layer2", "layer3", "layer4"]


# --- ResNet-101 -----------------------------------------------------------------------------------------------


def plain_autograd(model, layer, size):
    """Where the middle unit of a layer has a gradient, all channels of it at once."""
    kept = []
    hook = model.get_submodule(layer).register_forward_hook(lambda module, args, output: kept.append(output))
    x = torch.randn(1, 3, *size, requires_grad=True)
    model(x)
    hook.remove()
    row, col = (side // 2 for side in kept[0].shape[2:])
    (slope,) = torch.autograd.grad(kept[0][0, :, row, col].sum(), x)
    return (slope != 0).any(1)[0]


def compare_resnet101(side):
    model, size = torchvision.models.resnet101().eval(), (side, side)
    segviz.receptive_field(model, layer="layer1")  # imports and caches

    stages, fields = least_seconds(lambda: [segviz.receptive_field(model, layer=stage) for stage in STAGES], tries=5)
    print(f"ResNet-101, every stage: {[field.size[0] for field in fields]} px, in {stages:.3f} s\n")
    asks = {
        "segviz.support": (lambda: segviz.support(model, size, layer="layer4"), 3),
        "segviz.effective_receptive_field": (
            lambda: segviz.effective_receptive_field(model, size, layer="layer4") > 0,
            3,
        ),
        "plain autograd": (lambda: plain_autograd(model, "layer4", size), 1),
    }
    answers = {name: least_seconds(ask, tries) for name, (ask, tries) in asks.items()}
    slowest = answers["plain autograd"][0]
    columns = {
        f"one unit of layer4 at {side}²": list(answers),
        "seconds": [f"{spent:.3f}" for spent, _ in answers.values()],
        "pixels found": [str(found.sum().item()) for _, found in answers.values()],
        "autograd / this": [f"{slowest / spent:.0f}" for spent, _ in answers.values()],
    }
    print(Table(columns))
    support, seen = answers["segviz.support"][1], answers["plain autograd"][1]
    assert not (seen & ~support).any(), "autograd found a pixel outside the support"


# --- Networks whose answer is known ---------------------------------------------------------------------------


class Branches(nn.Module):
    """Two rates side by side, added."""

    def __init__(self, *rates):
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(1, 1, 3, padding=rate, dilation=rate) for rate in rates)

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)


def vgg16_to_pool5():
    layers = []
    for convs in (2, 2, 3, 3, 3):
        layers += [layer for _ in range(convs) for layer in (nn.Conv2d(1, 1, 3, padding=1), nn.ReLU())]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def context_module():
    return nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=d, dilation=d) for d in (1, 1, 2, 4, 8, 16, 1)))


NETWORKS = {  # name: network, the sizes that neighboring units truly see along a row
    "VGG16 to pool5": (vgg16_to_pool5(), {212}),
    "context module": (context_module(), {67}),
    "conv s2, deconv s2": (
        nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), nn.ConvTranspose2d(1, 1, 3, stride=2)),
        {3, 5},
    ),
    "pool, bilinear ×2, conv": (
        nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(1, 1, 3)),
        {6},
    ),
    "rates 1 and 12, added": (Branches(1, 12), {25}),
    "conv, global pool": (nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1)), {math.inf}),
}


def linear(network):
    """The form that gradients need to tell the whole field: positive weights, no ReLU, means instead of maxima."""
    network = copy.deepcopy(network)
    for name, module in list(network.named_modules()):
        parent, _, leaf = name.rpartition(".")
        if isinstance(module, nn.MaxPool2d):
            setattr(
                network.get_submodule(parent), leaf, nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            )
        elif isinstance(module, nn.ReLU):
            setattr(network.get_submodule(parent), leaf, nn.Identity())
    for parameter in network.parameters():
        nn.init.constant_(parameter, 1 / max(1, parameter.numel()))
    return network


def by_segviz(network):
    return set(segviz.receptive_field(network).phases[1])


def by_receptivefield(network):
    """One size a network, from float32 gradients of a linear form, at a fixed input."""
    from receptivefield.pytorch import PytorchReceptiveField

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = linear(network)

        def forward(self, x):
            self.feature_maps = [self.network(x)]
            return self.feature_maps[0]

    (described,) = PytorchReceptiveField(Watched).compute((512, 512, 1))
    return {described.rf.size.w}


def by_torchscan(network):
    """What it lists beside the last layer: that layer's own window."""
    import torchscan

    report = torchscan.crawl_module(network, (1, 256, 256))
    values = [layer["metrics"].get("receptive_field", {}).get("value") for layer in report["layers"]]
    return set(values[-1:])


def compare_peers():
    asked = {"receptivefield": by_receptivefield, "torchscan": by_torchscan}
    peers = {"segviz": by_segviz, **{name: ask for name, ask in asked.items() if is_here(name)}}
    columns = {"network": list(NETWORKS), "true": [shown(true) for _, true in NETWORKS.values()]}
    for name, ask in peers.items():
        columns[name] = [answered(ask, network, true) for network, true in NETWORKS.values()]
    print(Table(columns))


def answered(ask, network, true):
    """What a peer says of a network, whether that holds, and how long it took."""
    try:
        spent, answer = least_seconds(lambda: ask(network))
    except Exception as error:
        return f"fails: {type(error).__name__}"
    return f"{shown(answer)}{'' if answer == true else ' wrong'} ({1000 * spent:.0f} ms)"


def shown(sizes):
    return " or ".join(
        "∞" if size == math.inf else "?" if size is None else f"{size:g}" for size in sorted(sizes, key=str)
    )


def main():
    asked = parser(__doc__)
    asked.add_argument("--size", type=int, help="side of ResNet-101's input; 1025 px, or 257 where it must be quick")
    options = asked.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.INFO)  # of a peer
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    compare_resnet101(options.size or (257 if options.quick else 1025))
    print()
    compare_peers()


if __name__ == "__main__":
    main()
