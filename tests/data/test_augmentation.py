import itertools
from fractions import Fraction

import pytest
import torch
from torchvision import tv_tensors

from segviz.data import Scenes, augmentation, fitted
from segviz.data.augmentation import RandomScale


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


def offsets(axis, size, output_size):
    """How far right of its image each output's label lies, in input pixels, at the outputs that no border cuts."""
    # Four pixels wide: of a map one pixel wide PyTorch's antialiased resize gives the first row throughout.
    places = torch.arange(size)[:, None].expand(-1, 4).movedim(0, axis)
    wanted = (output_size, 4) if axis == 0 else (4, output_size)
    image, mask = fitted(wanted)(tv_tensors.Image(places.double().repeat(3, 1, 1)), tv_tensors.Mask(places.short()))
    border = max(2, output_size // size) + 1
    return (mask - image[0]).movedim(axis, 0)[border:-border]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("size", "output_size"),
    [(256, 64), (256, 128), (256, 96), (256, 192), (256, 320), (96, 192), (128, 512), (375, 500), (65, 513), (200, 77)],
)
def test_a_mask_lies_on_its_image_as_far_as_whole_pixels_can(axis, size, output_size):
    """Up to half a pixel to either side, and on the whole to neither; v2's default is 1.5 to one side at 256 → 64."""
    off = offsets(axis, size, output_size)
    assert off.abs().max() <= 0.5 + 1e-6
    assert abs(off.mean().item()) < 0.02


@pytest.mark.parametrize("axis", [0, 1])
def test_so_it_does_under_a_random_scale(axis):
    torch.manual_seed(0)
    places = torch.arange(160)[:, None].expand(-1, 160).movedim(0, axis)
    for _ in range(10):
        image, mask = RandomScale(0.3, 2.5)(
            tv_tensors.Image(places.double().expand(3, -1, -1)), tv_tensors.Mask(places)
        )
        assert isinstance(image, tv_tensors.Image) and isinstance(mask, tv_tensors.Mask)
        off = (mask - image[0])[5:-5, 5:-5]
        assert off.abs().max() <= 0.5 + 1e-6 and abs(off.mean().item()) < 0.02


def test_a_mask_takes_the_nearest_pixel_and_of_two_each_in_turn():
    """Against exact fractions, all sizes up to 24."""
    for size, output_size in itertools.product(range(1, 25), repeat=2):
        _, mask = fitted((1, output_size))(torch.zeros(1, 1, size), torch.arange(size)[None])
        for output, taken in enumerate(mask[0].tolist()):
            center = (output + Fraction(1, 2)) * Fraction(size, output_size) - Fraction(1, 2)
            away = sorted((abs(pixel - center), pixel) for pixel in range(size))
            nearest = [pixel for distance, pixel in away if distance == away[0][0]]
            assert taken == nearest[output % 2 if len(nearest) == 2 else 0], (size, output_size, output)


def test_an_image_and_a_mask_of_other_sizes_are_refused_before_any_resize():
    image, mask = pair(40, 90)
    for vary in (fitted((32, 32)), augmentation((32, 32))):
        with pytest.raises(ValueError, match="one size, got 40×90 and 90×40"):
            vary(image, tv_tensors.Mask(mask.T))


def test_an_image_alone_is_fitted_too():
    assert fitted((8, 9))(torch.rand(3, 5, 5)).shape == (3, 8, 9)


def test_fitted_brings_every_picture_to_one_size():
    image, mask = fitted((30, 30))(*pair())
    assert image.shape == (3, 30, 30) and set(mask.unique().tolist()) <= set(range(11))


@pytest.mark.parametrize("setting", [{"scale": (2, 1)}, {"scale": (0, 1)}, {"color": 1.0}, {"color": -0.1}])
def test_ranges_are_checked(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        augmentation((32, 32), **setting)
