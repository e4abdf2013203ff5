"""The audit as a whole: what it takes, what it gives, and that it leaves the model alone."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import segviz
from segviz import audit
from segviz.checks import KINDS, Audit, Finding
from segviz.checks.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


class Head(nn.Module):
    """A network with a mistake, statistics, dropout, and a mode for each part."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout2d())
        self.score = nn.Conv2d(8, 2, 1, padding=1)

    def forward(self, x):
        return F.interpolate(self.score(self.body(x)), x.shape[-2:], mode="bilinear")


def clean():
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))


# --- What it gives -----------------------------------------------------------------------------------------------


def test_a_network_without_findings_gives_an_empty_audit_that_says_what_was_tried():
    result = audit(clean(), (32, 48))
    assert len(result) == 0 and list(result) == [] and result.kinds == set() and not result
    assert "16 kinds at 32×48" in str(result) and "33×49" in str(result)
    assert result.untried == ()


def test_faults_come_first_and_every_finding_is_whole():
    result = audit(Head(), (32, 32))
    assert result.kinds == {"padded-pointwise", "misplaced"}
    severities = [finding.severity for finding in result]
    assert severities == sorted(severities, key=["fault", "waste", "note"].index)
    for finding in result:
        assert finding.message.endswith(".") and len(finding.message) > 60
        assert finding.measured and all(isinstance(value, (int, float, list)) for value in finding.measured.values())


def test_it_is_a_table_in_text_and_in_a_notebook():
    result = audit(Head(), (32, 32))
    text, page = str(result), result._repr_html_()
    assert "padded-pointwise  at score" in text and max(map(len, text.splitlines())) <= 100
    assert page.count("<tr>") == 1 + len(result) and "<td" in page
    strange = Audit((Finding("k", "note", "a<b", {}, "x < y & z.", "book/api"),), "Tried.")
    assert "a&lt;b" in strange._repr_html_() and "x &lt; y &amp; z." in strange._repr_html_()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.KIND)
def test_a_kind_leads_to_a_page_of_the_book_and_has_a_test(kind):
    assert any((ROOT / kind.MORE).with_suffix(suffix).exists() for suffix in (".ipynb", ".md"))
    assert kind.MORE in (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert f"`{kind.KIND}`" in (ROOT / "book" / "api-audit.md").read_text(encoding="utf-8")
    name = kind.KIND.replace("-", "_")
    assert kind.__name__.endswith(f".{name}")
    assert (ROOT / f"tests/checks/kinds/test_{name}.py").exists()


def test_the_function_stays_a_function_whatever_is_imported():
    import segviz.checks
    import segviz.checks.kinds

    assert callable(segviz.audit) and segviz.audit is segviz.checks.audit
    assert "audit" in segviz.__all__


# --- The model is left as it was ---------------------------------------------------------------------------------


def state_of(model):
    return {
        "mode": [module.training for module in model.modules()],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in model.modules()],
        "versions": [(p.data_ptr(), p._version, p.requires_grad, p.grad) for p in model.parameters()],
        "buffers": [(b.data_ptr(), b._version) for b in model.buffers()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
    }


def test_mode_statistics_gradients_hooks_and_random_numbers_stay():
    model = Head()
    like = Head()
    model.body[1].eval()
    model.score.bias.requires_grad_(False)
    values = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    before = state_of(model), torch.get_rng_state().tolist(), random.getstate(), torch.is_grad_enabled()
    audit(model, (32, 32), like=like)
    after = state_of(model), torch.get_rng_state().tolist(), random.getstate(), torch.is_grad_enabled()
    assert before == after
    assert all(torch.equal(tensor, values[name]) for name, tensor in model.state_dict().items())


def test_the_model_itself_is_not_called():
    calls = []

    class Counted(Head):
        def forward(self, x):
            calls.append(id(self))
            return super().forward(x)

    model = Counted()
    audit(model, (32, 32))
    assert calls and id(model) not in calls


def test_a_forward_that_was_put_on_the_model_later_leaves_its_statistics_too():
    model = Head()
    original = model.forward
    model.forward = lambda x: original(x)  # a copy of the model calls the model itself
    before = model.body[1].running_mean.clone()
    assert "padded-pointwise" in audit(model, (32, 32)).kinds
    assert torch.equal(model.body[1].running_mean, before) and model.body[1].num_batches_tracked == 0


def test_it_works_under_no_grad_and_inference_mode_and_in_double():
    with torch.no_grad():
        assert audit(Head(), (32, 32)).kinds == {"padded-pointwise", "misplaced"}
    with torch.inference_mode():
        assert audit(Head(), (32, 32)).kinds == {"padded-pointwise", "misplaced"}
    assert audit(Head().double(), (32, 32)).kinds == {"padded-pointwise", "misplaced"}


def test_weight_norm_locks_and_frozen_parameters_can_be_examined():
    import threading

    model = Head()
    model.score = torch.nn.utils.parametrizations.weight_norm(model.score)
    model.lock = threading.Lock()
    model.requires_grad_(False)
    assert audit(model, (32, 32)).kinds == {"padded-pointwise", "misplaced"}
    old = Head()
    with pytest.warns(FutureWarning):
        old.score = torch.nn.utils.weight_norm(old.score)
    assert audit(old, (32, 32)).kinds == {"padded-pointwise", "misplaced"}


def test_dicts_and_lists_of_outputs_are_examined():
    class Two(Head):
        def forward(self, x):
            return {"aux": x, "out": super().forward(x)}

    assert audit(Two(), (32, 32)).kinds == {"padded-pointwise", "misplaced"}


def test_what_cannot_be_traced_is_said_once_and_stops_nothing():
    class Summed(Head):
        def forward(self, x):
            return super().forward(x.cumsum(-1))

    result = audit(Summed(), (32, 32))
    assert result.kinds == {"padded-pointwise"}
    (said,) = result.untried
    assert "cumsum" in said and said in " ".join(str(result).split())


def test_a_model_that_needs_values_is_run_with_them():
    class Conditional(Head):
        def forward(self, x):
            assert float(x.max()) <= 1
            return super().forward(x)

    assert "padded-pointwise" in audit(Conditional(), (32, 32)).kinds


# --- What it does not take ---------------------------------------------------------------------------------------


class TwoPictures(nn.Module):
    def forward(self, left, right):
        return left + right


class NeedsCuda(nn.Module):
    def forward(self, x):
        return x.cuda()


class Fails(nn.Module):
    def forward(self, x):
        raise KeyError("weights are missing")


@pytest.mark.parametrize(
    ("model", "size", "error", "words"),
    [
        (lambda x: x, (8, 8), TypeError, "model must be a torch.nn.Module, got function"),
        (Head, (8, 8), TypeError, r"got the class Head: make one, Head\(\)"),
        (None, (8, 8), TypeError, "got NoneType"),
        (Head(), 32, TypeError, r"size must be \(H, W\), got 32"),
        (Head(), (32, 0), ValueError, "size must be at least 1, got 0"),
        (TwoPictures(), (8, 8), ValueError, r"its forward needs 2 inputs \(left, right\)"),
        (Fails(), (8, 8), ValueError, r"failed at all that were tried \(8×8, 9×9.*at 8×8 it raised KeyError"),
        (nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten()), (8, 8), ValueError, r"got the shape \(1, 128\) at 8×8"),
    ],
)
def test_what_is_no_network_from_a_picture_to_a_map_is_refused_in_a_sentence(model, size, error, words):
    with pytest.raises(error, match=words):
        audit(model, size)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_network_that_needs_a_gpu_is_told_so():
    with pytest.raises(ValueError, match=r"failed at all that were tried.*It asks for a GPU"):
        audit(NeedsCuda(), (8, 8))


def test_a_wrong_number_of_channels_is_told_so():
    with pytest.raises(ValueError, match=r"one picture \(1, 5, H, W\).*no pictures of 5 channels, give others"):
        audit(Head(), (8, 8), channels=5)


@pytest.mark.parametrize("sizes", [32, (32, 33), "32"])
def test_further_sizes_are_a_list(sizes):
    with pytest.raises(TypeError, match=r"sizes must be a list of \(H, W\), got"):
        audit(Head(), (8, 8), sizes=sizes)


# --- The command -------------------------------------------------------------------------------------------------


def test_the_command_prints_the_table_and_ends_with_1_where_there_is_a_fault(capsys, tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(
        "from torch import nn\n"
        "def wrong(): return nn.Conv2d(3, 2, 1, padding=1)\n"
        "right = nn.Conv2d(3, 2, 3, padding=1)\n"
        "number = 3\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main(["own:wrong", "--size", "32", "32"]) == 1
    assert "padded-pointwise" in capsys.readouterr().out
    assert main(["own:right", "--size", "32", "32", "--sizes", "40", "41", "--like", "own:right"]) == 0
    assert "Nothing was found." in (out := capsys.readouterr().out) and "40×41" in out
    for words in (["own:number", "--size", "8", "8"], ["own:none", "--size", "8", "8"], ["own", "--size", "8", "8"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "must give a torch.nn.Module, got int" in capsys.readouterr().err


def test_the_command_runs_as_a_module():
    command = [sys.executable, "-m", "segviz.checks", "torch.nn:Identity", "--size", "8", "8"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0 and "Tried: 16 kinds at 8×8" in ran.stdout


def test_the_package_offers_it_without_loading_it():
    code = "import sys, segviz; assert 'audit' in segviz.__all__; assert 'segviz.checks' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
    assert segviz.audit is audit
