import hashlib
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2

from segviz.data import PALETTE, Scenes
from segviz.data.dice import Dice
from segviz.data.layout import draw_scene
from segviz.data.light import LIGHTS, blotches, dim, mix
from segviz.data.stage import BICYCLE, BUS, CLASSES, POLE, SIGN, Camera, Stage
from segviz.data.traffic import mirrored_bicycle, person

SKY, BUILDING, ROAD = 0, 1, 2


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(5, index) for index in range(60)]


# Random draws


def test_dice_fall_the_same_everywhere():
    """Raw words of PCG64, which NumPy never changes: values written down once."""
    dice = Dice(1, 2)
    assert [dice.whole(1, 6) for _ in range(8)] == [3, 2, 4, 2, 5, 1, 3, 4]
    assert Dice(1, 2).grain(2, 3).tolist() == [[-62, -69, -84], [-92, -73, 85]]


def test_dice_stay_in_their_bounds():
    dice = Dice(0)
    assert {dice.whole(2, 4) for _ in range(300)} == {2, 3, 4}
    assert all(-1 <= dice.between(-1, 3) < 3 for _ in range(300))
    assert {dice.pick("ab") for _ in range(50)} == {"a", "b"}
    assert not any(dice.chance(0) for _ in range(50)) and all(dice.chance(1) for _ in range(50))


def test_grain_is_white_and_centered():
    grain = Dice(3).grain(200, 200)
    assert grain.min() == -128 and grain.max() == 127 and abs(grain.mean() + 0.5) < 1


# Light


def test_mixing_and_dimming_by_hand():
    assert mix((0, 100, 200), (100, 100, 0), 0.25) == (25, 100, 150)
    assert dim((100, 200, 50), 0.5) == (50, 100, 25)
    assert dim((100, 200, 50), 2) == (200, 255, 100)


@pytest.mark.parametrize("size", [(8, 8), (33, 50), (128, 96)])
def test_blotches_are_smooth_and_of_the_asked_size(size):
    noise = blotches(Dice(1), size, 8)
    assert noise.shape == size
    assert np.abs(np.diff(noise, axis=0)).max() <= 255 // 8 + 2


# One picture


def test_pixels_are_those_written_down():
    """The same seed and index give these bytes on every machine; they change only with the drawing."""
    digest = hashlib.sha256()
    for index in range(20):
        scene = draw_scene(7, index, (96, 128))
        for part in (scene.image, scene.labels, scene.mirrored):
            digest.update(np.ascontiguousarray(part).tobytes())
    assert digest.hexdigest() == "a7cbb38eb65e39bb75bdb23e9e1b5fe381790bee598da10ae93aa9fd2579f987"


def test_a_picture_does_not_depend_on_what_was_drawn_before():
    first = draw_scene(7, 3)
    draw_scene(7, 1)
    assert np.array_equal(draw_scene(7, 3).image, first.image)


def test_seeds_and_indices_give_different_pictures():
    pictures = [draw_scene(seed, index).image.tobytes() for seed in range(4) for index in range(4)]
    assert len(set(pictures)) == 16


def test_color_and_label_come_from_one_stroke():
    """On a stage without texture or noise, every pixel of a thing's ink has the thing's label, and no other."""
    camera = Camera(width=64, height=64, focal=60, eye=2, horizon=28, center=32)
    stage = Stage(camera, LIGHTS[1], Dice(0))
    before = np.asarray(stage.picture).copy()
    person(stage, 0.0, 5.0)
    after = np.asarray(stage.picture)
    painted = (after[..., :3] != before[..., :3]).any(-1)
    assert painted.sum() > 50
    assert np.array_equal(painted, after[..., 3] != before[..., 3])


def test_no_pixel_is_a_blend_of_two_inks():
    """Four inks, four colors: nothing between two classes that would belong to neither."""
    camera = Camera(width=64, height=64, focal=60, eye=2, horizon=28, center=32)
    stage = Stage(camera, LIGHTS[1], Dice(0))
    stage.draw.rectangle((0, 0, 64, 64), fill=(10, 20, 30, BUS))
    mirrored_bicycle(stage, (32, 40), 20.0)
    pixels = np.asarray(stage.picture).reshape(-1, 4)
    assert len(np.unique(pixels, axis=0)) <= 4
    assert set(pixels[:, 3] & 31) == {BUS}


def test_every_class_occurs_and_the_common_ones_in_every_picture(scenes):
    present = np.array([np.bincount(s.labels.ravel(), minlength=len(CLASSES)) > 0 for s in scenes])
    assert present.mean(0).min() > 0.4
    assert present[:, [SKY, BUILDING, ROAD]].all()
    assert max(s.labels.max() for s in scenes) < len(CLASSES)


def test_a_bus_is_wider_than_a_small_receptive_field(scenes):
    widths = [np.ptp(np.nonzero((s.labels == BUS).any(0))[0]) + 1 for s in scenes if s.mirrored.any()]
    assert len(widths) >= 10
    assert np.median(widths) >= 80 and max(widths) >= 110


def test_a_mirrored_bicycle_is_bus_by_label_and_bicycle_by_looks(scenes):
    shares = [s.mirrored.mean() for s in scenes if s.mirrored.any()]
    assert all((s.labels[s.mirrored] == BUS).all() for s in scenes)
    assert len(shares) / len(scenes) > 0.15 and np.median(shares) > 60 / 128**2


def test_poles_and_wires_are_one_or_two_pixels_wide(scenes):
    runs = []
    for scene in scenes:
        pole = (scene.labels == POLE).astype(np.int8)
        # A pixel's run is the shorter of its row's and its column's: a pole is thin one way, a wire the other.
        wide = np.minimum(_run_lengths(pole), _run_lengths(pole.T).T)[pole == 1]
        runs.append(wide)
    runs = np.concatenate(runs)
    assert (runs <= 2).mean() > 0.93


def _run_lengths(mask):
    """Length of the horizontal run of ones that each pixel belongs to."""
    left, right = np.zeros_like(mask, int), np.zeros_like(mask, int)
    for column in range(mask.shape[1]):
        before = left[:, column - 1] if column else 0
        left[:, column] = (before + 1) * mask[:, column]
        back = -1 - column
        after = right[:, back + 1] if column else 0
        right[:, back] = (after + 1) * mask[:, back]
    return left + right - 1


def test_far_things_are_small(scenes):
    from skimage.measure import label

    sizes = []
    for scene in scenes:
        pieces, count = label(np.isin(scene.labels, (BICYCLE, SIGN, 7, 9)), return_num=True)
        sizes += [(pieces == piece).sum() for piece in range(1, count + 1)]
    assert np.mean(np.array(sizes) < 40) > 0.2


def test_light_changes_from_picture_to_picture(scenes):
    assert {s.light for s in scenes} == {light.name for light in LIGHTS}
    by_light = {name: np.mean([s.image.mean() for s in scenes if s.light == name]) for name in ("noon", "dusk")}
    assert by_light["noon"] > 1.3 * by_light["dusk"]


def test_a_flat_wall_carries_texture_and_noise(scenes):
    steps = [np.diff(s.image[..., 1].astype(int), axis=1)[(s.labels[:, 1:] == ROAD)] for s in scenes]
    assert np.mean(np.concatenate(steps) != 0) > 0.8


@settings(max_examples=15, deadline=None)
@given(st.integers(32, 200), st.integers(32, 200), st.integers(0, 2**40))
def test_any_size_from_32_up_can_be_drawn(height, width, seed):
    scene = draw_scene(seed, 0, (height, width))
    assert scene.image.shape == (height, width, 3) and scene.labels.shape == (height, width)
    assert scene.image.dtype == scene.labels.dtype == np.uint8


# The data set


def test_an_item_is_a_float_image_and_an_int64_mask():
    image, mask = Scenes(3, (48, 64))[0]
    assert image.shape == (3, 48, 64) and image.dtype == torch.float32 and 0 <= image.min() <= image.max() <= 1
    assert mask.shape == (48, 64) and mask.dtype == torch.int64


def test_items_are_the_bytes_of_the_scene():
    scenes = Scenes(3, seed=4)
    image, mask = scenes[2]
    scene = scenes.scene(2)
    assert np.array_equal((image * 255).round().byte().permute(1, 2, 0).numpy(), scene.image)
    assert np.array_equal(mask.numpy(), scene.labels)


def test_it_behaves_like_a_sequence():
    scenes = Scenes(3, (32, 32))
    assert len(scenes) == len(list(scenes)) == 3
    assert torch.equal(scenes[-1][0], scenes[2][0])
    for index in (3, -4):
        with pytest.raises(IndexError, match="index must be in"):
            scenes[index]
    assert torch.equal(scenes[torch.tensor(1)][0], scenes[1][0])


def test_the_length_does_not_change_the_pictures():
    assert torch.equal(Scenes(2, (32, 32))[1][0], Scenes(1000, (32, 32))[1][0])


def test_transforms_move_image_and_mask_together():
    plain, flipped = Scenes(1, (40, 64)), Scenes(1, (40, 64), transforms=v2.RandomHorizontalFlip(p=1))
    assert torch.equal(flipped[0][0], plain[0][0].flip(-1)) and torch.equal(flipped[0][1], plain[0][1].flip(-1))


def test_it_can_be_sent_to_a_worker():
    again = pickle.loads(pickle.dumps(Scenes(3, (32, 40), seed=2)))
    assert repr(again) == "Scenes(3, size=(32, 40), seed=2)"


def test_classes_and_palette_go_together():
    assert Scenes(1).classes == CLASSES and len(PALETTE) == len(set(PALETTE)) == len(CLASSES) == 11


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"length": 0}, ValueError, "length must be at least 1, got 0"),
        ({"length": 2.0}, TypeError, "length"),
        ({"length": True}, TypeError, "length"),
        ({"length": 1, "size": (16, 64)}, ValueError, r"size\[0\] must be at least 32, got 16"),
        ({"length": 1, "size": 64}, TypeError, "size must be"),
        ({"length": 1, "size": (64, 64, 3)}, TypeError, "size must be"),
        ({"length": 1, "seed": -1}, ValueError, "seed must be at least 0"),
        ({"length": 1, "seed": "a"}, TypeError, "seed"),
    ],
)
def test_bad_settings_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        Scenes(**arguments)
