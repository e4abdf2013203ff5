"""One tensor in several places."""

from torch import nn

from segviz import audit

KIND = "shared-parameters"


def found(model):
    return [finding for finding in audit(model, (8, 8)) if finding.kind == KIND]


def layers():
    return [nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()]


def test_a_list_times_four_is_one_layer_in_four_places():
    convolution, norm = found(nn.Sequential(nn.Conv2d(1, 4, 1), *layers() * 4))
    assert (convolution.severity, convolution.layer, norm.layer) == ("note", "1", "2")
    assert convolution.measured == {"places": 4, "parameters": 148, "by_place": 592}
    assert "1.weight, 4.weight, 7.weight, 10.weight" in convolution.message


def test_a_tied_weight_is_found_alone():
    first, second = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
    second.weight = first.weight
    (finding,) = found(nn.Sequential(first, nn.ReLU(), second))
    assert finding.measured == {"places": 2, "parameters": 16, "by_place": 32}


def test_four_layers_and_one_layer_called_four_times_are_silent():
    class Again(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x):
            for _ in range(4):
                x = self.layer(x).relu()
            return self.layer(x)

    assert found(nn.Sequential(*[layer for _ in range(4) for layer in layers()])) == []
    assert found(Again()) == []
