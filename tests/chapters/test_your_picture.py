"""What chapter 12 says without computing it: beliefs behind wrong options, hints, and what runs on other machines."""

import os
import socket
import subprocess
import sys
import textwrap

import pytest
import torch
import torchvision
from notebooks import CHAPTERS, ROOT, code_cells, pictures_off, read, replies, run, value_of, verdict_on

from segviz import create_model

(PATH,) = [path for path in CHAPTERS if path.stem == "your-picture"]
ASKED = {
    "predict-handed": "none of them",
    "predict-perfect": "1: nothing that counts is wrong",
    "predict-resumed": "not at all, to the last bit",
}


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


def source(cell):
    (found,) = [each.source for each in code_cells(PATH) if each.id == cell]
    return found


def test_the_right_options_are_those_of_the_text_and_every_option_has_a_reply(chapter):
    for cell, right in ASKED.items():
        asked = chapter.values[cell]
        assert asked.options[asked.right]["text"] == right
        assert all(replies(chapter, cell).values())


LIKELY = [
    ("1", 2.25, "red's"),
    ("1", 9.93, "Once is enough"),
    ("1", 0.59, "Divide by the deviation"),
    ("2", {1: 0, 2: 1, 3: 255}, "Class 0 is the background"),
    ("2", {1: 1, 2: 0, 3: 2}, "The fur is no class"),
    ("2", {1: 1, 2: 0}, "unknown label"),
    ("3", [3024, 4032], "stands upright"),
    ("4", 1, "before the mend"),
    ("4", 0.75, "there are two classes"),
    ("4", 0.5, "background's union"),
    ("5", [0.6, 0.8], "power of 0.9"),
    ("5", [0.8**0.9, 0.6**0.9], "more before it"),
    ("6", [0.2, -1.16], "First what it gets"),
    ("6", [0.2, 0.2], "what comes in is 0.2"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words


def test_what_an_upload_needs_is_settled_where_the_chapter_says_so(chapter, tmp_path):
    """A photograph held upright, through the cell that reads the reader's own."""
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 60), "red").save(tmp_path / "photo.jpg", exif=exif)
    names = dict(chapter.names) | {"MINE": str(tmp_path / "photo.jpg")}
    value_of(source("picture"), names)
    assert names["picture"].shape == (3, 320, 448)
    assert any("EXIF" in note for note in names["done"])


def test_a_public_set_is_opened_as_the_cell_does(chapter, monkeypatch):
    asked = []

    class Pets(list):
        classes = ("background", "pet")

    def pets(root, split, *, download, transforms):
        asked.append((root, split, download))
        return Pets([None] * 300)

    monkeypatch.setitem(chapter.names["data"].PUBLIC, "pets", (pets, "trainval", "test"))
    names = dict(chapter.names)
    value_of(source("public").replace("None, CLASSES", '"pets", CLASSES'), names)
    assert asked == [("data", "trainval", True), ("data", "test", True)]
    assert names["classes"] == ("background", "pet") and len(names["held"]) == 200


@pytest.mark.long
def test_the_chapter_runs_with_published_weights(monkeypatch):
    """With a stand-in of torchvision's file: python -m pytest -m long tests/chapters/test_your_picture.py, minutes."""
    torch.manual_seed(0)
    theirs = torchvision.models.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=True)
    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", lambda *_, **__: theirs.state_dict())
    names = {"__name__": "__main__"}
    skipped = ("scratch", "crf-figure", "session", "stages", "stages-table", "shifted", "small", "explorer")
    with pictures_off():
        for cell in code_cells(PATH):
            if cell.id.startswith("exercise") or cell.id in skipped:
                continue
            text = cell.source.replace("PUBLISHED = False", "PUBLISHED = True").replace("else 40", "else 4")
            value_of(text, names)
    head = create_model("deeplabv3", weights="torchvision").state_dict()["classifier.1.weight"]
    begun = names["begun"](names["known"])
    assert torch.equal(begun[1].state_dict()["classifier.1.weight"], head)
    assert begun[1].classifier[-1].out_channels == 3


@pytest.mark.long
def test_the_cell_for_several_devices_trains_over_two_processes(tmp_path):
    """On CPUs, told that there are two GPUs: python -m pytest -m long tests/chapters/test_your_picture.py."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    launch = source("launch").replace("torch.cuda.device_count()", "2")
    launch = launch.replace("num_processes=2", f'num_processes=2, use_port="{port}"')
    script = f"""
import os, torch
from segviz import create_model
from segviz.data import Scenes
from segviz.training import Recipe, train
learn, held, known, classes = Scenes(8, (32, 32)), Scenes(4, (32, 32), seed=1), {{}}, Scenes.classes
how = {{"recipe": Recipe(steps=2, batch_size=4), "validate_every": 1}}
def begun(known, classes):
    torch.manual_seed(0)
    return create_model("unet", classes, width=0.1)
{textwrap.dedent(launch)}
"""
    environment = os.environ | {
        "CUDA_VISIBLE_DEVICES": "",
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "runs" / "shared" / "model.safetensors").is_file()


def test_with_one_device_the_cell_starts_nothing(chapter):
    assert torch.cuda.device_count() > 1 or "notebook_launcher" not in chapter.names


def test_the_download_is_as_large_as_the_comment_says():
    weights = torchvision.models.get_model_weights("deeplabv3_resnet50").DEFAULT
    assert f"downloads {round(weights.meta['_file_size'])} MB, once" in source("network")


def test_after_a_restart_the_cells_that_are_named_make_all_that_several_devices_need(monkeypatch):
    """`shared` runs in a process of its own, so what it reads must come from cells that touch no GPU."""
    named = {"normal": "handed", "network": "network", "root": "folder", "known": "begun", "begun": "begun-made"}
    named |= {"learn": "parts", "classes": "public", "how": "recipe"}
    (text,) = [cell.source for cell in read(PATH).cells if cell.id == "several"]
    assert all(f"`{name}`" in text for name in named)
    names = {"__name__": "__main__"}
    # Asked whether there is a GPU, PyTorch touches it, and no process that is forked later may.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("a cell that is named touches the GPU"))
    for cell in ("setup", *named.values(), "launch"):
        value_of(source(cell), names)
    assert set(named) <= set(names)
    assert set(names["shared"].__code__.co_names) <= {*names, "len"}


def test_the_crf_takes_the_poles_and_lifts_the_mean(chapter):
    (before, after), (few, none) = chapter.names["areas"], chapter.names["pole"]
    assert after > before + 0.05 and few > 0.1 and none < 0.01


def test_the_fine_tuning_is_told_as_it_went(chapter):
    scores, losses = ([entry[key] for entry in chapter.names["watch"].history] for key in ("mean_iou", "loss"))
    assert losses == sorted(losses, reverse=True)
    assert max(scores[:2]) < 0.35 and scores[3] > scores[2] > scores[1] and scores[3] > 0.6
    maps, mask = chapter.names["watch"].maps, chapter.names["watch"].mask
    right = [((found == 2) & (mask == 2)).sum() / ((found == 2) | (mask == 2)).sum() for found in maps.values()]
    assert (mask == 2).sum() > 20 * (mask == 1).sum() and right[0] < 0.1 and right[-1] > 0.7
