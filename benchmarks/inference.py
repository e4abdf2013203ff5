"""Copies of `segviz.for_inference` beside the networks they were made of, peers, and what the machine can do at all.

All see one image, turn by turn in one run; a ratio is the median over the rounds. "cut" is the copy made for the size
of the image, "whole" the one for any size. torchvision's two networks are the same as ours, so that their own time is
what ours is set beside; FC-DenseNet stands beside itself. The floor is the time of the multiply-adds that touch the
map, at the rate of this machine's own matrix product of the same minute: nothing that computes them all is faster::

    python -m benchmarks.inference --size 513 --rounds 9
"""

from collections.abc import Callable
from math import prod
from statistics import median

import torch
from torch import nn
from torchvision.models.segmentation import deeplabv3_resnet50, fcn_resnet50

from benchmarks.command import is_here, parser
from benchmarks.models import clock_of
from benchmarks.timing import in_turns, ratio
from segviz import create_model, for_inference
from segviz.activations import first_tensor
from segviz.checks.subject import Subject
from segviz.inference.trimming import taps_of
from segviz.lessons.tables import Table

RANDOM = {"weights": None, "weights_backbone": None, "num_classes": 21, "aux_loss": False}
SIDE = 1024  # of the matrices whose product gives the machine's rate


def pairs():
    """Name, our network, what it is set beside, whether the two are one network."""
    yield "fcn_resnet50 · torchvision", create_model("fcn_resnet"), fcn_resnet50(**RANDOM), True
    yield "deeplabv3_resnet50 · torchvision", create_model("deeplabv3"), deeplabv3_resnet50(**RANDOM), True
    if is_here("segmentation_models_pytorch"):
        import segmentation_models_pytorch as smp

        ours = create_model("deeplabv3plus", backbone="resnet50", separable=True, aspp_rates=(12, 24, 36))
        yield (
            "DeepLabV3Plus resnet50 · smp",
            ours,
            smp.DeepLabV3Plus("resnet50", encoder_weights=None, classes=21),
            False,
        )
    for name in ("fcdensenet67", "fcdensenet103"):
        model = create_model(name)
        yield f"{name} · itself", model, model, True


def valid_products(model: nn.Module, size: tuple[int, int]) -> int:
    """The multiply-adds of a forward pass, but for those with zeros of the padding."""
    recording = Subject(model, size, None, []).recording
    total = 0
    for call in recording.named("conv2d"):
        on_map = prod(sum(tap.products for tap in taps_of(call, axis)) for axis in (0, 1))
        total += on_map * call.weight[0] * call.weight[1]
    for call in recording.named("conv_transpose2d"):
        total += prod(call.inputs[0].shape[2:]) * prod(call.weight)
    return total


def of_logits(model: nn.Module, image: torch.Tensor) -> Callable[[], torch.Tensor]:
    @torch.inference_mode()
    def step() -> torch.Tensor:
        logits = first_tensor(model(image))
        assert logits is not None
        return logits

    return step


def compared(name: str, ours: nn.Module, theirs: nn.Module, same: bool, size: int, rounds: int) -> dict[str, str]:
    ours, theirs = ours.eval(), theirs.eval()
    if same and ours is not theirs:
        ours.load_state_dict(theirs.state_dict())
    image, matrix = torch.rand(1, 3, size, size), torch.rand(SIDE, SIDE)
    models = {"theirs": theirs, "ours": ours, "whole": for_inference(ours), "cut": for_inference(ours, (size, size))}
    steps = {key: of_logits(model, image) for key, model in models.items()}
    wanted, found = steps["ours"](), steps["cut"]()
    spent = in_turns({**steps, "product": lambda: matrix @ matrix}, rounds, clock_of(image.device))
    floor = valid_products(ours, (size, size)) * median(spent["product"]) / SIDE**3
    return {
        "network · beside": name,
        "size": str(size),
        "as it is": str(ratio(spent["ours"], spent["theirs"])),
        "whole": str(ratio(spent["whole"], spent["theirs"])),
        "cut": str(ratio(spent["cut"], spent["theirs"])),
        "cut, ms": f"{median(spent['cut']) * 1e3:.0f}",
        "over the floor": f"{median(spent['cut']) / floor:.2f}",
        "of scale": f"{((found - wanted).abs().max() / wanted.abs().max()).item():.0e}",
    }


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--size", type=int, help="height and width of the image; 224 and 513 if not given")
    asked.add_argument("--only", default="", help="networks whose name holds this")
    asked.add_argument("--rounds", type=int, help="7, or 3 where it must be quick")
    options = asked.parse_args()
    rounds = options.rounds or (3 if options.quick else 7)
    sizes = [options.size] if options.size else [128] if options.quick else [224, 513]
    rows = []
    for name, ours, theirs, same in pairs():
        for size in sizes if options.only in name else []:
            if "smp" in name:
                size -= size % 16  # the peer takes no other
            if "densenet" not in name or size <= 256:
                rows.append(compared(name, ours, theirs, same, size, rounds))
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, one image")
    print(Table({heading: [row[heading] for row in rows] for heading in rows[0]}))


if __name__ == "__main__":
    main()
