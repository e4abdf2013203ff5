import pytest
import torch
from torchvision import tv_tensors

from segviz.data import Scenes, augmentation, fitted


def pair(height=40, width=60):
    """An image whose red channel is its mask, so that one tells where the other went."""
    coarse = torch.randint(0, 11, (height // 10, width // 10))
    labels = coarse.repeat_interleave(10, 0).repeat_interleave(10, 1)
    image = torch.stack([labels * 20, labels * 0, labels * 0]).byte()
    return tv_tensors.Image(image), tv_tensors.Mask(labels.byte())


def test_image_and_mask_have_the_size_of_the_crop():
    image, mask = augmentation((32, 48))(*pair())
    assert image.shape == (3, 32, 48) and mask.shape == (32, 48)


def test_masks_hold_only_labels_they_held_before_and_the_ignored_one():
    torch.manual_seed(0)
    vary = augmentation((50, 50))
    for _ in range(20):
        image, mask = pair()
        assert set(vary(image, mask)[1].unique().tolist()) <= {*mask.unique().tolist(), 255}


@pytest.mark.parametrize(("scale", "agreement"), [((1, 1), 1.0), ((0.5, 2), 0.7)])
def test_image_and_mask_stay_aligned(scale, agreement):
    """To the pixel by crops and mirrors; under a resize all but the edges, where the image is interpolated."""
    torch.manual_seed(0)
    vary = augmentation((32, 40), scale=scale, color=0)
    agreements = []
    for _ in range(10):
        image, mask = vary(*pair())
        known = mask != 255
        agreements.append((image[0].int() - 20 * mask.int()).abs()[known].le(2).float().mean().item())
    assert sum(agreements) / 10 >= agreement


def test_what_lies_outside_the_picture_is_ignored():
    image, mask = augmentation((64, 64), scale=(0.5, 0.5), color=0)(*pair(60, 60))
    assert (mask == 255).sum() == 64 * 64 - 30 * 30
    assert (image[:, mask == 255] == 127).all()


def test_colors_change_in_the_image_alone():
    torch.manual_seed(1)
    image, mask = pair()
    varied, same = augmentation((40, 60), scale=(1, 1), flip=0, color=0.5)(image, mask)
    assert torch.equal(same, mask) and not torch.equal(varied, image)


def test_the_same_seed_varies_the_same_way():
    vary, (image, mask) = augmentation((32, 32)), pair()
    torch.manual_seed(3)
    one = vary(image, mask)
    torch.manual_seed(3)
    two = vary(image, mask)
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])


def test_scenes_take_it():
    image, mask = Scenes(2, (64, 64), transforms=augmentation((48, 48)))[0]
    assert image.shape == (3, 48, 48) and image.min() >= 0 and image.max() <= 1
    assert mask.dtype == torch.int64 and set(mask.unique().tolist()) <= {*range(11), 255}


def test_fitted_brings_every_picture_to_one_size():
    image, mask = fitted((30, 30))(*pair())
    assert image.shape == (3, 30, 30) and set(mask.unique().tolist()) <= set(range(11))


@pytest.mark.parametrize("setting", [{"scale": (2, 1)}, {"scale": (0, 1)}, {"color": 1.0}, {"color": -0.1}])
def test_ranges_are_checked(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        augmentation((32, 32), **setting)
