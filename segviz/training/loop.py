"""Training that gives one result: run through, killed and resumed, or shared out among processes.

Nothing random depends on what happened before: the pictures of a step, the augmentation of each picture and
the dropout of a step follow from the seed and their own number alone. So a state on disk is the model, the
optimizer and the step, and whoever carries on from it does what the unbroken run would have done.

    >>> from segviz.data import Scenes
    >>> model = nn.Conv2d(3, 11, 3, padding=1)
    >>> history = train(model, Scenes(8, (32, 32)), recipe=Recipe(steps=2, batch_size=2), progress=False)
    >>> [entry["step"] for entry in history]
    [1, 2]
"""

from __future__ import annotations

import inspect
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from segviz.activations import first_tensor
from segviz.checkpoints import Checkpoint, replacing, save_checkpoint
from segviz.metrics import check_labels
from segviz.training.batches import loader, seed_of
from segviz.training.evaluation import check_batch, evaluate, logits_of
from segviz.training.labels import require_classes
from segviz.training.modes import evaluating
from segviz.training.processes import Processes

STATE_FILE, WEIGHTS_FILE, HISTORY_FILE = "state.pt", "model.safetensors", "history.json"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result of a training, beside the model and the data.

    `learning_rate` falls as (1 - step / steps) ** `power` (the "poly" schedule of ParseNet and DeepLab), after
    `warmup` steps of linear growth. `batch_size` counts the pictures of a step over all processes.
    `class_weights` has one weight a class. `clip` bounds the norm of the gradient. `auxiliary` weighs the loss
    of an auxiliary head, where the model has one. `ignore_index` marks pixels that do not count, None none.
    """

    steps: int = 2000
    batch_size: int = 8
    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    power: float = 0.9
    warmup: int = 0
    class_weights: tuple[float, ...] | None = None
    ignore_index: int | None = 255
    clip: float | None = None
    auxiliary: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer must be 'sgd' or 'adamw', got {self.optimizer!r}")
        for name, least in (("steps", 1), ("batch_size", 1), ("warmup", 0), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be a whole number, got {value!r}")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        for name in ("learning_rate", "momentum", "weight_decay", "power", "auxiliary"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and at least 0, got {value}")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip must be above 0, or None, got {self.clip}")
        if self.class_weights is not None:
            object.__setattr__(self, "class_weights", tuple(float(weight) for weight in self.class_weights))


def schedule(step: int, recipe: Recipe) -> float:
    """The factor of the learning rate at a step, from 0 (the first) to `steps` - 1.

    >>> [round(schedule(step, Recipe(steps=4, power=1)), 2) for step in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """
    growth = min(1.0, (step + 1) / (recipe.warmup + 1))
    return growth * (1 - step / recipe.steps) ** recipe.power


def balanced_weights(shares: Tensor) -> tuple[float, ...]:
    """A weight for each class from its share of the pixels: the median share over its own, at most 10.

    Median frequency balancing (Eigen and Fergus, ICCV 2015), as SegNet has it. A class without pixels
    weighs 0.

    >>> balanced_weights(torch.tensor([0.6, 0.3, 0.1]))
    (0.5, 1.0, 3.0)
    """
    median = shares[shares > 0].median()
    weights = torch.where(shares > 0, (median / shares).clamp(max=10), 0.0)
    return tuple(round(weight, 6) for weight in weights.tolist())


def train(
    model: nn.Module,
    training_set: Dataset,
    validation_set: Dataset | None = None,
    *,
    recipe: Recipe | None = None,
    parameters: Iterable[Any] | None = None,
    directory: str | os.PathLike | None = None,
    name: str = "model",
    options: dict[str, Any] | None = None,
    resume: bool = True,
    validate_every: int | None = None,
    save_every: int | None = None,
    device: torch.device | str | None = None,
    amp: bool | None = None,
    workers: int = 0,
    progress: bool = True,
    callback: Callable[[nn.Module, dict[str, Any]], object] | None = None,
) -> list[dict[str, Any]]:
    """Train `model` in place and give its history: a dict every so often with the step, the loss and scores.

    The model comes back in evaluation mode.

    The data sets give image float (3, H, W) in [0, 1] and mask int64 (H, W); all of one size, or each step's, from
    `segviz.data.Sizes`. The model gives logits (N, K, H, W) of the images' size, or a dict with them as `out`, whose
    `aux` is the auxiliary head's, as torchvision's have it.
    `parameters` are what the optimizer takes, groups with learning rates of their own included (all of the model's
    if None).

    With a `directory`, the state is written there every `save_every` steps (by default at each validation),
    the best weights as safetensors, under `name` and `options`, and the history; a training found there is
    carried on if `resume`, and the result is that of an unbroken run, to the bit on a CPU. `validate_every`
    is by default a tenth of the training. `amp` is mixed precision, by default on where there is a GPU.
    `workers` are processes that load data; their number changes nothing but the time. `callback` is called with the
    model, in evaluation mode, and each new entry of the history, by the first process alone. Under
    `accelerate launch` several processes share each step's pictures.

    Raises ValueError for images outside [0, 1] or of several sizes, unknown labels, masks that hold one class alone
    beside ignored pixels (as two classes saved as 0 and 255 do), class weights of another number, and a state of
    another recipe or model; FloatingPointError where the loss is no longer finite.
    """
    recipe = recipe or Recipe()
    team = Processes.found(device)
    validate_every = validate_every or max(1, recipe.steps // 10)
    save_every = save_every or validate_every
    folder = None if directory is None else Path(directory)
    for title, dataset in (("training_set", training_set), ("validation_set", validation_set)):
        if dataset is not None:
            require_classes(title, dataset, recipe.ignore_index)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        run = _Run(model, recipe, parameters, team, amp)
        if folder is not None and resume and (folder / STATE_FILE).exists():
            run.restore(folder / STATE_FILE)
        batches = loader(
            training_set,
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            start=run.step,
            team=team,
            workers=workers,
        )
        bar = tqdm(total=recipe.steps, initial=run.step, disable=not (progress and team.first), unit="step")
        with bar:
            for images, masks in batches:
                run.advance(images, masks)
                bar.update()
                if run.step % validate_every == 0 or run.step == recipe.steps:
                    best = run.report(validation_set)
                    bar.set_postfix(run.summary())
                    if callback is not None and team.first:
                        run.show(callback)
                    if folder is not None and team.first:
                        if best:
                            save_checkpoint(folder / WEIGHTS_FILE, run.checkpoint(name, options))
                        with replacing(folder / HISTORY_FILE) as file:
                            file.write(json.dumps(run.history, indent=1).encode())
                if folder is not None and team.first and (run.step % save_every == 0 or run.step == recipe.steps):
                    run.store(folder / STATE_FILE)
        model.eval()
    return run.history


class _Run:
    """A training under way."""

    def __init__(
        self, model: nn.Module, recipe: Recipe, parameters: Iterable[Any] | None, team: Processes, amp: bool | None
    ) -> None:
        self.recipe, self.team, self.model = recipe, team, model
        told = getattr(model, "num_classes", None)
        self.num_classes = told if isinstance(told, int) else None
        # Networks of this package give their auxiliary head's logits when asked; others of that attribute do not.
        has_head = getattr(model, "aux_classifier", None) is not None
        self.asks_aux = has_head and "return_aux" in inspect.signature(model.forward).parameters
        self.step, self.best, self.history = 0, -math.inf, list[dict[str, Any]]()
        model.to(team.device).train()
        self.optimizer = _optimizer(recipe, model.parameters() if parameters is None else parameters)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.wrapped = team.wrap(model)
        self.amp = team.device.type == "cuda" if amp is None else amp
        coarse = self.amp and team.device.type == "cuda" and not torch.cuda.is_bf16_supported()
        self.precision = torch.float16 if coarse else torch.bfloat16
        self.scaler = torch.amp.GradScaler(team.device.type, enabled=coarse)
        self.weights = None if recipe.class_weights is None else torch.tensor(recipe.class_weights)
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=team.device)
        self.loss_steps = 0

    def advance(self, images: Tensor, masks: Tensor) -> None:
        """One step on this process's share of the pictures."""
        check_batch(images, masks, self.num_classes, self.recipe.ignore_index)
        device = self.team.device
        images, masks = images.to(device, non_blocking=True), masks.to(device, non_blocking=True)
        torch.manual_seed(seed_of(self.recipe.seed, self.step, self.team.rank))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * schedule(self.step, self.recipe)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device.type, dtype=self.precision, enabled=self.amp):
            loss = self._loss(images, masks)
        self.scaler.scale(loss).backward()
        if self.recipe.clip is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.loss_sum += self.team.total(loss.detach()).double() / self.team.count
        self.loss_steps += 1
        self.step += 1

    def _loss(self, images: Tensor, masks: Tensor) -> Tensor:
        auxiliary: Any
        if self.asks_aux:
            output, auxiliary = self.wrapped(images, return_aux=True)
        else:
            output = self.wrapped(images)
            auxiliary = first_tensor(output.get("aux")) if isinstance(output, Mapping) else None
        loss = self._cross_entropy(logits_of(output, images), masks)
        if auxiliary is None:
            return loss
        return loss + self.recipe.auxiliary * self._cross_entropy(logits_of(auxiliary, images), masks)

    def _cross_entropy(self, logits: Tensor, masks: Tensor) -> Tensor:
        """The mean over the pixels of all processes, which average their gradients: hence the factor."""
        classes, ignored = logits.shape[1], self.recipe.ignore_index
        if self.num_classes != classes:
            check_labels("mask", masks, classes, ignored)
        weights = torch.ones(classes) if self.weights is None else self.weights
        if len(weights) != classes:
            raise ValueError(f"class_weights must have one weight a class, got {len(weights)} for {classes}")
        weights = weights.to(logits.device)
        # PyTorch's own default ignores -100, which no checked mask holds.
        ignore = -100 if ignored is None else ignored
        loss = F.cross_entropy(logits.float(), masks, weights, ignore_index=ignore, reduction="sum")
        counts = torch.bincount(masks.where(masks != ignore, classes).flatten(), minlength=classes + 1)[:classes]
        total = self.team.total((weights * counts).sum())
        return loss * self.team.count / total.clamp(min=1e-12)

    def report(self, validation_set: Dataset | None) -> bool:
        """Note the mean loss since the last report, and the scores; True if these weights are the best yet."""
        loss = (self.loss_sum / max(1, self.loss_steps)).item()
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"the loss is {loss} within {self.loss_steps} steps up to step {self.step}; "
                "lower the learning rate, add warmup or set clip"
            )
        self.loss_sum.zero_()
        self.loss_steps = 0
        entry: dict[str, Any] = {
            "step": self.step,
            "loss": loss,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
        }
        if validation_set is not None:
            entry |= evaluate(self.model, validation_set, ignore_index=self.recipe.ignore_index, team=self.team)
        self.history.append(entry)
        score = entry.get("mean_iou", self.step)
        better = score > self.best
        self.best = max(self.best, score)
        return better

    def summary(self) -> dict[str, str]:
        """The last entry of the history, for the progress bar."""
        entry = self.history[-1]
        return {key: f"{entry[key]:.3f}" for key in ("loss", "mean_iou") if key in entry}

    def show(self, callback: Callable[[nn.Module, dict[str, Any]], object]) -> None:
        """Hand over the model as it is now, and take it back as it was."""
        with evaluating(self.model):
            callback(self.model, dict(self.history[-1]))

    def checkpoint(self, name: str, options: dict[str, Any] | None) -> Checkpoint:
        """The weights as they are, with the last scores."""
        return Checkpoint(name, options or {}, self.model.state_dict(), self.history[-1])

    def store(self, path: Path) -> None:
        """Write all that the next step depends on."""
        state = {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "best": self.best,
            "history": self.history,
            "loss_sum": self.loss_sum,
            "loss_steps": self.loss_steps,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        content = io.BytesIO()
        torch.save(state, content)
        with replacing(path) as file:
            file.write(content.getbuffer())

    def restore(self, path: Path) -> None:
        """Carry on from a stored state."""
        try:
            # weights_only: tensors and plain values are read, and nothing is run.
            state = torch.load(path, map_location=self.team.device, weights_only=True)
            then = Recipe(**state["recipe"])
        except Exception as error:
            raise ValueError(f"{path} is cut short or no training state; remove it to start anew") from error
        changed = [f.name for f in fields(Recipe) if getattr(then, f.name) != getattr(self.recipe, f.name)]
        if changed:
            was = ", ".join(f"{key}={getattr(then, key)!r}" for key in changed)
            now = ", ".join(f"{key}={getattr(self.recipe, key)!r}" for key in changed)
            raise ValueError(f"{path} was trained with {was}, not {now}; resume with the same, or resume=False")
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{path} is the state of another model: {error}") from error
        self.scaler.load_state_dict(state["scaler"])
        self.step, self.best, self.history = state["step"], state["best"], state["history"]
        self.loss_sum, self.loss_steps = state["loss_sum"], state["loss_steps"]


def _optimizer(recipe: Recipe, parameters: Iterable[Any]) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
    return torch.optim.SGD(parameters, lr=rate, momentum=recipe.momentum, weight_decay=decay)
