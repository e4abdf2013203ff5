"""The folders of chapter 12: real files, each with the one mistake that it is named for."""

import numpy as np
import pytest
from PIL import Image

from segviz import data
from segviz.lessons.folders import CLASSES, MISTAKES, spoiled, street_folder
from segviz.lessons.published import nowhere


def test_every_street_has_every_class_and_a_picture_that_goes_with_it(tmp_path):
    root = street_folder(tmp_path, 3)
    mine = data.folder(root / "pictures", root / "masks", CLASSES)
    assert len(mine) == 3
    assert all(mine[n][1].unique().tolist() == [0, 1, 2] for n in range(3))


# What each folder is answered with: labels, or a part of the words.
ANSWERS = {
    "black and white": [0, 255],
    "painted": "painted in colors",
    "palette": [0, 1, 2],
    "jpeg": "is a JPEG",
    "from 1": "count from 1",
    "half as large": "resize the mask to the picture's size",
    "turned mask": "turned by 90°",
    "exif": "EXIF turns it",
    "exif, upside down": "as it is stored or as it is shown",
    "no partner": "no mask in",
    "another name": "end in '_mask'",
    "gray": [0, 1, 2],
    "transparent": [0, 1, 2],
    "16 bits": "which is white",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_answered_in_words_or_needs_none(mistake):
    root = spoiled(mistake)
    try:
        found = data.folder(root / "pictures", root / "masks", CLASSES)[0][1].unique().tolist()
    except (ValueError, FileNotFoundError) as error:
        found = str(error)
    assert found == ANSWERS[mistake] or ANSWERS[mistake] in found


def test_what_an_editor_cut_away_is_black_in_the_file_and_white_in_the_data_set():
    root = spoiled("transparent")
    picture = np.asarray(Image.open(root / "pictures" / "street-00.png"))
    assert picture[:48].max() == 0 and picture[48:, :, 3].min() == 255
    image, _ = data.folder(root / "pictures", root / "masks", CLASSES)[0]
    assert image[:, :48].min() == 1


def test_nobody_answers_and_torch_s_folder_is_put_back():
    import torch

    before = torch.hub.get_dir()
    assert "bring http://127.0.0.1:9/net-0123abcd.pth from a machine that has it" in nowhere()
    assert torch.hub.get_dir() == before
