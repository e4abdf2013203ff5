"""Learning-rate groups, normalization that stays as it is told, layout and precision."""

import copy

import pytest
import torch
from torch import nn

from segviz import create_model, list_models
from segviz.training.optimization import (
    FrozenBatchNorm2d,
    channels_last,
    freeze_batch_norm,
    half_precision,
    parameter_groups,
    settle_batch_norm,
    synchronize_batch_norm,
)


class Small(nn.Module):
    """A backbone and a head, with a normalization in each."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4))
        self.head = nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))

    def forward(self, x):
        return self.head(self.backbone(x))


def images(batch=2):
    return torch.rand(batch, 3, 9, 9, generator=torch.Generator().manual_seed(0))


# Learning-rate groups


def test_the_backbone_learns_once_and_new_layers_ten_times():
    model = Small()
    old, new = parameter_groups(model, 0.01)
    assert (old["name"], old["lr"], new["name"], new["lr"]) == ("backbone", 0.01, "new layers", 0.1)
    assert list(map(id, old["params"])) == list(map(id, model.backbone.parameters()))
    assert list(map(id, new["params"])) == list(map(id, model.head.parameters()))


@pytest.mark.parametrize("name", list_models())
def test_groups_are_disjoint_and_complete(name):
    with torch.device("meta"):
        model = create_model(name)
    groups = parameter_groups(model, 0.01)
    listed = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(listed) == len(set(listed))
    assert set(listed) == {id(parameter) for parameter in model.parameters()}
    assert all(group["params"] for group in groups)


def test_a_network_without_a_backbone_learns_at_one_rate():
    (group,) = parameter_groups(nn.Conv2d(3, 4, 1), 0.01)
    assert (group["name"], group["lr"], len(group["params"])) == ("new layers", 0.01, 2)


def test_frozen_parameters_are_in_no_group():
    model = Small()
    model.backbone.requires_grad_(False)
    (group,) = parameter_groups(model, 0.01)
    assert (group["name"], group["lr"]) == ("new layers", 0.1)


def test_an_optimizer_takes_the_groups_and_their_settings():
    optimizer = torch.optim.SGD(parameter_groups(Small(), 0.01, new_layers=20, weight_decay=4e-5), momentum=0.9)
    assert [(g["lr"], g["weight_decay"], g["momentum"]) for g in optimizer.param_groups] == [
        (0.01, 4e-5, 0.9),
        (0.2, 4e-5, 0.9),
    ]


@pytest.mark.parametrize(("settings", "parameter"), [({"lr": 0}, "lr"), ({"lr": 0.1, "new_layers": -1}, "new_layers")])
def test_rates_are_above_zero(settings, parameter):
    with pytest.raises(ValueError, match=rf"{parameter}: got"):
        parameter_groups(Small(), **settings)


# Frozen normalization


def test_frozen_statistics_survive_the_next_train():
    model = freeze_batch_norm(Small())
    before = copy.deepcopy(model.state_dict())
    model.train()(images())
    after = model.state_dict()
    assert model.training
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_eval_by_hand_does_not_survive_it():
    model = Small()
    model.backbone[1].eval()
    before = model.backbone[1].running_mean.clone()
    model.train()(images())
    assert not torch.equal(model.backbone[1].running_mean, before)


def test_frozen_layers_have_no_gradient_and_the_rest_has():
    model = freeze_batch_norm(Small()).train()
    model(images()).sum().backward()
    assert model.backbone[1].weight.grad is None
    assert model.backbone[0].weight.grad.abs().sum() > 0


def test_frozen_layers_compute_what_evaluation_does():
    torch.manual_seed(0)
    model = Small()
    model(images())
    expected = copy.deepcopy(model).eval()(images())
    torch.testing.assert_close(freeze_batch_norm(model).train()(images()), expected)


def test_freezing_keeps_names_weights_and_the_optimizer_s_parameters():
    model = Small()
    known = {name: id(parameter) for name, parameter in model.named_parameters()}
    keys = list(model.state_dict())
    freeze_batch_norm(model)
    assert {name: id(parameter) for name, parameter in model.named_parameters()} == known
    assert list(model.state_dict()) == keys
    assert isinstance(copy.deepcopy(model).train().head[0], FrozenBatchNorm2d)


def test_a_frozen_trunk_beside_a_learning_head():
    model = create_model("deeplabv3", width=0.0625)
    freeze_batch_norm(model.backbone)
    model.train()
    norms = {True: 0, False: 0}
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            norms[module.training] += 1
            assert module.training != name.startswith("backbone")
    assert norms == {True: 7, False: 53}


# Synchronized normalization


def test_synchronizing_is_pytorchs_own_conversion():
    model = create_model("deeplabv3plus", width=0.0625, backbone="mobilenet_v2")
    expected = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(model))
    synchronized = synchronize_batch_norm(copy.deepcopy(model))
    assert [type(m) for m in synchronized.modules()] == [type(m) for m in expected.modules()]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in synchronized.modules())
    x = torch.rand(1, 3, 33, 33)
    torch.testing.assert_close(synchronized.eval()(x), model.eval()(x))


def test_what_is_frozen_is_not_to_be_woken():
    with pytest.raises(ValueError, match=r"2 of its batch normalizations are frozen, 'backbone.1' the first"):
        synchronize_batch_norm(freeze_batch_norm(Small()))


def test_synchronized_layers_can_be_frozen():
    model = freeze_batch_norm(synchronize_batch_norm(Small())).train()
    assert [type(m) for m in (model.backbone[1], model.head[0])] == [FrozenBatchNorm2d] * 2
    assert model(images()).shape == (2, 2, 7, 7)


# Layout and precision


@pytest.mark.parametrize("name", ["fcn_resnet", "deeplabv3", "deeplabv3plus", "deeplabv1"])
def test_channels_last_changes_logits_by_rounding_alone(name):
    torch.manual_seed(0)
    model = create_model(name, width=0.125).eval()
    x = torch.rand(1, 3, 41, 33)
    with torch.no_grad():
        plain, other = model(x), channels_last(copy.deepcopy(model))(x)
    assert (plain - other).abs().max() <= 1e-5 * plain.abs().max()


def test_nothing_is_in_another_layout_or_precision_unless_asked():
    model = create_model("deeplabv3", width=0.0625).eval()
    assert all(parameter.is_contiguous() for parameter in model.parameters())
    with torch.no_grad():
        assert model(torch.rand(1, 3, 17, 17)).dtype == torch.float32


def test_half_precision_is_sixteen_bits_and_close():
    torch.manual_seed(0)
    model = create_model("deeplabv3", width=0.125).eval()
    x = torch.rand(1, 3, 41, 33)
    with torch.no_grad(), half_precision("cpu"):
        half = model(x)
    with torch.no_grad():
        full = model(x)
    assert half.dtype == torch.bfloat16
    assert (half.float() - full).abs().max() <= 0.05 * full.abs().max()


def test_settled_statistics_are_the_mean_over_the_batches_without_dropout():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.9), nn.BatchNorm2d(4)).train()
    before = model[2].running_mean.clone()
    batches = [torch.rand(2, 3, 5, 5) for _ in range(4)]
    settle_batch_norm(model, batches)
    expected = torch.stack([model[0](batch).mean((0, 2, 3)) for batch in batches]).mean(0)
    assert torch.allclose(model[2].running_mean, expected, atol=1e-6) and not torch.equal(before, expected)
    assert model[2].momentum == 0.1 and all(module.training for module in model.modules())
