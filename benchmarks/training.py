"""Where a step of training goes on the CPU: every network by its own recipe on the scenes.

    python -m benchmarks.training [--only NAME] [--rounds N]

A step is what `segviz.train` does: a batch is taken from the loader, checked, given a loss, and the weights move. Its
arithmetic is the network forward and back, with a sum for a loss, and the optimizer; the rest is pictures (loading,
augmentation, checks) and the loss, which is the cross entropy forward and back. A scene is drawn when it is first
needed and then kept, so that a batch costs less from the second round through the scenes on: told is the mean.
Held-out scores count as often as a shipped training takes them: ten times, over 48 scenes; of an evaluation, what is
not the network counts as rest too. The parts take turns in one process, on one thread, and are timed by the CPU time
they take, which a busy machine changes little.
"""

import statistics
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from benchmarks.command import parser
from benchmarks.timing import in_turns
from segviz import create_model
from segviz.data import Kept, Scenes
from segviz.lessons.tables import Table
from segviz.shipped.recipes import SHIPPED, SIZE, VALIDATION_SCENES, at_one_size, recipe_of
from segviz.training.batches import loader
from segviz.training.evaluation import check_batch, evaluate
from segviz.training.loop import _Run
from segviz.training.modes import evaluating
from segviz.training.optimization import channels_last, fast_in_half
from segviz.training.processes import Processes

REPORTS = 10  # of a training, with the scores of the held-out scenes
SCORED = 8  # scenes that an evaluation is measured on


def row(name: str, rounds: int) -> dict[str, str]:
    """The shares of one network's step."""
    shipped = SHIPPED[name]
    learned, held_out = at_one_size(shipped.crop)
    recipe, team = recipe_of(shipped, 10_000), Processes.found("cpu")
    model = channels_last(create_model(name, **shipped.settings))
    half = shipped.half and fast_in_half("cpu")
    run = _Run(model, recipe, None, team, amp=half)

    def batches(scenes: Dataset) -> Iterator[tuple[Tensor, Tensor]]:
        how: dict[str, Any] = {"steps": recipe.steps, "batch_size": recipe.batch_size, "seed": 0, "start": 0}
        return iter(loader(scenes, **how, team=team, workers=0))

    # The second data set holds one batch, which is drawn here.
    drawn, kept = batches(learned), batches(Kept(Scenes(recipe.batch_size, SIZE), transforms=learned.transforms))
    images, masks = next(kept)
    scored = [held_out[index] for index in range(SCORED)]
    scenes = torch.stack([image for image, _ in scored])
    with torch.no_grad():
        logits = model(images).float()
    logits.requires_grad_()

    def pictures(source: Iterator[tuple[Tensor, Tensor]]) -> None:
        check_batch(*next(source), len(logits[0]), recipe.ignore_index)

    def loss() -> None:
        logits.grad = None
        run._cross_entropy(logits, masks).backward()

    def arithmetic() -> None:
        run.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=run.precision, enabled=run.amp):
            found = model(images)
        found.backward(torch.full_like(found, 1e-6))
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        run.optimizer.step()

    @torch.no_grad()
    def through() -> None:
        with evaluating(model):
            model(scenes)

    calls = {
        "step": lambda: run.advance(*next(drawn)),
        "arithmetic": arithmetic,
        "drawn": lambda: pictures(drawn),
        "kept": lambda: pictures(kept),
        "loss": loss,
        "evaluation": lambda: evaluate(model, scored, device="cpu"),
        "through": through,
    }
    spent = {part: statistics.median(times) for part, times in in_turns(calls, rounds, time.process_time).items()}
    steps = shipped.steps + shipped.more
    evaluations_a_step = REPORTS * VALIDATION_SCENES / SCORED / steps
    scores = max(0.0, spent["evaluation"] - spent["through"]) * evaluations_a_step
    rounds_through = max(1.0, steps * recipe.batch_size / len(learned))
    parts = {
        "arithmetic": spent["arithmetic"],
        "pictures": spent["kept"] + (spent["drawn"] - spent["kept"]) / rounds_through,
        "loss": spent["loss"],
        "scores": scores,
    }
    shares = {part: value / sum(parts.values()) for part, value in parts.items()}
    return {
        "network": name,
        "a step, ms": f"{1e3 * spent['step']:.0f}",
        **{part: f"{shares[part]:.1%}" for part in ("pictures", "loss", "scores")},
        "not arithmetic": f"{1 - shares['arithmetic']:.1%}",
    }


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--only", default="", help="networks whose name holds this")
    asked.add_argument("--rounds", type=int, help="7, or 3 where it must be quick")
    options = asked.parse_args()
    torch.set_num_threads(1)
    rounds = options.rounds or (3 if options.quick else 7)
    rows = [row(name, rounds) for name in SHIPPED if options.only in name]
    print(Table({heading: [each[heading] for each in rows] for heading in rows[0]}))


if __name__ == "__main__":
    main()
