"""Masks that leave nothing to tell apart stop a training and a scoring; masks that only look like it do not."""

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from segviz import create_model
from segviz.data import class_shares
from segviz.metrics import confusion_matrix
from segviz.training import Recipe, evaluate, train
from segviz.training.labels import MOST, require_classes


def black_and_white(pictures=4, side=32):
    """Bright squares on dark ground, and masks of them as a drawing program saves two classes: 0 and 255."""
    generator = torch.Generator().manual_seed(0)
    pairs = []
    for _ in range(pictures):
        mask = torch.zeros(side, side, dtype=torch.int64)
        top, left = torch.randint(0, side - 8, (2,), generator=generator).tolist()
        mask[top : top + 8, left : left + 8] = 255
        pairs.append(((mask / 255).expand(3, -1, -1).contiguous(), mask))
    return pairs


def fit(dataset, model=None, **settings):
    recipe = Recipe(steps=2, batch_size=2, **settings)
    return train(model or nn.Conv2d(3, 2, 1), dataset, recipe=recipe, device="cpu", progress=False)


def test_masks_of_0_and_255_stop_the_training_of_two_classes():
    with pytest.raises(ValueError, match=r"training_set holds no class but 0 beside pixels of 255.*mask == 255"):
        fit(black_and_white(), create_model("unet", 2, width=0.1))


def test_masks_of_0_and_255_get_no_perfect_score():
    """A network that says 0 everywhere finds none of the 4 · 64 pixels of foreground: their IoU is 0."""
    pairs = black_and_white()
    blind = nn.Conv2d(3, 2, 1)
    nn.init.zeros_(blind.weight), blind.bias.data.copy_(torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="dataset holds no class but 0 beside pixels of 255"):
        evaluate(blind, pairs, device="cpu")
    mended = [(image, (mask == 255).long()) for image, mask in pairs]
    assert evaluate(blind, mended, device="cpu")["class_iou"] == [1 - 64 / 1024, 0]


def test_a_validation_set_is_looked_at_before_the_training():
    good = [(torch.rand(3, 4, 4), torch.randint(2, (4, 4)))] * 4
    with pytest.raises(ValueError, match="validation_set holds no class but 0"):
        train(nn.Conv2d(3, 2, 1), good, black_and_white(), recipe=Recipe(steps=50), device="cpu", progress=False)


@pytest.mark.parametrize("ignored", [255, -100])
def test_masks_that_are_ignored_altogether_stop_both(ignored):
    blank = [(torch.rand(3, 4, 4), torch.full((4, 4), ignored))] * 3
    with pytest.raises(ValueError, match=f"nothing but pixels of {ignored}"):
        fit(blank, ignore_index=ignored)
    with pytest.raises(ValueError, match=f"nothing but pixels of {ignored}"):
        evaluate(nn.Conv2d(3, 2, 1), blank, ignore_index=ignored, device="cpu")


class OneClassAPicture(Dataset):
    """Pictures of one class and an ignored border each, as small crops of streets are; together they have two."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        mask = torch.full((6, 6), 255)
        mask[1:-1, 1:-1] = int(index >= 30)
        return torch.rand(3, 6, 6), mask


def test_pictures_of_one_class_and_a_border_train_on():
    state = torch.get_rng_state()
    assert len(fit(OneClassAPicture())) == 2
    assert evaluate(nn.Conv2d(3, 2, 1), OneClassAPicture(), device="cpu")["mean_iou"] < 1
    torch.set_rng_state(state)


@pytest.mark.parametrize(
    "masks",
    [
        [[0, 0], [0, 0]],  # one class and nothing ignored: nothing was lost
        [[0, 1], [255, 255]],
        [[255, 255], [0, 1]],  # a picture that nobody labeled
    ],
)
def test_masks_that_lose_no_class_pass(masks):
    require_classes("set", [(None, torch.tensor([mask])) for mask in masks], 255)


def test_who_names_the_label_to_ignore_may_have_one_class():
    require_classes("set", [(None, torch.tensor([[0, -1]]))], -1)


def test_a_large_set_is_looked_at_here_and_there():
    asked = []

    class Counted(Dataset):
        def __len__(self):
            return 10 * MOST

        def __getitem__(self, index):
            asked.append(index)
            return None, torch.tensor([[0, 255]])

    with pytest.raises(ValueError, match=f"in {MOST} pictures"):
        require_classes("set", Counted(), 255)
    assert asked == list(range(0, 10 * MOST, 10))


def test_one_picture_is_asked_for_where_it_has_two_classes_and_no_chance_is_spent():
    class Random(Dataset):
        asked = 0

        def __len__(self):
            return 9

        def __getitem__(self, index):
            Random.asked += 1
            return None, torch.randperm(4)

    state = torch.get_rng_state()
    require_classes("set", Random(), 255)
    assert Random.asked == 1 and torch.equal(torch.get_rng_state(), state)


# More classes than bytes


def test_with_more_than_255_classes_255_is_not_ignored_by_default():
    prediction, target = torch.tensor([299, 255]), torch.tensor([299, 255])
    with pytest.raises(ValueError, match="with 300 classes that is a class too"):
        confusion_matrix(prediction, target, 300)
    assert confusion_matrix(prediction, target, 300, ignore_index=None).sum() == 2
    assert confusion_matrix(prediction, target, 300, ignore_index=-1).sum() == 2


@pytest.mark.parametrize("told", [True, False])
def test_training_and_scoring_refuse_it_too(told):
    model = nn.Conv2d(3, 256, 1)
    if told:
        model.num_classes = 256
    pairs = [(torch.rand(3, 4, 4), torch.randint(256, (4, 4)))] * 4
    with pytest.raises(ValueError, match="with 256 classes"):
        fit(pairs, model)
    with pytest.raises(ValueError, match="with 256 classes"):
        evaluate(model, pairs, device="cpu")
    assert len(fit(pairs, model, ignore_index=None)) == 2
    assert evaluate(model, pairs, ignore_index=None, device="cpu")["mean_iou"] < 1


def test_255_classes_leave_255_free():
    assert confusion_matrix(torch.tensor([254, 3]), torch.tensor([254, 255]), 255).sum() == 1


def test_shares_of_nothing_are_refused():
    with pytest.raises(ValueError, match="no labeled pixel"):
        class_shares([(None, torch.full((2, 2), 255))], 2)
