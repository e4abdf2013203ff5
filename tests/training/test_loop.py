import copy
import json
import math
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision.models.segmentation import fcn_resnet50
from torchvision.transforms import v2

from segviz.checkpoints import load_checkpoint
from segviz.data import Scenes, class_shares
from segviz.training import (
    Recipe,
    balanced_weights,
    evaluate,
    schedule,
    train,
)
from segviz.training.optimization import freeze_batch_norm

RECIPE = Recipe(steps=6, batch_size=4, learning_rate=0.05, seed=3)
CPU = "cpu"


def small_model(dropout=0.0):
    """Two convolutions with what makes resuming hard between them: normalization and dropout."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(dropout), nn.Conv2d(8, 11, 1)
    )
    model.num_classes = 11
    return model


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def flipped_scenes(length=10):
    return Scenes(length, (32, 32), transforms=v2.RandomHorizontalFlip())


def fit(model, **settings):
    settings = {"recipe": RECIPE, "device": CPU, "progress": False} | settings
    return train(model, settings.pop("training_set", flipped_scenes()), **settings)


# Schedule, weights and checks


def test_poly_schedule_falls_from_one_towards_zero():
    recipe = Recipe(steps=10, power=0.9)
    rates = [schedule(step, recipe) for step in range(10)]
    assert rates[0] == 1 and rates[5] == 0.5**0.9
    assert rates == sorted(rates, reverse=True) and rates[-1] > 0


def test_warmup_grows_to_the_schedule():
    recipe = Recipe(steps=10, power=0, warmup=3)
    assert [schedule(step, recipe) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_balanced_weights_by_hand():
    assert balanced_weights(torch.tensor([0.5, 0.25, 0.0, 0.01])) == (0.5, 1.0, 0.0, 10.0)


def test_class_shares_of_scenes_add_up_to_one():
    shares = class_shares(Scenes(5, (64, 64)), 11)
    assert shares.sum().item() == pytest.approx(1) and (shares > 0).sum() >= 8


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"optimizer": "adam"}, ValueError),
        ({"steps": 0}, ValueError),
        ({"steps": 2.5}, TypeError),
        ({"batch_size": True}, TypeError),
        ({"learning_rate": -1.0}, ValueError),
        ({"learning_rate": math.nan}, ValueError),
        ({"clip": 0.0}, ValueError),
    ],
)
def test_a_recipe_is_checked(setting, error):
    with pytest.raises(error, match=next(iter(setting))):
        Recipe(**setting)


@pytest.mark.parametrize("known", [True, False])
def test_training_refuses_unknown_labels_whether_or_not_the_model_says_its_classes(known):
    model = small_model()
    if not known:
        del model.num_classes
    wrong = [(torch.rand(3, 8, 8), torch.full((8, 8), 17))] * 4
    with pytest.raises(ValueError, match=r"unknown labels \[17\]"):
        fit(model, training_set=wrong)


def test_class_weights_of_another_number_are_refused():
    with pytest.raises(ValueError, match="one weight a class, got 2 for 11"):
        fit(small_model(), recipe=replace(RECIPE, class_weights=(1.0, 2.0)))


# What is learned


def test_training_lowers_the_loss_and_tells_its_history():
    recipe = Recipe(steps=40, batch_size=4, optimizer="adamw", learning_rate=0.01)
    history = fit(small_model(), recipe=recipe, validation_set=Scenes(4, (32, 32), seed=1), validate_every=20)
    assert [entry["step"] for entry in history] == [20, 40]
    assert history[1]["loss"] < history[0]["loss"] < 2.4
    assert 0 < history[1]["mean_iou"] < 1 and len(history[1]["class_iou"]) == 11


def test_one_sgd_step_is_the_gradient_of_the_weighted_mean_over_labeled_pixels():
    weights = tuple(range(1, 12))
    recipe = Recipe(steps=1, batch_size=2, learning_rate=0.1, weight_decay=0, momentum=0, class_weights=weights)
    pairs = [(torch.rand(3, 4, 4), torch.randint(11, (4, 4))) for _ in range(2)]
    pairs[0][1][:2] = 255
    model, reference = nn.Conv2d(3, 11, 1), nn.Conv2d(3, 11, 1)
    reference.load_state_dict(model.state_dict())
    fit(model, training_set=pairs, recipe=recipe)
    images, masks = (torch.stack(parts) for parts in zip(*pairs, strict=True))
    nn.CrossEntropyLoss(torch.tensor(weights, dtype=torch.float32), ignore_index=255)(
        reference(images), masks
    ).backward()
    assert torch.allclose(model.weight, reference.weight - 0.1 * reference.weight.grad, atol=1e-6)


def test_a_picture_without_any_label_changes_nothing():
    labeled = torch.rand(3, 4, 4), torch.randint(11, (4, 4))
    blank = torch.rand(3, 4, 4), torch.full((4, 4), 255)
    with_it, without = nn.Conv2d(3, 11, 1), nn.Conv2d(3, 11, 1)
    without.load_state_dict(with_it.state_dict())
    fit(with_it, training_set=[labeled, blank], recipe=Recipe(steps=1, batch_size=2))
    fit(without, training_set=[labeled], recipe=Recipe(steps=1, batch_size=1))
    assert torch.allclose(with_it.weight, without.weight)


def test_groups_keep_the_ratio_of_their_rates_along_the_schedule():
    model = nn.Conv2d(3, 11, 1)
    start = {key: value.clone() for key, value in model.state_dict().items()}
    groups = [{"params": [model.weight], "lr": 0.0}, {"params": [model.bias], "lr": 0.1}]
    fit(model, parameters=groups)
    assert torch.equal(model.weight, start["weight"]) and not torch.equal(model.bias, start["bias"])


def test_an_auxiliary_head_is_trained_too():
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.main, self.aux_classifier = nn.Conv2d(3, 11, 1), nn.Conv2d(3, 11, 1)

        def forward(self, x, *, return_aux=False):
            return (self.main(x), self.aux_classifier(x)) if return_aux else self.main(x)

    model = TwoHeads()
    before = model.aux_classifier.weight.clone()
    fit(model)
    assert not torch.equal(model.aux_classifier.weight, before)


@pytest.mark.parametrize("auxiliary", [0.0, 0.5])
def test_torchvisions_dict_is_trained_with_its_auxiliary_loss(auxiliary):
    """One step of plain SGD is the gradient of the loss that torchvision's own reference training has."""
    recipe = Recipe(steps=1, batch_size=2, learning_rate=0.1, weight_decay=0, momentum=0, auxiliary=auxiliary)
    pairs = [(torch.rand(3, 32, 32), torch.randint(21, (32, 32))) for _ in range(2)]
    torch.manual_seed(0)
    model = freeze_batch_norm(fcn_resnet50(weights=None, weights_backbone=None, num_classes=21, aux_loss=True))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0
    reference = copy.deepcopy(model).train()
    fit(model, training_set=pairs, recipe=recipe)
    images, masks = (torch.stack(parts) for parts in zip(*pairs, strict=True))
    given = reference(images)
    loss = nn.functional.cross_entropy(given["out"], masks) + auxiliary * nn.functional.cross_entropy(
        given["aux"], masks
    )
    loss.backward()
    for name, ours in (("classifier.4", model.classifier[4]), ("aux_classifier.4", model.aux_classifier[4])):
        theirs = reference.get_submodule(name)
        assert torch.allclose(ours.bias, theirs.bias - 0.1 * theirs.bias.grad, atol=1e-6), name


class Foreign(nn.Module):
    """A network that gives its logits in one of the ways that are about."""

    def __init__(self, wrapped):
        super().__init__()
        self.classifier, self.aux_classifier = nn.Conv2d(3, 11, 1), nn.Conv2d(3, 11, 1)
        self.num_classes = "eleven"
        self.wrapped = wrapped

    def forward(self, x):
        return self.wrapped(self.classifier(x))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda y: y,
        lambda y: {"out": y},
        lambda y: OrderedDict(logits=y),
        lambda y: (y, "a word"),
        lambda y: [{"note": 1, "out": y}],
    ],
)
def test_foreign_networks_are_trained_and_scored_however_they_give_their_logits(wrapped):
    history = fit(Foreign(wrapped), validation_set=Scenes(2, (32, 32)))
    assert 0 <= history[-1]["mean_iou"] <= 1


def test_a_network_without_logits_or_with_smaller_ones_is_told_the_rule():
    with pytest.raises(TypeError, match="or a dict with them as 'out', got str"):
        fit(Foreign(lambda y: "word"))
    with pytest.raises(ValueError, match=r"\(4, 11, 16, 16\) for images \(4, 3, 32, 32\); resize them with F.interp"):
        fit(Foreign(lambda y: y[..., ::2, ::2]))
    with pytest.raises(ValueError, match=r"logits \(N, K, H, W\)"):
        evaluate(Foreign(lambda y: y.mean((2, 3))), Scenes(2, (32, 32)), device=CPU)


@pytest.mark.parametrize("workers", [0, 1])
def test_pictures_of_several_sizes_in_a_step_are_refused_with_the_way_out(workers):
    pairs = [(torch.rand(3, 8, side), torch.randint(11, (8, side))) for side in (8, 9, 8, 10)]
    with pytest.raises(ValueError, match=r"of one size, got 8×8, 8×9, 8×10; give the data set transforms=.*fitted"):
        fit(small_model(), training_set=pairs, workers=workers)
    fit(small_model(), training_set=pairs, recipe=replace(RECIPE, batch_size=1))


def test_a_loss_that_is_no_number_stops_the_training():
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(small_model(), recipe=replace(RECIPE, learning_rate=1e30))


def test_the_model_comes_back_for_use_and_the_callers_dice_are_untouched():
    model = small_model(dropout=0.5)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    fit(model)
    assert not model.training
    assert torch.equal(torch.rand(1), expected)


# The same result however it came about


def test_the_same_seed_gives_the_same_weights_and_another_gives_others():
    one, two, three = small_model(0.3), small_model(0.3), small_model(0.3)
    fit(one), fit(two), fit(three, recipe=replace(RECIPE, seed=4))
    assert equal(one, two) and not equal(one, three)


def test_workers_change_nothing():
    one, two = small_model(0.3), small_model(0.3)
    fit(one), fit(two, workers=2)
    assert equal(one, two)


class _Killed(Dataset := torch.utils.data.Dataset):
    """A data set that stops the training at its n-th picture."""

    def __init__(self, dataset, pictures):
        self.dataset, self.left = dataset, pictures

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.dataset[index]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_resumed_training_equals_an_unbroken_one_to_the_bit(tmp_path, optimizer):
    recipe = replace(RECIPE, optimizer=optimizer)
    validation = Scenes(3, (32, 32), seed=1)
    unbroken = small_model(0.3)
    expected = fit(unbroken, recipe=recipe, validation_set=validation, validate_every=2)

    broken = small_model(0.3)
    settings = {"recipe": recipe, "directory": tmp_path, "validation_set": validation, "validate_every": 2}
    with pytest.raises(KeyboardInterrupt):
        fit(broken, training_set=_Killed(flipped_scenes(), 4 * 5 + 1), **settings, save_every=1)
    resumed = small_model(0.3)
    history = fit(resumed, **settings, save_every=1)
    assert equal(unbroken, resumed)
    assert history == expected


def test_a_callback_sees_the_model_in_evaluation_at_each_report_and_changes_nothing():
    seen = []

    def look(model, entry):
        seen.append((entry["step"], model.training, model(torch.rand(1, 3, 8, 8)).shape))

    watched, unwatched = small_model(0.3), small_model(0.3)
    freeze_batch_norm(watched), freeze_batch_norm(unwatched)
    history = fit(watched, validate_every=4, callback=look)
    assert seen == [(entry["step"], False, (1, 11, 8, 8)) for entry in history] and len(seen) == 2
    fit(unwatched, validate_every=4)
    assert equal(watched, unwatched)


def test_a_real_kill_between_two_saves_loses_only_the_steps_since(tmp_path):
    script = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        from test_loop import *
        torch.set_num_threads(1)  # as in this process: sums in one order
        class Deadly(Scenes):
            left = 4 * 5 + 2
            def __getitem__(self, index):
                Deadly.left -= 1
                if Deadly.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().__getitem__(index)
        deadly = Deadly(10, (32, 32), transforms=v2.RandomHorizontalFlip())
        fit(small_model(0.3), training_set=deadly, directory={str(tmp_path)!r}, save_every=2)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 4
    unbroken, resumed = small_model(0.3), small_model(0.3)
    fit(unbroken), fit(resumed, directory=tmp_path, save_every=2)
    assert equal(unbroken, resumed)


def test_a_finished_training_is_not_trained_again(tmp_path):
    first, second = small_model(), small_model()
    history = fit(first, directory=tmp_path)
    assert fit(second, directory=tmp_path) == history and equal(first, second)


def test_without_resume_training_starts_anew(tmp_path):
    fit(small_model(), directory=tmp_path)
    model = small_model()
    fit(model, directory=tmp_path, resume=False, recipe=replace(RECIPE, steps=1))
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 1


def test_a_state_of_another_recipe_model_or_size_is_refused(tmp_path):
    fit(small_model(), directory=tmp_path)
    with pytest.raises(ValueError, match=r"trained with learning_rate=0.05, not learning_rate=0.1"):
        fit(small_model(), directory=tmp_path, recipe=replace(RECIPE, learning_rate=0.1))
    with pytest.raises(ValueError, match="state of another model"):
        fit(nn.Conv2d(3, 11, 1), directory=tmp_path)
    state = tmp_path / "state.pt"
    state.write_bytes(state.read_bytes()[:500])
    with pytest.raises(ValueError, match="cut short"):
        fit(small_model(), directory=tmp_path)


def test_the_best_weights_are_kept_with_their_options_and_scores(tmp_path):
    fit(small_model(), directory=tmp_path, name="small", options={"width": 1}, validation_set=Scenes(3, (32, 32)))
    checkpoint = load_checkpoint(tmp_path / "model.safetensors", "small")
    history = json.loads((tmp_path / "history.json").read_text())
    assert checkpoint.options == {"width": 1}
    assert checkpoint.scores["mean_iou"] == max(entry["mean_iou"] for entry in history)
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


# Several processes


class PartlyLabeled(Scenes):
    """Flipped scenes that lack a class, another in each: what a process has to average over differs."""

    def __init__(self):
        super().__init__(10, (32, 32), transforms=v2.RandomHorizontalFlip())

    def __getitem__(self, index):
        image, mask = super().__getitem__(index)
        return image, mask.masked_fill(mask == index % 4, 255)


_SHARED = """
    import sys
    sys.path.insert(0, {tests!r})
    import torch
    from test_loop import *
    torch.set_num_threads(1)
    model = small_model()
    history = train(model, PartlyLabeled(), Scenes(5, (32, 32), seed=1), recipe=RECIPE, progress=False)
    torch.save((model.state_dict(), history), {path!r} + "/" + os.environ.get("RANK", "alone"))
"""


def _run_shared(tmp_path, **environment):
    script = textwrap.dedent(_SHARED.format(tests=os.path.dirname(__file__), path=str(tmp_path)))
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"} | environment
    return subprocess.Popen([sys.executable, "-c", script], env=environment)


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def test_two_processes_give_the_result_of_one_on_the_same_pictures(tmp_path):
    rendezvous = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": _free_port(),
        "WORLD_SIZE": "2",
        "ACCELERATE_USE_CPU": "true",
    }
    pair = [_run_shared(tmp_path, RANK=str(rank), LOCAL_RANK=str(rank), **rendezvous) for rank in (0, 1)]
    alone = _run_shared(tmp_path, WORLD_SIZE="1")
    assert [process.wait(timeout=120) for process in (*pair, alone)] == [0, 0, 0]
    (first, history), (second, _), (single, expected) = (torch.load(tmp_path / name) for name in ("0", "1", "alone"))
    for key, value in single.items():
        assert torch.equal(first[key], second[key])
        assert torch.allclose(first[key], value, rtol=1e-4, atol=1e-6), key
    assert history[-1]["loss"] == pytest.approx(expected[-1]["loss"], rel=1e-5)
    assert history[-1]["mean_iou"] == pytest.approx(expected[-1]["mean_iou"], abs=1e-3)


# On a GPU


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("amp", [False, True])
def test_training_on_a_gpu_lowers_the_loss(amp):
    recipe = Recipe(steps=40, batch_size=4, optimizer="adamw", learning_rate=0.01)
    history = fit(small_model(), recipe=recipe, device="cuda", amp=amp, validate_every=20)
    assert history[1]["loss"] < history[0]["loss"]
