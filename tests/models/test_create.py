"""Networks by name: what is refused, and what the shipped weights decide."""

import pytest
import torch
import torchvision

from segviz import checkpoints, create_model, list_models, models
from segviz.models.base import SegmentationModel, one_of

NAMES = [
    "fcn32s",
    "fcn16s",
    "fcn8s",
    "fcn_resnet",
    "deconvnet",
    "segnet",
    "segnet_basic",
    "unet",
    "fcdensenet56",
    "fcdensenet67",
    "fcdensenet103",
    "deeplabv1",
    "dilatednet",
    "deeplabv2",
    "deeplabv3",
    "deeplabv3plus",
]


def test_the_names_are_those_of_the_book():
    assert list_models() == NAMES


def test_a_list_of_models_can_be_changed_without_harm():
    list_models().clear()
    assert list_models() == NAMES


@pytest.mark.parametrize("name", ["unte", "Unet", "", None, 3])
def test_an_unknown_name_is_refused_and_the_known_listed(name):
    with pytest.raises(ValueError, match=r"name: got .*known are 'fcn32s', .*'deeplabv3plus'"):
        create_model(name)


def test_the_nearest_name_is_suggested():
    with pytest.raises(ValueError, match=r"did you mean 'segnet_basic'\?"):
        create_model("segnet-basic")


@pytest.mark.parametrize("wrong", [0, -1])
@pytest.mark.parametrize("parameter", ["num_classes", "in_channels"])
def test_counts_below_one_are_refused(parameter, wrong):
    with pytest.raises(ValueError, match=f"{parameter}: got {wrong}; it is at least 1"):
        create_model("unet", **{parameter: wrong})


@pytest.mark.parametrize("wrong", [2.0, "3", True, None])
@pytest.mark.parametrize("parameter", ["num_classes", "in_channels"])
def test_counts_that_are_no_whole_numbers_are_refused(parameter, wrong):
    with pytest.raises(TypeError, match=f"{parameter}: got {wrong!r}"):
        create_model("unet", **{parameter: wrong})


@pytest.mark.parametrize("wrong", [0, -0.5, float("inf"), float("nan")])
def test_a_width_that_is_no_positive_number_is_refused(wrong):
    with pytest.raises(ValueError, match=r"width: got .*above 0"):
        create_model("unet", width=wrong)


@pytest.mark.parametrize("wrong", ["wide", None, True])
def test_a_width_of_the_wrong_type_is_refused(wrong):
    with pytest.raises(TypeError, match="width: got"):
        create_model("unet", width=wrong)


def test_options_that_make_the_name_are_not_options():
    with pytest.raises(ValueError, match="unknown option 'depth'"):
        create_model("fcdensenet56", depth=103)


def test_a_network_without_options_says_so():
    with pytest.raises(ValueError, match="its options are none"):
        create_model("segnet_basic", padding="same")


def test_wrong_values_of_options_are_refused_and_the_known_listed():
    with pytest.raises(ValueError, match=r"backbone: got 'vgg19'.*did you mean 'vgg16'.*known are 'vgg16', 'alexnet'"):
        create_model("fcn32s", backbone="vgg19")
    with pytest.raises(ValueError, match="padding: got 'full'; known are 'same', 'valid'"):
        create_model("unet", padding="full")


def test_unknown_weights_are_refused():
    with pytest.raises(ValueError, match="weights: got 'imagenet'; known are None, 'scenes'"):
        create_model("unet", weights="imagenet")


@pytest.fixture
def shipped(monkeypatch):
    """A U-Net of four classes as if it shipped with the package."""
    model = create_model("unet", 4, width=0.1, padding="valid")
    settings = {"num_classes": 4, "width": 0.1, "padding": "valid"}
    monkeypatch.setattr(checkpoints, "load_scenes", lambda name: (settings, model.state_dict()))
    return model.eval()


def test_shipped_weights_bring_their_own_settings(shipped):
    model = create_model("unet", weights="scenes").eval()
    x = torch.rand(1, 3, 20, 21)
    assert model.num_classes == 4
    assert torch.equal(model(x), shipped(x))


def test_settings_that_agree_with_the_shipped_weights_may_be_repeated(shipped):
    create_model("unet", 4, width=0.1, padding="valid", dropout=0.5, weights="scenes")


@pytest.mark.parametrize("wrong", [{"num_classes": 5}, {"width": 0.5}, {"padding": "same"}, {"in_channels": 1}])
def test_settings_that_differ_from_the_shipped_weights_are_refused(shipped, wrong):
    key = next(iter(wrong))
    with pytest.raises(ValueError, match=rf"got {key}=.*trained with {key}=.*leave {key} out"):
        create_model("unet", weights="scenes", **wrong)


def test_names_without_shipped_weights_say_which_have_some(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "WEIGHTS", tmp_path)
    with pytest.raises(ValueError, match="no weights are shipped for 'fcn8s'; there are: none"):
        create_model("fcn8s", weights="scenes")


def test_a_choice_is_handed_on():
    assert one_of("output_stride", 16, (8, 16)) == 16


def test_logits_of_another_size_are_resized_with_the_corners_as_told():
    class Coarse(SegmentationModel):
        def logits(self, x):
            return x[:, :1, ::4, ::4]

    x = torch.rand(1, 3, 9, 9)
    for align_corners in (True, False):
        model = Coarse(1, in_channels=3, min_size=4, align_corners=align_corners)
        expected = torch.nn.functional.interpolate(
            x[:, :1, ::4, ::4], size=(9, 9), mode="bilinear", align_corners=align_corners
        )
        assert torch.equal(model(x), expected)


def test_a_network_without_logits_says_what_it_lacks():
    class Empty(SegmentationModel):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty does not define logits\(x\)"):
        Empty(2, in_channels=3, min_size=1)(torch.rand(1, 3, 2, 2))


@pytest.mark.parametrize("aux", [False, True])
@pytest.mark.parametrize("backbone", ["resnet50", "resnet101"])
@pytest.mark.parametrize(("name", "published"), [("fcn_resnet", "fcn"), ("deeplabv3", "deeplabv3")])
def test_torchvisions_weights_give_torchvisions_logits(monkeypatch, name, published, backbone, aux):
    torch.manual_seed(0)
    theirs = getattr(torchvision.models.segmentation, f"{published}_{backbone}")(
        weights=None, weights_backbone=None, aux_loss=True
    ).eval()
    asked = []

    def state(self, **_):
        asked.append(self.url)
        return theirs.state_dict()

    monkeypatch.setattr(torchvision.models._api.WeightsEnum, "get_state_dict", state)
    ours = create_model(name, backbone=backbone, weights="torchvision", aux=aux).eval()
    assert f"/{published}_{backbone}_coco-" in asked[0]
    x = torch.rand(1, 3, 33, 41)
    with torch.no_grad():
        expected = theirs(x)
        found = ours(x, return_aux=True) if aux else (ours(x),)
    for key, logits in zip(("out", "aux"), found, strict=False):
        torch.testing.assert_close(logits, expected[key], rtol=0, atol=1e-4 * expected[key].abs().max().item())


def narrow(monkeypatch):
    """Networks of a quarter of the width, whose file is torchvision's."""
    monkeypatch.setattr(models, "_published", lambda name, *_: create_model(name, width=0.25, aux=True).state_dict())
    return {"width": 0.25, "weights": "torchvision"}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("fcn_resnet", {"output_stride": 16}),
        ("deeplabv3", {"output_stride": 16, "aspp_rates": (12, 24, 36)}),
        ("deeplabv3", {"aspp_rates": (6, 12, 18)}),
        ("deeplabv3", {"multi_grid": (1, 2, 4)}),
        ("deeplabv3", {"align_corners": True}),
    ],
)
def test_options_that_move_published_filters_are_warned_of_since_no_shape_tells(monkeypatch, name, options):
    how = narrow(monkeypatch)
    with pytest.warns(UserWarning, match=rf"^weights: {next(iter(options))}=.* moves the filters") as told:
        create_model(name, **how, **options)
    assert told[0].filename == __file__


@pytest.mark.parametrize("options", [{}, {"aux": True}, {"output_stride": 8, "aspp_rates": [12, 24, 36]}])
def test_options_that_say_what_the_published_weights_have_are_not_warned_of(monkeypatch, recwarn, options):
    create_model("deeplabv3", **narrow(monkeypatch), **options)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("unet", {}),
        ("deeplabv2", {}),
        ("fcn_resnet", {"num_classes": 11}),
        ("deeplabv3", {"width": 0.5}),
        ("deeplabv3", {"backbone": ["resnet50"]}),
    ],
)
def test_where_torchvision_published_nothing_it_is_said_where_it_did(name, options):
    with pytest.raises(ValueError, match=r"published none for .*'fcn_resnet' and 'deeplabv3'.*'resnet101'.*=21"):
        create_model(name, weights="torchvision", **options)
