import os
import subprocess
import sys

import pytest
import torch

import segviz
from segviz.checkpoints import load_checkpoint
from segviz.train import data_sets, main, model_options, parser

SHORT = [
    *("--model", "segnet_basic", "--width", "0.06", "--size", "64", "64", "--steps", "2", "--batch-size", "2"),
    *("--device", "cpu", "--no-progress"),
]


def test_a_short_training_leaves_weights_that_make_the_model_again(tmp_path):
    history = main([*SHORT, "--out", str(tmp_path)])
    checkpoint = load_checkpoint(tmp_path / "model.safetensors", "segnet_basic")
    model = segviz.create_model(checkpoint.name, **checkpoint.options)
    model.load_state_dict(checkpoint.state)
    assert history[-1]["step"] == 2 and checkpoint.options == {"num_classes": 11, "width": 0.06}


def test_started_again_it_carries_on(tmp_path):
    words = [*SHORT, "--out", str(tmp_path)]
    assert main(words) == main(words)


def test_it_runs_as_a_module_with_a_bar(tmp_path):
    words = [sys.executable, "-m", "segviz.train", *SHORT[:-1], "--out", str(tmp_path), "--threads", "1"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert "2/2" in done.stderr and (tmp_path / "history.json").exists()


@pytest.mark.parametrize(("words", "value"), [(["--resume"], True), (["--no-resume"], False), ([], True)])
def test_switches_say_yes_or_no_and_take_no_word(words, value):
    assert parser().parse_args(["--model", "unet", *words]).resume is value


def test_the_word_false_is_no_switch():
    with pytest.raises(SystemExit):
        parser().parse_args(["--model", "unet", "--resume", "False"])


def test_options_are_python_values_or_text():
    assert model_options(["a=1", "b=x", "c=(1,2)", "d=False", "e=None"]) == {
        "a": 1, "b": "x", "c": (1, 2), "d": False, "e": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "unett"], "invalid choice: 'unett'"),
        (["--model", "unet", "--option", "padding"], "key=value"),
        (["--model", "unet", "--option", "paddin=same"], "did you mean 'padding'"),
        (["--model", "unet", "--steps", "0"], "steps must be at least 1"),
        (["--model", "unet", "--size", "8", "8"], "at least 32"),
        (["--model", "unet", "--width", "-1"], "width"),
        (["--model", "unet", "--data", "voc", "--root", "nowhere"], "no folder nowhere/VOCdevkit/VOC2012; root must"),
        (["--model", "unet", "--data", "camvid", "--root", "nowhere"], "no folder nowhere/train; root must"),
    ],
)
def test_mistakes_are_answered_with_the_rule(words, said, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert said in capsys.readouterr().err


def test_scenes_to_validate_on_are_never_trained_on():
    training, validation = data_sets(parser().parse_args(["--model", "unet", "--seed", "5"]))
    assert training.seed == 5 != validation.seed
    assert not torch.equal(training[0][0], validation[0][0])
