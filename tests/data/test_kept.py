"""Samples that are made once and kept."""

import pytest
import torch
from torchvision.transforms import v2

from segviz.data import Kept, Scenes


class Counted(Scenes):
    """Scenes that count how often one is drawn."""

    drawn = 0

    def __getitem__(self, index):
        self.drawn += 1
        return super().__getitem__(index)


def test_a_sample_is_made_once_and_comes_back_to_the_bit():
    scenes = Counted(3, (32, 32))
    kept = Kept(scenes)
    first, again = kept[2], kept[2]
    assert scenes.drawn == 1 and len(kept) == 3
    for image, mask in (first, again):
        assert torch.equal(image, Scenes(3, (32, 32))[2][0]) and torch.equal(mask, Scenes(3, (32, 32))[2][1])


def test_what_varies_a_sample_does_not_touch_the_one_that_is_kept():
    scenes = Scenes(1, (32, 32))
    mirrored = Kept(scenes, transforms=v2.RandomHorizontalFlip(1))
    mirrored[0]
    image, mask = mirrored[0]
    assert torch.equal(image, scenes[0][0].flip(-1)) and torch.equal(mask, scenes[0][1].flip(-1))
    assert image.dtype == torch.float32 and mask.dtype == torch.int64


@pytest.mark.parametrize("label", [-1, 256, -100])
def test_labels_that_no_byte_holds_are_refused_and_not_wrapped(label):
    mask = torch.zeros(2, 2, dtype=torch.int64)
    mask[0, 0] = label
    with pytest.raises(ValueError, match="must fit into bytes"):
        Kept([(torch.rand(3, 2, 2), mask)])[0]
