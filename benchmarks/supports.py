"""What other libraries' networks see, against their gradients in float64: right, refused, wrong.

    python3 -m venv .venv-libraries
    .venv-libraries/bin/pip install -r benchmarks/libraries.txt
    .venv-libraries/bin/python -m benchmarks.supports [--library NAME] [--only NAME] [--quick]

Every convolutional network of torchvision, some eighty of timm, every decoder of segmentation_models_pytorch, with
random weights. Of each, the output and two maps on the way; of each map, units in a corner and in the middle. `support`
must hold every pixel that has a derivative, and no pixel that has none; `effective_receptive_field` must lie on the
support; `receptive_field` must be as large as the middle unit's gradient, and lie where that lies, wherever no border
cuts it. For the gradients rectifiers are smooth and maxima are means, so that no pixel is hidden by a value.
"""

import contextlib
import itertools
import math
import re
import sys
import time
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

import segviz
from benchmarks.command import is_here, parser
from segviz.activations import first_tensor
from segviz.lessons.tables import Table

SIDE, QUICK_SIDE = 96, 64
LARGEST = 150  # million parameters: 1.2 GB in float64
# Too small a picture: they say so themselves, or nothing is left of the map.
SIDES = {"inception": 128, "alexnet": 96, "xception": 128, "nasnet": 128, "pan": 128}
# What takes pictures of one size alone.
FIXED = {"dpt": 224, "bat_": 256, "botnext": 256, "halonet": 256}

TIMM = (Path(__file__).parent / "supports.txt").read_text().split()
NOT_CONVOLUTIONAL = re.compile(
    r"^(vit|swin|maxvit)|quantized|raft|rcnn|retinanet|fcos|ssd|^(mc3|r3d|r2plus1d|s3d|mvit)"
)


def networks(only, library):
    """(library, name, how it is made)"""

    def wanted(names):
        return [name for name in names if re.search(only, name)]

    if library in ("", "torchvision") and is_here("torchvision"):
        import torchvision

        for name in wanted(torchvision.models.list_models()):
            if NOT_CONVOLUTIONAL.search(name):
                continue
            options = (
                {"weights_backbone": None}
                if name in torchvision.models.list_models(torchvision.models.segmentation)
                else {}
            )
            options |= {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
            yield "torchvision", name, lambda name=name, options=options: torchvision.models.get_model(name, **options)
    if library in ("", "timm") and is_here("timm", how="see benchmarks/supports.py"):
        import timm

        for name in wanted(TIMM):
            yield "timm", name, lambda name=name: timm.create_model(name, pretrained=False, num_classes=7)
    if library in ("", "smp") and is_here("segmentation_models_pytorch", how="see benchmarks/supports.py"):
        import segmentation_models_pytorch as smp

        for architecture in wanted(sorted(smp.MODEL_ARCHITECTURES_MAPPING)):
            encoder = "tu-vit_tiny_patch16_224.augreg_in21k" if architecture == "dpt" else "resnet18"
            yield (
                "smp",
                architecture,
                lambda a=architecture, e=encoder: smp.create_model(a, e, encoder_weights=None, classes=5),
            )


# --- The gradients --------------------------------------------------------------------------------------------


class Smooth(TorchFunctionMode):
    """Rectifiers without a corner, and maxima as means over the same windows."""

    RECTIFIERS = frozenset(
        [
            *(F.relu, torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_, F.relu6, F.leaky_relu, F.elu),
            *(F.hardtanh, F.hardswish, torch._C._nn.hardtanh, torch._C._nn.hardtanh_, torch._C._nn.hardswish),
        ]
    )

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in self.RECTIFIERS:
            smooth = F.softplus(args[0].clone())
            written = kwargs.get("inplace") or func.__name__.endswith("_") or True in args[1:]
            return args[0].copy_(smooth) if written else smooth
        if func in (F.hardsigmoid, torch._C._nn.hardsigmoid):
            return torch.sigmoid(args[0])
        if func in (F.max_pool2d, torch.max_pool2d) and not kwargs.get("return_indices"):
            return self.mean(*args, **kwargs)
        if func is F.adaptive_max_pool2d:
            return F.adaptive_avg_pool2d(*args[:2])  # of a call with a third, whether indices are given
        return func(*args, **kwargs)

    @staticmethod
    def mean(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        assert dilation in (1, (1, 1), [1, 1])
        return F.avg_pool2d(x, kernel_size, stride, padding, ceil_mode)


def all_alive(model):
    """Weights that are drawn, none of them 0: branches often start at exactly that."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=1.3 / math.sqrt(parameter[0].numel()))
            else:
                nn.init.uniform_(parameter, 0.3, 0.9)
    return model.double().eval()


class _Reached(Exception):
    pass


def value_of(model, x, layer):
    if layer is None:
        return first_tensor(model(x))
    kept = []

    def keep(module, args, output):
        kept.append(first_tensor(output))
        raise _Reached

    hook = model.get_submodule(layer).register_forward_hook(keep)
    with contextlib.suppress(_Reached):
        model(x)
    hook.remove()
    return channels_second(kept[0], x)


def channels_second(y, x):
    """A map (N, C, H, W), of one whose channels lie last: it is that which has the picture's proportions."""
    if y.ndim != 4 or y.shape[2] * x.shape[3] == y.shape[3] * x.shape[2]:
        return y
    return y.movedim(-1, 1) if y.shape[1] * x.shape[3] == y.shape[2] * x.shape[2] else y


def maps_on_the_way(model, size, quick):
    """Layers that run once and give maps, a third and two thirds of the way; in a hurry the latter alone."""
    found, counts, hooks = [], {}, []

    def note(name):
        def hook(module, args, output):
            counts[name] = counts.get(name, 0) + 1
            if isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[-2:]) > 1:
                found.append(name)

        return hook

    for name, module in model.named_modules():
        if name and not isinstance(module, nn.ModuleList):
            hooks.append(module.register_forward_hook(note(name)))
    with torch.no_grad():
        model(torch.randn(1, 3, *size, dtype=torch.float64))
    for hook in hooks:
        hook.remove()
    once = [name for name in found if counts[name] == 1 and name.count(".") < 3]
    return [once[n * len(once) // 3] for n in ((2,) if quick else (1, 2))] if once else []


def gradient(model, size, layer, at):
    """Per pixel of the input, the largest derivative of the unit; of what is no map, of all its values."""
    x = torch.randn(1, 3, *size, dtype=torch.float64, requires_grad=True)
    with Smooth():
        y = value_of(model, x, layer)
    unit = y[0, :, at[0], at[1]] if y.ndim == 4 else y[0]
    (slope,) = torch.autograd.grad((unit * torch.randn_like(unit)).sum(), x)
    return slope.abs().amax(1)[0]


# --- One network ----------------------------------------------------------------------------------------------


def verdict(model, size, quick, free):
    """Where what is said of a network differs from its gradients; None if nowhere. Raises where it is refused."""
    for layer in [None, *maps_on_the_way(model, size, quick)]:
        with torch.no_grad():
            shape = value_of(model, torch.randn(1, 3, *size, dtype=torch.float64), layer).shape
        units = (shape[2], shape[3]) if len(shape) == 4 else (1, 1)
        middle = (units[0] // 2, units[1] // 2)
        field = segviz.receptive_field(model, layer=layer, size=None if free else size)
        for at in {(0, 0), middle}:
            seen = segviz.support(model, size, layer=layer, at=at)
            shares = segviz.effective_receptive_field(model, size, layer=layer, at=at)
            found = torch.zeros(size, dtype=torch.float64)
            for _ in range(3):
                found = torch.maximum(found, gradient(model, size, layer, at))
                if torch.equal(found > 0, seen):
                    break
            where = f"at {at} of {layer or 'the output'}"
            missed, more = (found > 1e-13 * found.max()) & ~seen, seen & (found == 0)
            if missed.any() or more.any():
                return f"support {where}: {int(missed.sum())} pixels missed, {int(more.sum())} too many"
            if not torch.equal(shares > 0, seen) and not (seen & (shares == 0)).sum() < 0.2 * seen.sum():
                return f"effective field {where}: on {int((shares > 0).sum())} of {int(seen.sum())} pixels"
            if at == middle and (wrong := misfit(field, seen, at)):
                return f"receptive field {where}: {wrong}"
    return None


def misfit(field, seen, at):
    """How a field differs from the pixels that a unit sees, where no border cuts these."""
    for axis, size in enumerate(field.size):
        places = seen.any(1 - axis).nonzero().flatten()
        first, last = int(places[0]), int(places[-1])
        phases, middle = field.phases[axis], field.center(at)[axis]
        if min(first, middle - size / 2) <= 0 or max(last, middle + size / 2) >= seen.shape[axis] - 1:
            continue  # a border, of this picture or of a map on the way, may cut it
        if last + 1 - first not in phases or abs(middle - (first + last) / 2) > 1e-6:
            return f"{size} px about {middle}, where {last + 1 - first} about {(first + last) / 2} are seen"
    return None


def main():
    asked = parser(__doc__)
    asked.add_argument("--only", default="", metavar="NAME", help="networks in whose name this is found")
    asked.add_argument("--library", default="", help="torchvision, timm or smp; all if none is named")
    options = asked.parse_args()
    warnings.simplefilter("ignore")
    counts = {}
    every = 8 if options.quick and not (options.only or options.library) else 1
    for library, name, make in itertools.islice(networks(options.only, options.library), None, None, every):
        started = time.process_time()
        torch.manual_seed(0)
        try:
            with torch.device("meta"):
                millions = sum(p.numel() for p in make().parameters()) / 1e6
        except Exception:
            millions = 0
        if millions > LARGEST:
            answer, why = "left out", f"{millions:.0f} million parameters"
        else:
            answer, why = judged(make, name, options.quick)
        counts.setdefault(library, {}).setdefault(answer, []).append(name)
        print(
            f"{library} {name}: {answer}{f', {why}' if why else ''} ({time.process_time() - started:.1f} s)", flush=True
        )
    kinds = ["right", "refused", "wrong", "left out"]
    print()
    print(Table({"library": list(counts), **{k: [str(len(c.get(k, []))) for c in counts.values()] for k in kinds}}))
    sys.exit(any("wrong" in found for found in counts.values()))


def judged(make, name, quick):
    fixed = [side for part, side in FIXED.items() if part in name]
    least = [side for part, side in SIDES.items() if part in name]
    side, free = max([QUICK_SIDE if quick else SIDE, *least, *fixed]), not fixed
    try:
        model = all_alive(make())
        with torch.no_grad():
            model(torch.randn(1, 3, side, side + 32 * free, dtype=torch.float64))
    except Exception as error:
        return "left out", f"it does not run here: {type(error).__name__}: {error}"
    try:
        wrong = verdict(model, (side, side + 32 * free), quick, free)
    except ValueError as error:
        return "refused", str(error)
    return ("wrong", wrong) if wrong else ("right", "")


if __name__ == "__main__":
    main()
