import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_confusion_matrix, multiclass_jaccard_index

from segviz.metrics import (
    boundary_f1,
    class_boundary_f1,
    class_iou,
    confusion_matrix,
    mean_iou,
    outlines,
    pixel_accuracy,
)

TARGET = torch.tensor([[0, 0, 1], [2, 2, 1]])
PREDICTION = torch.tensor([[0, 1, 1], [2, 0, 1]])


def test_rows_are_the_target_and_columns_the_prediction():
    assert confusion_matrix(PREDICTION, TARGET, 3).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_scores_of_a_matrix_worked_by_hand():
    matrix = confusion_matrix(PREDICTION, TARGET, 3)
    assert class_iou(matrix).tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 2])
    assert mean_iou(matrix) == pytest.approx(0.5)
    assert pixel_accuracy(matrix) == pytest.approx(4 / 6)


def test_ignored_pixels_count_nowhere():
    target = torch.tensor([0, 255, 1])
    assert confusion_matrix(torch.tensor([0, 1, 1]), target, 2).tolist() == [[1, 0], [0, 1]]


def test_an_ignored_pixel_may_carry_the_ignored_label_in_the_prediction():
    assert confusion_matrix(torch.tensor([0, 255]), torch.tensor([0, 255]), 2).sum() == 1


def test_a_class_inside_the_range_can_be_ignored():
    target, prediction = torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1])
    assert confusion_matrix(prediction, target, 2, ignore_index=0).tolist() == [[0, 0], [1, 1]]


def test_without_ignore_index_255_is_a_label_like_any_other():
    matrix = confusion_matrix(torch.tensor([255]), torch.tensor([255]), 256, ignore_index=None)
    assert matrix[255, 255] == 1


def test_classes_that_do_not_occur_are_left_out_of_the_mean():
    matrix = confusion_matrix(torch.tensor([0, 1]), torch.tensor([0, 1]), 5)
    assert mean_iou(matrix) == 1.0
    assert class_iou(matrix).isnan().tolist() == [False, False, True, True, True]


def test_an_empty_matrix_has_no_score():
    empty = torch.zeros(3, 3, dtype=torch.int64)
    assert math.isnan(mean_iou(empty)) and math.isnan(pixel_accuracy(empty))


@pytest.mark.parametrize(
    ("prediction", "target", "error", "words"),
    [
        (torch.tensor([0, 1]), torch.tensor([0, 7]), ValueError, r"target holds unknown labels \[7\]"),
        (torch.tensor([0, 7]), torch.tensor([0, 1]), ValueError, r"prediction holds unknown labels \[7\]"),
        (torch.tensor([0, -1]), torch.tensor([0, 1]), ValueError, r"prediction holds unknown labels \[-1\]"),
        (torch.tensor([0, 255]), torch.tensor([0, 1]), ValueError, "prediction says 255"),
        (torch.tensor([0]), torch.tensor([0, 1]), ValueError, "one shape"),
        (torch.rand(2), torch.tensor([0, 1]), TypeError, "argmax"),
    ],
)
def test_labels_that_make_no_sense_are_refused(prediction, target, error, words):
    with pytest.raises(error, match=words):
        confusion_matrix(prediction, target, 3)


@pytest.mark.parametrize(("num_classes", "error"), [(0, ValueError), (2.0, TypeError), (True, TypeError)])
def test_num_classes_is_a_whole_number_above_zero(num_classes, error):
    with pytest.raises(error, match="num_classes"):
        confusion_matrix(torch.tensor([0]), torch.tensor([0]), num_classes)


@pytest.mark.parametrize("ignore_index", [255, None, 0])
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_torchmetrics(seed, ignore_index):
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randint(5, (2, 9, 11), generator=generator)
    target = torch.randint(5, (2, 9, 11), generator=generator)
    if ignore_index == 255:
        target[torch.rand(target.shape, generator=generator) < 0.2] = 255
    ours = confusion_matrix(prediction, target, 5, ignore_index)
    theirs = multiclass_confusion_matrix(prediction, target, num_classes=5, ignore_index=ignore_index)
    assert torch.equal(ours, theirs)
    jaccard = multiclass_jaccard_index(prediction, target, num_classes=5, ignore_index=ignore_index, average="none")
    kept = [k for k in range(5) if k != ignore_index]
    assert torch.allclose(class_iou(ours)[kept].float(), jaccard[kept])


def test_the_picture_border_is_no_outline():
    assert not outlines(torch.ones(1, 4, 4, dtype=torch.int64), 2).any()


def test_outlines_say_nothing_about_ignored_pixels():
    assert not outlines(torch.tensor([[[0, 255, 1]]]), 2).any()


def test_equal_maps_have_a_boundary_f1_of_one_with_and_without_outlines():
    assert boundary_f1(TARGET, TARGET, 3, tolerance=0) == 1.0
    blank = torch.zeros(4, 4, dtype=torch.int64)
    assert boundary_f1(blank, blank, 3, tolerance=1) == 1.0


def test_an_outline_that_only_one_map_has_scores_zero():
    blank, split = torch.zeros(4, 4, dtype=torch.int64), torch.zeros(4, 4, dtype=torch.int64)
    split[:, 2:] = 1
    assert boundary_f1(blank, split, 2, tolerance=9) == 0.0
    assert boundary_f1(split, blank, 2, tolerance=9) == 0.0


def test_boundary_f1_worked_by_hand():
    target = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1]])
    prediction = torch.tensor([[0, 1, 0, 0, 1, 1, 1, 1]])
    # Class 0: the prediction's outline is {0, 2, 3}, the target's {3}: precision 1/3, recall 1, F1 1/2.
    # Class 1: {1, 4} against {4}: precision 1/2, recall 1, F1 2/3.
    assert class_boundary_f1(prediction, target, 2, 0).flatten().tolist() == pytest.approx([1 / 2, 2 / 3])
    # One pixel of tolerance also accepts pixel 2 of class 0: precision 2/3, F1 4/5.
    assert class_boundary_f1(prediction, target, 2, 1)[0].item() == pytest.approx(4 / 5)


def test_tolerance_is_euclidean():
    target, prediction = torch.zeros(9, 9, dtype=torch.int64), torch.zeros(9, 9, dtype=torch.int64)
    target[4, 4], prediction[5, 5] = 1, 1
    assert class_boundary_f1(prediction, target, 2, 1)[1].item() == 0
    assert class_boundary_f1(prediction, target, 2, 1.5)[1].item() == 1


def test_what_is_predicted_on_ignored_pixels_changes_no_boundary_score():
    target = torch.tensor([[0, 0, 1, 1, 255, 255]])
    first, second = torch.tensor([[0, 0, 1, 1, 1, 1]]), torch.tensor([[0, 0, 1, 1, 0, 1]])
    assert boundary_f1(first, target, 2, 1) == boundary_f1(second, target, 2, 1) == 1.0


def test_a_batch_is_the_average_over_its_pictures():
    pair = torch.stack([TARGET, TARGET]), torch.stack([TARGET, PREDICTION])
    each = class_boundary_f1(*pair, 3, 0)
    assert torch.equal(each[:, 1:], class_boundary_f1(TARGET, PREDICTION, 3, 0))


@pytest.mark.parametrize("tolerance", [-1, math.nan, math.inf])
def test_tolerance_is_checked(tolerance):
    with pytest.raises(ValueError, match="tolerance"):
        boundary_f1(TARGET, TARGET, 3, tolerance)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 4))
def test_boundary_f1_is_symmetric_bounded_and_grows_with_the_tolerance(seed, tolerance):
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randint(3, (2, 7, 8), generator=generator)
    score = boundary_f1(one, other, 3, tolerance)
    assert 0 <= score <= 1
    assert score == pytest.approx(boundary_f1(other, one, 3, tolerance))
    assert boundary_f1(one, other, 3, tolerance + 1) >= score - 1e-12


def _slow_boundary_f1(prediction, target, num_classes, tolerance):
    """The definition with nothing but loops."""

    def outline(labels, k):
        height, width = labels.shape
        return {
            (r, c)
            for r in range(height)
            for c in range(width)
            if labels[r, c] == k
            and any(
                0 <= r + a < height and 0 <= c + b < width and labels[r + a, c + b] != k
                for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))
            )
        }

    scores = []
    for k in range(num_classes):
        said, true = outline(prediction, k), outline(target, k)
        if not said and not true:
            continue

        def share(some, others):
            near = [p for p in some if any(math.dist(p, q) <= tolerance for q in others)]
            return len(near) / len(some) if some else 0.0

        precision, recall = share(said, true), share(true, said)
        scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
    return sum(scores) / len(scores)


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 3])
def test_boundary_f1_agrees_with_loops(tolerance):
    generator = torch.Generator().manual_seed(3)
    for _ in range(5):
        coarse = torch.randint(3, (2, 1, 1, 4, 4), generator=generator).float()
        one, other = (torch.nn.functional.interpolate(m, scale_factor=3)[0, 0].long() for m in coarse)
        expected = _slow_boundary_f1(one, other, 3, tolerance)
        assert boundary_f1(one, other, 3, tolerance) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.uint16, torch.uint32, torch.uint64])
def test_masks_of_every_whole_type_count_alike(dtype):
    prediction, target = torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 255])
    expected = confusion_matrix(prediction, target, 3)
    assert torch.equal(confusion_matrix(prediction.to(dtype), target.to(dtype), 3), expected)
    assert boundary_f1(prediction.to(dtype)[None], target.to(dtype)[None], 3, 1) == boundary_f1(
        prediction[None], target[None], 3, 1
    )


def test_bytes_are_not_read_modulo_256():
    """As bytes, 255 == -1 and 255 >= 300 - 256: PyTorch turns the number into a byte first."""
    target = torch.tensor([255, 50, 1], dtype=torch.uint8)
    assert confusion_matrix(target, target, 300, ignore_index=-1).sum() == 3
    with pytest.raises(ValueError, match=r"unknown labels \[255\]"):
        confusion_matrix(target, target, 100, ignore_index=-1)
