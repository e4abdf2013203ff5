"""Every public data set on a few tiny files, laid out as their authors do."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import Cityscapes

from segviz.data import PUBLIC, Labeled, camvid, cityscapes, fitted, oxford_pets, sbd, voc2012
from segviz.data.public import CAMVID_CLASSES, VOC_CLASSES
from segviz.training.evaluation import check_batch
from segviz.widgets.activations.uploads import read_picture

SIZE = (6, 8)


def picture():
    return Image.fromarray(np.arange(SIZE[0] * SIZE[1] * 3, dtype=np.uint8).reshape(*SIZE, 3))


def mask(*values):
    """A mask whose first row begins with these values and which is of the first value else."""
    labels = np.full(SIZE, values[0], np.uint8)
    labels[0, : len(values)] = values
    return Image.fromarray(labels)


def put(content, path, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    content.save(path, **settings)


def voc_files(root, values=(0, 5, 20, 255)):
    base = root / "VOCdevkit" / "VOC2012"
    put(picture(), base / "JPEGImages" / "a.jpg")
    palette = mask(*values).convert("P")
    palette.putdata(mask(*values).tobytes())
    put(palette, base / "SegmentationClass" / "a.png")
    (base / "ImageSets" / "Segmentation").mkdir(parents=True)
    (base / "ImageSets" / "Segmentation" / "train.txt").write_text("a\n")


def sbd_files(root):
    from scipy.io import savemat

    put(picture(), root / "img" / "a.jpg")
    (root / "cls").mkdir()
    savemat(root / "cls" / "a.mat", {"GTcls": {"Segmentation": np.asarray(mask(0, 5, 20))}})
    (root / "train_noval.txt").write_text("a\n")


def pet_files(root):
    base = root / "oxford-iiit-pet"
    put(picture(), base / "images" / "Beagle_1.jpg")
    put(mask(2, 1, 3), base / "annotations" / "trimaps" / "Beagle_1.png")
    (base / "annotations" / "trainval.txt").write_text("Beagle_1 1 2 1\n")


def cityscapes_files(root):
    put(picture(), root / "leftImg8bit" / "train" / "ulm" / "ulm_000000_000019_leftImg8bit.png")
    labels = root / "gtFine" / "train" / "ulm" / "ulm_000000_000019_gtFine_labelIds.png"
    put(mask(7, 11, 33, 4), labels)


def camvid_files(root, values=(3, 0, 10, 11)):
    put(picture(), root / "train" / "0001TP.png")
    put(mask(*values), root / "trainannot" / "0001TP.png")


CASES = {
    "voc": (voc_files, voc2012, "train", 21, [0, 5, 20, 255]),
    "sbd": (sbd_files, sbd, "train_noval", 21, [0, 5, 20, 0]),
    "pets": (pet_files, oxford_pets, "trainval", 2, [0, 1, 255, 0]),
    "cityscapes": (cityscapes_files, cityscapes, "train", 19, [0, 2, 18, 255]),
    "camvid": (camvid_files, camvid, "train", 11, [3, 0, 10, 255]),
}


@pytest.mark.parametrize("name", CASES)
def test_files_become_images_and_masks_of_the_common_form(name, tmp_path):
    write, opened, split, classes, labels = CASES[name]
    write(tmp_path)
    dataset = opened(tmp_path, split)
    assert len(dataset) == 1 and len(dataset.classes) == classes
    image, target = dataset[0]
    assert image.shape == (3, *SIZE) and image.dtype == torch.float32
    assert target.shape == SIZE and target.dtype == torch.int64
    assert target[0, :4].tolist() == labels
    check_batch(image[None], target[None], classes, dataset.ignore_index)


@pytest.mark.parametrize("name", CASES)
def test_transforms_get_image_and_mask_together(name, tmp_path):
    write, opened, split, _, labels = CASES[name]
    write(tmp_path)
    dataset = opened(tmp_path, split, transforms=lambda image, target: (image.flip(-1), target.flip(-1)))
    assert dataset[0][1][0, -4:].tolist() == labels[::-1]


@pytest.mark.parametrize("name", CASES)
def test_an_unknown_split_lists_the_known_ones(name, tmp_path):
    with pytest.raises(ValueError, match=r"split must be one of .*, got 'trian'"):
        CASES[name][1](tmp_path, "trian")


# Folder that is looked for, and one that readers take for the root.
ROOTS = {
    "voc": ("VOCdevkit/VOC2012", "VOCdevkit/VOC2012"),
    "sbd": ("img", "cls"),
    "pets": ("oxford-iiit-pet/images", "oxford-iiit-pet"),
    "cityscapes": ("leftImg8bit/train", "leftImg8bit/train"),
    "camvid": ("train", "train"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_folder_without_the_data_set_is_named(name, tmp_path):
    nowhere = tmp_path / "nowhere"
    for root in (nowhere, tmp_path):
        with pytest.raises(FileNotFoundError) as raised:
            CASES[name][1](root, CASES[name][2])
        words = str(raised.value)
        assert words.startswith(f"no folder {root / ROOTS[name][0]}; root must be the folder that holds")
        assert ("download=True" in words) == (name in ("voc", "sbd", "pets"))


@pytest.mark.parametrize("name", CASES)
def test_a_root_within_or_above_the_data_set_is_answered_with_the_right_one(name, tmp_path):
    data = tmp_path / "data"
    CASES[name][0](data)
    for root in (data / ROOTS[name][1], tmp_path):
        with pytest.raises(FileNotFoundError, match=re.escape(f"holds {Path(ROOTS[name][0]).parts[0]}, here {data}")):
            CASES[name][1](root, CASES[name][2])
    CASES[name][1](data, CASES[name][2])


def test_what_is_wrong_beside_the_folders_is_left_as_torchvision_says_it(tmp_path):
    voc_files(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"val\.txt"):
        voc2012(tmp_path, "val")


@pytest.mark.parametrize("name", CASES)
def test_a_mask_of_another_size_than_its_picture_is_refused_before_any_transform(name, tmp_path, monkeypatch):
    turned = Image.fromarray(np.asarray(picture()).swapaxes(0, 1).copy())
    monkeypatch.setitem(globals(), "picture", lambda: turned)
    write, opened, split, _, _ = CASES[name]
    write(tmp_path)
    dataset = opened(tmp_path, split, transforms=fitted((4, 4)))
    with pytest.raises(ValueError, match=r"picture 0 is 8×6 pixels and its mask 6×8 .* turned by 90°"):
        dataset[0]


@pytest.mark.parametrize(
    ("size", "cause"),
    [((8, 6), "turned by 90°"), ((12, 16), "resize the mask"), ((6, 4), "cropped or belongs to another picture")],
)
def test_the_likely_cause_of_another_size_is_said(size, cause):
    wrong = Image.fromarray(np.zeros(size, np.uint8))
    with pytest.raises(ValueError, match=rf"picture 0 is 6×8 pixels and its mask {size[0]}×{size[1]} .*{cause}"):
        Labeled([(picture(), wrong)], ("one",), {0: 0})[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_pictures_of_a_data_set_as_it_does_uploads(orientation, tmp_path):
    """The oracle is the reader of uploads."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    put(picture(), tmp_path / "a.png", exif=exif)
    size = SIZE if orientation < 5 else SIZE[::-1]
    stored, shown = Image.open(tmp_path / "a.png"), Image.fromarray(np.zeros(size, np.uint8))
    image, target = Labeled([(stored, shown)], ("one",), {0: 0})[0]
    upload, _ = read_picture((tmp_path / "a.png").read_bytes(), size)
    assert torch.equal(image, upload) and target.shape == size


def test_a_mask_drawn_on_the_unturned_picture_is_refused():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    picture().save(content, format="png", exif=exif)
    with pytest.raises(ValueError, match=r"8×6 pixels and its mask 6×8 .*EXIF turns it and the mask was drawn on it"):
        Labeled([(Image.open(content), mask(0))], ("one",), {0: 0})[0]


@pytest.mark.parametrize(
    ("opened", "theirs"), [(voc2012, "VOCSegmentation"), (sbd, "SBDataset"), (oxford_pets, "OxfordIIITPet")]
)
def test_downloading_is_left_to_torchvision(opened, theirs, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(f"torchvision.datasets.{theirs}", lambda root, **settings: asked.update(settings) or [])
    opened(tmp_path, download=True)
    assert asked["download"] is True
    opened(tmp_path)
    assert asked["download"] is False


def test_sbd_is_not_unpacked_twice(tmp_path, monkeypatch):
    (tmp_path / "cls").mkdir()
    asked = {}
    monkeypatch.setattr("torchvision.datasets.SBDataset", lambda root, **settings: asked.update(settings) or [])
    sbd(tmp_path, download=True)
    assert asked["download"] is False


def test_a_value_that_is_no_class_is_named_with_its_picture(tmp_path):
    camvid_files(tmp_path, (0, 12, 77))
    with pytest.raises(ValueError, match=r"mask of picture 0 holds unknown labels \[12, 77\]; known are \[0, 1"):
        camvid(tmp_path)[0]


@pytest.mark.parametrize("wrong", [picture(), mask(0).convert("I")])
def test_a_mask_of_colors_or_wide_numbers_is_refused(wrong):
    with pytest.raises(ValueError, match="must be bytes"):
        Labeled([(picture(), wrong)], ("one",), {0: 0})[0]


def test_camvid_names_the_masks_that_lack(tmp_path):
    camvid_files(tmp_path)
    put(picture(), tmp_path / "train" / "0002TP.png")
    with pytest.raises(FileNotFoundError, match=r"for 1 pictures, the first 0002TP\.png"):
        camvid(tmp_path)


def test_cityscapes_has_the_names_of_the_nineteen_scored_classes_in_order(tmp_path):
    cityscapes_files(tmp_path)
    scored = {c.train_id: c.name for c in Cityscapes.classes if 0 <= c.train_id < 255}
    assert cityscapes(tmp_path).classes == tuple(scored[train_id] for train_id in range(19))


def test_class_names_are_as_many_as_the_papers_have():
    assert len(set(VOC_CLASSES)) == 21 and len(set(CAMVID_CLASSES)) == 11 and set(PUBLIC) == set(CASES)
