"""What `align_corners` moves in a trained network: chapter 3's experiment.

`python -m segviz.lessons.studies.align_corners` remakes the stored results (about a quarter of an hour on one core).
Small FCNs on a dilated ResNet learn the scenes, with either convention in their last resize. Each is then scored under
both: the one it was trained with, and the other, as after a port that lost the flag.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from segviz.data import Scenes
from segviz.layers import resize
from segviz.metrics import boundary_f1, confusion_matrix, mean_iou, pixel_accuracy
from segviz.models import SegmentationModel, create_model
from segviz.training import Recipe, train

SIZE, SEEDS = 97, (0, 1, 2)  # 8k + 1 pixels: 13 cells at output stride 8
TRAINING_SCENES, TEST_SCENES, SHOWN_SCENES = 400, 60, 12
TEST_SEED = 1001
TOLERANCE = 2.0  # pixels, for the boundary F1
STORED = Path(__file__).parent / "align_corners.json"
LOGITS = STORED.with_suffix(".safetensors")


def results() -> list[dict[str, Any]]:
    """The stored scores: a dict for every network and convention it was used with."""
    return json.loads(STORED.read_text(encoding="utf-8"))


def mean(score: str, trained_with: bool, used_with: bool) -> float:
    """A stored score, averaged over the networks trained with one convention and used with one."""
    found = [r[score] for r in results() if (r["trained_with"], r["used_with"]) == (trained_with, used_with)]
    return sum(found) / len(found)


def shown_logits(*, trained_with: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Test images, masks, and the logits of the network of seed 0 on them, at its own size, before any resize.

    Shapes (12, 3, 97, 97), (12, 97, 97) and (12, 11, 13, 13).
    """
    images, masks = scenes(SHOWN_SCENES, TEST_SEED).tensors
    return images, masks, load_file(LOGITS)[str(trained_with)].float()


def scenes(length: int, seed: int) -> TensorDataset:
    """Scenes drawn once, since a training looks at each of them many times."""
    pairs = [Scenes(length, (SIZE, SIZE), seed)[index] for index in range(length)]
    images, masks = zip(*pairs, strict=True)
    return TensorDataset(torch.stack(images), torch.stack(masks))


def trained(align_corners: bool, seed: int) -> SegmentationModel:
    """A small FCN at output stride 8 whose last resize has that convention."""
    torch.manual_seed(seed)
    model = create_model("fcn_resnet", len(Scenes.classes), width=1 / 16, align_corners=align_corners)
    recipe = Recipe(steps=1500, batch_size=8, optimizer="adamw", learning_rate=3e-3, warmup=20, seed=seed)
    train(model, scenes(TRAINING_SCENES, seed), recipe=recipe, progress=False, device="cpu")
    return model


@torch.no_grad()
def logits_of(model: SegmentationModel, images: Tensor) -> Tensor:
    return torch.cat([model.logits(batch) for batch in images.split(12)])


def scores(logits: Tensor, masks: Tensor, *, trained_with: bool) -> list[dict[str, Any]]:
    """Under each convention: mean IoU, pixel accuracy, boundary F1, and the share of pixels whose class it changes."""
    maps = {flag: resize(logits, masks.shape[-2:], align_corners=flag).argmax(1) for flag in (True, False)}
    rows = []
    for flag, prediction in maps.items():
        matrix = confusion_matrix(prediction, masks, logits.shape[1])
        rows.append(
            {
                "trained_with": trained_with,
                "used_with": flag,
                "mean_iou": mean_iou(matrix),
                "pixel_accuracy": pixel_accuracy(matrix),
                "boundary_f1": boundary_f1(prediction, masks, logits.shape[1], TOLERANCE),
                "changed": (prediction != maps[trained_with]).float().mean().item(),
            }
        )
    return rows


def ideal(masks: Tensor, stride: int) -> Tensor:
    """The best that a map of that stride can hold: the true classes as one channel each, averaged over its cells.

    `masks` are (N, H, W) with H and W multiples of `stride`; the result is (N, K, H / stride, W / stride).

    >>> ideal(torch.tensor([[[0, 0, 1, 0]] * 4]), 4)[0, :2].flatten().tolist()
    [0.75, 0.25]
    """
    return F.avg_pool2d(F.one_hot(masks, len(Scenes.classes)).permute(0, 3, 1, 2).float(), stride)


def both(logits: Tensor, masks: Tensor, trained_with: bool) -> tuple[float, float]:
    """The mean IoU of scores (N, K, h, w) that are resized with the flag of the training, and with the other."""
    maps = [resize(logits, masks.shape[-2:], align_corners=flag).argmax(1) for flag in (trained_with, not trained_with)]
    own, other = (mean_iou(confusion_matrix(each, masks, logits.shape[1])) for each in maps)
    return own, other


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train and score chapter 3's networks again.")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--to", type=Path, default=STORED, help="where the scores go; the logits go beside them")
    asked = parser.parse_args(arguments)
    images, masks = scenes(TEST_SCENES, TEST_SEED).tensors
    rows, kept = [], {}
    for seed in asked.seeds:
        for flag in (True, False):
            logits = logits_of(trained(flag, seed), images)
            rows += [{"seed": seed, **row} for row in scores(logits, masks, trained_with=flag)]
            asked.to.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            if seed == SEEDS[0]:
                kept[str(flag)] = logits[:SHOWN_SCENES].half()
                save_file(kept, asked.to.with_suffix(".safetensors"))
            print(*rows[-2:], sep="\n", flush=True)


if __name__ == "__main__":
    main()
