"""Speed and peak memory beside torchvision and segmentation_models_pytorch, as ratios, in one run.

Both networks of a pair see the same images in the same minute, turn by turn; a ratio is ours over theirs, the median
over the rounds, so that a busy machine slows both alike. "Channels last" is our network in that layout over theirs
in their own default. torchvision's two are the same network as ours. Of segmentation_models_pytorch, DeepLabV3Plus
differs in a few BNs and in where its last 3×3 stands, and Unet is another network altogether, put on ResNet-34: its
ratio of arithmetic is there to be read beside its ratio of time. Without that package its pairs are left out::

    python -m benchmarks.models --size 256 --rounds 7     # smp takes multiples of 16 only
"""

import copy
import os
import time
from collections.abc import Callable

# The profiler, which measures memory on a CPU, would report on its own start and stop.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.segmentation import deeplabv3_resnet50, fcn_resnet50

from benchmarks.command import is_here, parser
from benchmarks.timing import in_turns, ratio
from segviz import create_model, get_device
from segviz.lessons.tables import Table
from segviz.training.optimization import channels_last

Step = Callable[[], None]


def pairs():
    """Name, our network, theirs; random weights, the same settings."""
    random = {"weights": None, "weights_backbone": None, "num_classes": 21, "aux_loss": False}
    yield "fcn_resnet50 · torchvision", create_model("fcn_resnet"), fcn_resnet50(**random)
    yield "deeplabv3_resnet50 · torchvision", create_model("deeplabv3"), deeplabv3_resnet50(**random)
    if not is_here("segmentation_models_pytorch"):
        return
    import segmentation_models_pytorch as smp

    random = {"encoder_weights": None, "classes": 21}
    ours = create_model("deeplabv3plus", backbone="resnet50", separable=True, aspp_rates=(12, 24, 36))
    yield "DeepLabV3Plus resnet50 · smp", ours, smp.DeepLabV3Plus("resnet50", **random)
    yield "Unet · smp on resnet34", create_model("unet"), smp.Unet("resnet34", **random)


def logits(output) -> torch.Tensor:
    return output["out"] if isinstance(output, dict) else output


def forward(model: nn.Module, images: torch.Tensor) -> Step:
    model = model.eval()

    @torch.no_grad()
    def step():
        logits(model(images))

    return step


def forward_and_backward(model: nn.Module, images: torch.Tensor) -> Step:
    model = model.train()

    def step():
        model.zero_grad()
        logits(model(images)).mean().backward()

    return step


def clock_of(device: torch.device) -> Callable[[], float]:
    """By the wall; on one thread of a CPU, the time that thread had the CPU, which other work does not stretch."""
    if device.type == "cpu":
        return time.process_time if torch.get_num_threads() == 1 else time.perf_counter

    def after_the_device() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    return after_the_device


def peak_bytes(step: Step, device: torch.device) -> int:
    """The most memory in use at once during `step`, above what was in use before it."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        step()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    used = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        used += event.nbytes()
        peak = max(peak, used)
    return peak


def operations(step: Step) -> int:
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def compared(name: str, ours: nn.Module, theirs: nn.Module, images: torch.Tensor, rounds: int):
    """A row of the table for each kind of pass."""
    device = images.device
    turned = channels_last(copy.deepcopy(ours))
    for what, pass_ in (("forward", forward), ("and backward", forward_and_backward)):
        steps = {who: pass_(model, images) for who, model in (("theirs", theirs), ("ours", ours), ("turned", turned))}
        spent = in_turns(steps, rounds, clock_of(device))
        yield {
            "ours / theirs": name,
            "pass": what,
            "time": str(ratio(spent["ours"], spent["theirs"])),
            "channels last": str(ratio(spent["turned"], spent["theirs"])),
            "memory": f"{peak_bytes(steps['ours'], device) / peak_bytes(steps['theirs'], device):.3f}",
            "arithmetic": f"{operations(steps['ours']) / operations(steps['theirs']):.3f}",
        }


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--size", type=int, help="height and width of the images; 256, or 128 where it must be quick")
    asked.add_argument("--batch", type=int, default=2)
    asked.add_argument("--rounds", type=int, help="7, or 3 where it must be quick")
    asked.add_argument("--threads", type=int, help="of the CPU; PyTorch's own choice if not given")
    asked.add_argument("--device")
    options = asked.parse_args()

    size, rounds = options.size or (128 if options.quick else 256), options.rounds or (3 if options.quick else 7)
    device = torch.device(options.device or get_device())
    if options.threads:
        torch.set_num_threads(options.threads)
    images = torch.rand(options.batch, 3, size, size, device=device)
    rows = [
        row
        for name, ours, theirs in pairs()
        for row in compared(name, ours.to(device), theirs.to(device), images, rounds)
    ]
    print(f"torch {torch.__version__}, {device}, {torch.get_num_threads()} threads, images {tuple(images.shape)}")
    print(Table({heading: [row[heading] for row in rows] for heading in rows[0]}))


if __name__ == "__main__":
    main()
