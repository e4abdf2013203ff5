#!/usr/bin/env bash
# PyTorch: where no GPU is in use, each `torch.manual_seed` formats the call stack three times, a hundred times its work.
# Seen with torch 2.14.1, Python 3.11.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet --disable-pip-version-check torch==2.14.1 numpy==2.4.6
CUDA_VISIBLE_DEVICES="" "$place/env/bin/python" - <<'PYTHON'
import time
import traceback
from statistics import median

import torch

print("torch", torch.__version__)


def called_from(depth, call):
    return call() if depth == 0 else called_from(depth - 1, call)


def microseconds(call, rounds=300):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - start))
    return median(times)


seeds = {"torch.manual_seed(0)": torch.manual_seed, "torch.default_generator.manual_seed(0)": torch.default_generator.manual_seed}
found = {}
for name, seed in seeds.items():
    seed(0)
    drawn = torch.rand(3).tolist()
    found[name] = [called_from(depth, lambda: microseconds(lambda: seed(0))) for depth in (0, 20, 40)]
    print(f"{name}: {', '.join(f'{each:.1f}' for each in found[name])} µs from 0, 20 and 40 calls deep; then drawn {drawn}")

# Not a matter of the machine: how often the stack is put into words, kept for the day that a GPU is first used.
calls, plain = [], traceback.format_stack


def counting(*given, **named):
    calls.append(1)
    return plain(*given, **named)


traceback.format_stack = counting
stacks = []
for seed in seeds.values():
    calls.clear()
    seed(0)
    stacks.append(len(calls))
print("stacks formatted for one seed:", stacks)

assert stacks == [3, 0]
both, one = found.values()
assert both[2] > 2 * both[0] > 20 * one[0]
PYTHON
echo "As described: the CPU's own generator takes the seed in a microsecond. A seed for each picture of a data set feels it."
