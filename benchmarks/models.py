"""Speed and peak memory beside torchvision and segmentation_models_pytorch, as ratios, in one run.

Both networks of a pair see the same images in the same minute, turn by turn; a ratio is ours over theirs, the median
over the rounds, so that a busy machine slows both alike. "Channels last" is our network in that layout over theirs
in their own default. torchvision's two are the same network as ours. Of segmentation_models_pytorch, DeepLabV3Plus
differs in a few BNs and in where its last 3×3 stands, and Unet is another network altogether, put on ResNet-34: its
ratio of arithmetic is there to be read beside its ratio of time. Without that package its pairs are left out::

    pip install segmentation-models-pytorch
    python benchmarks/models.py --size 256 --rounds 7     # smp takes multiples of 16 only
"""

import argparse
import copy
import os
import statistics
import time
from collections.abc import Callable

# The profiler, which measures memory on a CPU, would report on its own start and stop.
os.environ.setdefault("KINETO_LOG_LEVEL", "99")

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.segmentation import deeplabv3_resnet50, fcn_resnet50

from segviz import create_model, get_device
from segviz.optimization import channels_last

try:
    import segmentation_models_pytorch as smp
except ImportError:
    smp = None

Step = Callable[[], None]


def pairs():
    """Name, our network, theirs; random weights, the same settings."""
    random = {"weights": None, "weights_backbone": None, "num_classes": 21, "aux_loss": False}
    yield "fcn_resnet50 · torchvision", create_model("fcn_resnet"), fcn_resnet50(**random)
    yield "deeplabv3_resnet50 · torchvision", create_model("deeplabv3"), deeplabv3_resnet50(**random)
    if smp is None:
        print("segmentation_models_pytorch is not installed: its pairs are left out")
        return
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


def seconds(step: Step, device: torch.device) -> float:
    """By the clock; on one thread of a CPU, the time that thread had the CPU, which other work does not stretch."""
    clock = time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return clock() - start


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


def median_ratios(ours: list[Step], theirs: Step, device: torch.device, rounds: int) -> list[tuple[float, float]]:
    """For each of `ours` the median ratio to `theirs` and the spread of the middle half, after one warm-up each."""
    steps = [theirs, *ours]
    for step in steps:
        step()
    taken = []
    for i in range(rounds):
        order = range(len(steps)) if i % 2 == 0 else reversed(range(len(steps)))
        taken.append(dict(sorted((j, seconds(steps[j], device)) for j in order)))
    results = []
    for j in range(1, len(steps)):
        ratios = [t[j] / t[0] for t in taken]
        low, median, high = statistics.quantiles(ratios, n=4)
        results.append((median, high - low))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256, help="height and width of the images")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=None, help="of the CPU; PyTorch's own choice if not given")
    parser.add_argument("--device", default=None)
    options = parser.parse_args()

    device = torch.device(options.device or get_device())
    if options.threads:
        torch.set_num_threads(options.threads)
    images = torch.rand(options.batch, 3, options.size, options.size, device=device)
    print(f"torch {torch.__version__}, {device}, {torch.get_num_threads()} threads, images {tuple(images.shape)}")
    print(f"{'ours / theirs':34}{'':10}{'time (±)':>14}{'channels last (±)':>20}{'memory':>9}{'arithmetic':>12}")
    for name, ours, theirs in pairs():
        ours, theirs = ours.to(device), theirs.to(device)
        turned = channels_last(copy.deepcopy(ours))
        for what, pass_ in (("forward", forward), ("+ backward", forward_and_backward)):
            mine, last, peer = (pass_(model, images) for model in (ours, turned, theirs))
            plain, layout = median_ratios([mine, last], peer, device, options.rounds)
            memory = peak_bytes(mine, device) / peak_bytes(peer, device)
            arithmetic = operations(mine) / operations(peer)
            print(
                f"{name:34}{what:10}{plain[0]:8.3f} ±{plain[1]:.2f}{layout[0]:14.3f} ±{layout[1]:.2f}"
                f"{memory:9.3f}{arithmetic:12.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
