"""A network as a file, run by another runtime: the same numbers, stage by stage, at sizes that no export saw."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from segviz import capture, create_model, list_models
from segviz.inference import exporting
from segviz.inference.exporting import to_onnx

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")
if torch.__version__ < "2.7.dev0":
    pytest.skip("this PyTorch writes files of one size", allow_module_level=True)
QUICK = ("fcn8s", "segnet")


def run(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, map(torch.from_numpy, session.run(None, {"x": x.numpy()})), strict=True))


def stages_of(model):
    """A convolution near the beginning, one in the middle and one near the end."""
    named = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    return [named[1], named[len(named) // 2], named[-2]]


def assert_labels_but_for_ties(found, own):
    """A label may be another one only where the two best logits are apart by no more than rounding moves them."""
    best, second = own.topk(2, 1).values.unbind(1)
    other = found.argmax(1) != own.argmax(1)
    assert other.double().mean() < 1e-3
    assert ((best - second)[other] <= 2 * (found - own).abs().max()).all()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in list_models()]
)
def test_every_network_gives_the_same_labels_at_odd_sizes_and_batches(name, tmp_path):
    """All sixteen: python -m pytest -m "long or not long" tests/inference/test_exporting.py, some minutes."""
    model = create_model(name, weights="scenes").eval()
    stages = stages_of(model)
    to_onnx(model, tmp_path / "net.onnx", stages)
    for batch, height, width in ((2, 97, 131), (2, 135, 101), (1, 128, 160)):
        torch.manual_seed(height)
        x = torch.rand(batch, 3, height, width)
        found = run(tmp_path / "net.onnx", x)
        assert list(found) == ["logits", *stages]
        own = capture(model, x, [*stages, ""])
        own["logits"] = own.pop("")
        assert_labels_but_for_ties(found["logits"], own["logits"])
        unpools = any(isinstance(module, nn.MaxUnpool2d) for module in model.modules())
        for stage, expected in own.items():
            # Switches may fall otherwise where two values of a window differ by rounding.
            most = 1e-2 if unpools else 1e-4
            assert (found[stage] - expected).abs().max() < most * expected.abs().max(), stage


class Inplace(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(inplace=True)

    def forward(self, x):
        return {"out": self.relu(self.conv(x))}


def test_a_stage_is_what_it_was_before_an_in_place_relu_and_a_dict_gives_its_out(tmp_path):
    torch.manual_seed(0)
    model = Inplace().train()
    to_onnx(model, tmp_path / "net.onnx", "conv")
    assert model.training
    x = torch.rand(3, 3, 20, 31)
    found = run(tmp_path / "net.onnx", x)
    torch.testing.assert_close(found["conv"], model.conv(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(found["logits"], model.conv(x).relu(), rtol=0, atol=1e-6)


def test_a_layer_that_does_not_run_is_named(tmp_path):
    model = Inplace()
    model.idle = nn.Conv2d(1, 1, 1)
    with pytest.raises(Exception, match="does not run module 'idle'"):
        to_onnx(model, tmp_path / "net.onnx", ["idle"])
    assert not (tmp_path / "net.onnx").exists()


def test_without_the_packages_it_is_said_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r"pip install 'segviz\[onnx\]'"):
        exporting.to_onnx(nn.Conv2d(3, 1, 1), tmp_path / "net.onnx")


def test_each_part_of_a_network_is_in_the_mode_that_it_was_in(tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Dropout()).train()
    model[1].eval()
    to_onnx(model, tmp_path / "net.onnx", "0")
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_a_module_of_several_names_gives_each_its_own_map(tmp_path):
    torch.manual_seed(0)
    layer, relu = nn.Conv2d(3, 3, 1), nn.ReLU()
    model = nn.Sequential(layer, relu, layer, relu).eval()
    to_onnx(model, tmp_path / "net.onnx", ["0", "1", "2", "3"])
    x = torch.rand(1, 3, 5, 4)
    found, expected = run(tmp_path / "net.onnx", x), capture(model, x, ["0", "1", "2", "3"])
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)
    assert not torch.allclose(expected["0"], expected["2"])


@pytest.mark.parametrize("name", ["", "x", "logits"])
def test_a_name_that_the_file_has_itself_is_refused(tmp_path, name):
    model = nn.ModuleDict({"x": nn.Conv2d(3, 2, 1), "logits": nn.Conv2d(3, 2, 1)})
    with pytest.raises(ValueError, match="cannot be an output"):
        to_onnx(model, tmp_path / "net.onnx", name)


class Pyramid(nn.Module):
    """A map beside its own adaptive pool, as PSPNet has it."""

    def __init__(self, pool):
        super().__init__()
        self.first, self.pool, self.score = nn.Conv2d(3, 4, 3, stride=2, padding=1), pool, nn.Conv2d(8, 2, 1)

    def forward(self, x):
        x = self.first(x)
        spread = F.interpolate(self.pool(x), size=x.shape[-2:], mode="bilinear")
        return self.score(torch.cat([x, spread], 1))


class Halves(nn.Module):
    def forward(self, x):
        return F.adaptive_max_pool2d(x, (None, 2))


@pytest.mark.parametrize("pool", [nn.AdaptiveAvgPool2d(3), nn.AdaptiveAvgPool2d((1, 2)), Halves()], ids=str)
def test_adaptive_pools_whose_windows_a_file_would_keep_are_refused(tmp_path, pool):
    """Exported, a pool to 3 × 3 gave other labels at other sizes without a word."""
    model = Pyramid(pool)
    with pytest.raises(ValueError, match=r"an adaptive pool to \d+×\d has its windows from the size of the map"):
        to_onnx(model, tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists() and model.training


def test_a_pool_to_one_position_serves_every_size(tmp_path):
    model = Pyramid(nn.AdaptiveAvgPool2d(1)).eval()
    to_onnx(model, tmp_path / "net.onnx")
    for size in ((3, 3, 7, 9), (1, 3, 96, 128)):
        x = torch.rand(size)
        torch.testing.assert_close(run(tmp_path / "net.onnx", x)["logits"], model(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_a_precision_that_no_convolution_there_has_is_refused(tmp_path, kind):
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
    model[1].to(kind)
    with pytest.raises(ValueError, match=rf"'1\.weight' is {kind}.*export model\.float\(\)"):
        to_onnx(model, tmp_path / "net.onnx")


class Quarters(nn.Module):
    """Windows of a quarter of the map, as old pyramid pools work them out."""

    def forward(self, x):
        return F.avg_pool2d(x, (x.shape[-2] // 4, x.shape[-1] // 4))


class AskingWhetherEven(nn.Module):
    """Other arithmetic at even sizes."""

    def forward(self, x):
        return 2 * x if x.shape[-1] % 2 else x


class CroppingWhatIsTooMuch(nn.Module):
    """A skip that is cropped at odd heights only; at even ones the two no longer fit."""

    def forward(self, x):
        doubled = x[:, :, ::2].repeat_interleave(2, 2)
        return x + (doubled[:, :, :-1] if x.shape[-2] % 2 else doubled)


@pytest.mark.parametrize(
    "model", [Quarters(), AskingWhetherEven(), CroppingWhatIsTooMuch()], ids=lambda model: type(model).__name__
)
def test_what_python_makes_of_one_size_is_not_taken_to_another(tmp_path, model):
    """Each was written without a word and gave another shape, other values or an error of the runtime's."""
    with pytest.raises(ValueError, match=r"another network at \d+×\d+ pixels"):
        to_onnx(nn.Sequential(nn.Conv2d(3, 2, 3, padding=1), model), tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


class HalfOfALargeNetwork(nn.Module):
    """Of its least size on, so large that one size for all questions would be no question."""

    min_size = 224

    def forward(self, x):
        return x[..., : int(x.shape[-1] * 0.5)]


class AskingForASquare(nn.Module):
    def forward(self, x):
        return 2 * x if x.shape[-1] == x.shape[-2] else x


class AskingForTheBatch(nn.Module):
    def forward(self, x):
        return 2 * x if len(x) > 2 else x


@pytest.mark.parametrize("kind", [HalfOfALargeNetwork, AskingForASquare, AskingForTheBatch])
def test_large_networks_squares_and_batches_are_asked_too(tmp_path, kind):
    with pytest.raises(ValueError, match=r"another network at \d+×\d+ pixels"):
        to_onnx(kind(), tmp_path / "net.onnx")


def test_a_network_that_draws_random_numbers_is_written(tmp_path):
    """As Monte Carlo dropout does: nothing can be compared, and no size is to blame."""

    class Drawing(nn.Module):
        def forward(self, x):
            return F.dropout(x, 0.5, training=True)

    to_onnx(nn.Sequential(nn.Conv2d(3, 2, 1), Drawing()), tmp_path / "net.onnx")
    assert run(tmp_path / "net.onnx", torch.rand(1, 3, 64, 48))["logits"].shape == (1, 2, 64, 48)


class HalvedAndDrawn(nn.Module):
    def forward(self, x):
        y = F.max_pool2d(x, 2) if x.shape[-1] % 2 == 0 else x
        return y + 1e-2 * torch.randn_like(y)


def test_of_random_numbers_the_shape_is_compared(tmp_path):
    with pytest.raises(ValueError, match="another network at 128×128 pixels"):
        to_onnx(HalvedAndDrawn(), tmp_path / "net.onnx")


class ToMultiples(nn.Module):
    """Padded to a multiple of 32 and cropped again: sums of sizes, which an export keeps as such."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)

    def forward(self, x):
        height, width = x.shape[-2:]
        if min(height, width) < 32:
            raise ValueError("too small")
        x = F.pad(x, (0, -width % 32, 0, -height % 32))
        return F.interpolate(self.conv(x), size=x.shape[-2:])[:, :, :height, :width]


@pytest.mark.parametrize("half", [False, True], ids=["float32", "float16"])
def test_sizes_that_are_worked_out_in_the_graph_serve_every_size(tmp_path, half):
    torch.manual_seed(0)
    model = ToMultiples().eval()
    to_onnx(model.half() if half else model, tmp_path / "net.onnx")
    for height, width in ((64, 90), (97, 33), (131, 160)):
        x = torch.rand(1, 3, height, width).to(next(model.parameters()))
        found, expected = run(tmp_path / "net.onnx", x)["logits"], model(x)
        torch.testing.assert_close(found, expected, rtol=0, atol=2e-3 if half else 1e-6)
