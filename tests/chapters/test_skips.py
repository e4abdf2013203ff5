"""What chapter 5 says without computing it: beliefs behind wrong options, hints, sentences on trained networks."""

import pytest
import torch
from notebooks import CHAPTERS, replies, run, verdict_on

from segviz import create_model, receptive_field
from segviz.data import Scenes
from segviz.lessons.studies import skips as study
from segviz.models.skips import cut

(PATH,) = [path for path in CHAPTERS if path.stem == "skips"]
PERSON, POLE, BUS = (Scenes.classes.index(name) for name in ("person", "pole", "bus"))


@pytest.fixture(scope="module")
def chapter():
    return run(PATH)


# --- Prose: sizes ---------------------------------------------------------------------------------------------


def test_576_and_512_meet_an_odd_pool():
    def pools(size):
        met = []
        for _ in range(4):
            met.append(size - 4)
            size = (size - 4) // 2
        return met

    assert pools(576)[:3] == [572, 282, 137]
    assert pools(512)[:3] == [508, 250, 121]
    assert pools(572) == [568, 280, 136, 64] and pools(588) == [584, 288, 140, 66]


def test_60_pixels_go_on_each_way():
    assert 4 * (1 + 2 + 4 + 8) == 60
    assert [16 * ((n - 60) // 16 - 4) - 60 for n in (188, 572)] == [4, 388]


def test_a_resize_without_aligned_corners_is_half_a_cell_less(chapter):
    from segviz import arithmetic

    for skip, up in ((64, 56), (136, 104), (280, 200), (568, 392)):
        read = arithmetic.resize_positions(skip, up, align_corners=False)
        off = max(abs(r - (q + (skip - up) // 2)) for q, r in enumerate(read))
        assert off == pytest.approx(chapter.names["farthest"](skip, up), abs=0.5)
        assert off < chapter.names["farthest"](skip, up)


def test_the_resized_skip_is_right_in_the_middle_only():
    from segviz import arithmetic

    read = arithmetic.resize_positions(569, 393, align_corners=True)  # odd, so that there is a middle
    assert read[196] == 284 == 196 + 88
    assert min(abs(r - (q + 88)) for q, r in enumerate(read[:196])) > 0.1


def test_the_judges_look_at_the_middles_of_the_first_cells(chapter):
    assert chapter.names["looks"] == [(stride - 1) / 2 for stride in (8, 16, 32)]


def test_a_port_without_crops_lies_104_rows_off_at_the_edge():
    # 500 pixels and a padding of 100: pool4's scores, resized to the scores they are added to, span the padded picture.
    with torch.device("meta"):
        model = create_model("fcn16s", padding="paper")
    pool4, deep = (receptive_field(model, layer=name) for name in ("score_pool4", "score_fr"))
    first = [(field.size[0] - 1) / 2 - field.padding[0] for field in (pool4, deep)]
    assert first == [-91.5, 12.5]
    assert first[1] - first[0] == 104


# --- Prose: trained networks ------------------------------------------------------------------------------------


@torch.no_grad()
def test_the_scars_are_those_of_the_figure(chapter):
    names = chapter.names
    whole, labels = names["classes_without"](), names["labels"]
    found = {stride: names["classes_without"](stride) for stride in (1, 2, 4, 8)}
    added = {stride: ((classes == PERSON) & (whole != PERSON)).sum().item() for stride, classes in found.items()}
    assert max(added, key=added.get) == 4
    kept = {stride: ((classes == BUS) & (labels == BUS)).sum().item() for stride, classes in found.items()}
    assert min(kept, key=kept.get) == 8
    poles = {stride: ((classes == POLE) & (labels == POLE)).sum().item() for stride, classes in found.items()}
    assert max(poles[1], poles[2]) < min(poles[4], poles[8])


@torch.no_grad()
def test_with_zeros_for_the_finest_skip_poles_are_painted_all_over(chapter):
    unet, street, labels = (chapter.names[name] for name in ("unet", "street", "labels"))
    with cut(unet, 1):
        zeros = unet(street[None]).argmax(1)[0]
    assert (zeros == POLE).sum() > 2 * (labels == POLE).sum()


def test_half_of_the_small_things_goes_at_stride_4():
    lost = study.lost("unet", "small", 4)[1]
    assert lost / study.scored("unet", "small").nanmedian().item() == pytest.approx(0.5, abs=0.1)


def test_a_far_person_is_some_ten_pixels_high(chapter):
    scenes = [chapter.names["held_out_scenes"]()[index][1] == PERSON for index in range(12)]
    heights = [int(scene.any(1).sum()) for scene in scenes if scene.any()]
    assert min(heights) < 25


def test_batches_of_maps_kept_grow_with_the_square_of_the_layers():
    from segviz.models.fcdensenet import DenseBlock
    from segviz.shipped.leaderboard import training_memory

    x = torch.rand(1, 1, 16, 16, requires_grad=True)
    kept = [training_memory(DenseBlock(1, layers=n, growth=16, dropout=0.0).train(), x) for n in (8, 16, 32)]
    assert 3.5 < kept[1] / kept[0] < 4.5 and 3.5 < kept[2] / kept[1] < 4.5


# --- Each wrong option is what its reply says it is ---------------------------------------------------------------


def test_every_letter_is_told_which_skip_it_lacks(chapter):
    told = {text[0]: reply for text, reply in replies(chapter, "predict-which").items()}
    assert chapter.names["cuts"] == {"A": 2, "B": 8, "C": 1, "D": 4}
    assert "stride 2" in told["A"] and "stride 8" in told["B"] and "stride 4" in told["D"]
    assert all("is C." in told[letter] for letter in ("A", "B", "D"))


def test_the_replies_on_small_things_give_the_losses(chapter):
    median = chapter.names["median"]
    told = replies(chapter, "predict-small")
    assert f"{median[1]:.2f}" in told["stride 1: small things need the finest map"]
    assert all(f"{median[4]:.2f}" in reply for reply in told.values())


def test_there_are_four_times_as_many_layers(chapter):
    full = chapter.names["full"]
    layers = [
        sum(isinstance(m, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)) for m in full[name].modules())
        for name in ("unet", "fcdensenet103")
    ]
    assert layers == [23, 103]


# --- Each hint belongs to an answer that is wrong, and wrong for the reason given ----------------------------------

LIKELY = [
    ("1", [516, 168, 32], "each side"),
    ("1", [516, 172, 18], "come first"),
    ("2", 696, "even map"),
    ("2", 512, "border"),
    ("2", 524, "340"),
    ("3", [22, 23], "pooled"),
    ("3", [45, 46], "Down"),
    ("4", 11.5, "fused"),
    ("4", 19, "FCN-32s"),
    ("4", 31, "kernel 16"),
    ("5", [[1] * 4] * 2, "channels of a map"),
    ("5", [[1, 1, 0, 0], [0, 0, 1, 1]], "Concatenated"),
    ("6", [192, 80], "its own"),
    ("6", [176, 192], "made"),
    ("7", 16, "In pixels"),
    ("7", 128, "Half"),
    ("7", 0, "same pixel"),
]


@pytest.mark.parametrize(("number", "answer", "reason"), LIKELY)
def test_a_likely_wrong_answer_is_told_its_reason(number, answer, reason):
    verdict = verdict_on(PATH, f"exercise-{number}", f"answer = {answer}")
    assert verdict.state == "wrong"
    assert reason in verdict.words
