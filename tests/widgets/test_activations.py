"""The activation explorer in Python: stages, what units see, bytes, the gallery's weight, and the kernel's answers."""

import base64
import io
import json
import threading
import time
import zlib

import numpy as np
import pytest
import torch
from odd_pictures import display_p3, file_of, from_p3, odd_files
from PIL import Image
from torch import nn
from torchvision.models import resnet18

import segviz
from segviz.activations import capture
from segviz.lessons import decoding
from segviz.widgets import ActivationExplorer
from segviz.widgets.activations import exhibits
from segviz.widgets.activations.abouts import about, scenes
from segviz.widgets.activations.boxes import boxes
from segviz.widgets.activations.gallery import Picture, opened, precomputed
from segviz.widgets.activations.lending import first_unpooled, switches_of, unpooling_by
from segviz.widgets.activations.live import LiveMaps
from segviz.widgets.activations.quantize import facts, packed, quantized, switches
from segviz.widgets.activations.stages import maps_of, stages_of
from segviz.widgets.activations.still import eight_bits
from segviz.widgets.activations.uploads import MOST_BYTES, read_picture


class Toy(nn.Module):
    """A network of two stages whose middle gives no map."""

    def __init__(self, channels=3):
        super().__init__()
        self.stem = nn.Conv2d(channels, 4, 3, stride=2, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.flat = nn.Flatten()
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        x = self.pool(self.stem(x))
        self.flat(x)
        return self.head(x)


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return exhibits.Exhibit("toy", Toy().eval(), True)


@pytest.fixture
def pictures():
    draw = torch.Generator().manual_seed(0)
    labels = torch.zeros(64, 64, dtype=torch.long)
    labels[32:] = 1
    return [Picture(torch.rand(1, 3, 64, 64, generator=draw), labels), Picture(torch.rand(1, 3, 64, 64), None)]


@pytest.fixture
def live(toy, pictures):
    return LiveMaps([toy], pictures, ("top", "bottom"))


# --- Bytes and facts ------------------------------------------------------------------------------------------


def test_eight_bits_are_within_half_a_step():
    values = torch.randn(64, 64)
    low, high = values.min().item(), values.max().item()
    back = low + (high - low) * quantized(values, low, high).double() / 255
    assert (back - values).abs().max() <= (high - low) / 510 * (1 + 1e-6)


def test_a_map_of_one_value_is_all_zero_bytes():
    assert quantized(torch.full((2, 2), 3.0), 3, 3).tolist() == [[0, 0], [0, 0]]


def test_facts_of_a_map_by_hand():
    values = torch.zeros(4, 4)
    values[2, 3] = 5.0
    labels = torch.zeros(8, 8, dtype=torch.long)
    labels[4:, 4:] = 7
    assert facts(values, labels, [[0.5, 0.5], [2.0, 2.0]]) == [0.0, 5.0, 0.9375, 2, 3, 7, 1.0]
    assert facts(values, None, [[0.5, 0.5], [2.0, 2.0]]) == [0.0, 5.0, 0.9375, 2, 3]


@pytest.mark.parametrize("size", [(4, 6), (5, 7), (1, 1)])
def test_switches_are_those_of_the_pool(size):
    x = torch.rand(1, 1, *size) + 0.1
    pooled, indices = nn.functional.max_pool2d(x, 2, ceil_mode=True, return_indices=True)
    unpooled = nn.functional.max_unpool2d(pooled, indices, 2, output_size=size)[0, 0]
    row, col = indices[0, 0] // size[1], indices[0, 0] % size[1]
    switched = switches(unpooled)
    assert torch.equal(switched.long(), 2 * (row % 2) + col % 2)
    bits = np.frombuffer(packed(switched), np.uint8)
    assert ((bits[:, None] >> [0, 2, 4, 6]) & 3).ravel()[: switched.numel()].tolist() == switched.flatten().tolist()


# --- Stages and what units see --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deconvnet", "segnet", "fcn32s", "fcn16s", "fcn8s", "fcdensenet56"])
def test_the_stages_of_a_known_network_all_give_maps(name):
    model = segviz.create_model(name, num_classes=4, width=0.02).eval()
    image = torch.rand(1, 3, 224, 224)
    running = maps_of(model, image)
    stages = stages_of(name, model, image)
    assert [stage.layer for stage in stages if stage.layer not in running] == []
    decoder = [running[stage.layer][1] for stage in stages if stage.title in ("unpool", "deconv", "conv")]
    assert decoder in ([], [side for side in (14, 28, 56, 112, 224) for _ in range(2)])


def test_of_another_network_the_parts_that_give_maps():
    assert [stage.layer for stage in stages_of("toy", Toy(), torch.rand(1, 3, 64, 64))] == ["stem", "pool", "head"]


def box_of(model, size, layer):
    return boxes(model, size, [layer])[layer]


def test_boxes_by_hand():
    found = box_of(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2)), (4, 6), "1")
    assert found["field"] == [4, 4]
    assert found["stride"] == [2.0, 2.0]
    assert found["center"] == [0.5, 0.5]
    assert found["spans"] == [[[1, 0, 3], [1, 1, 4]], [[1, 0, 3], [1, 1, 5], [1, 3, 6]]]
    assert found["filled"]


def test_holes_are_told():
    assert not box_of(nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2, padding=2)), (16, 16), "0")["filled"]


def test_a_field_without_bounds_has_no_size():
    found = box_of(nn.Sequential(nn.AdaptiveAvgPool2d(1)), (8, 8), "0")
    assert found["field"] == [None, None]
    assert found["spans"][0] == [[1, 0, 8]]


def test_maps_that_begin_before_the_picture_lie_where_the_crop_says():
    """FCN's upsampled scores have a border of one cell, which the network cuts off."""
    model = segviz.create_model("fcn8s", num_classes=3, width=0.02).eval()
    assert box_of(model, (224, 224), "upscore2")["center"] == [-8.5, -8.5]
    assert box_of(model, (224, 224), "score_pool4")["center"] == [7.5, 7.5]


@pytest.mark.parametrize("layer", ["backbone.1", "decoder.0.unpool", "decoder.2.layers"])
def test_spans_are_the_measured_support(layer):
    model = segviz.create_model("segnet", num_classes=3, width=0.02).eval()
    found = box_of(model, (64, 96), layer)
    spans = [[span for count, *span in runs for _ in range(count)] for runs in found["spans"]]
    for row, col in ((0, 0), (len(spans[0]) - 1, len(spans[1]) // 2)):
        seen = segviz.support(model, (64, 96), layer=layer, at=(row, col))
        box = torch.zeros(64, 96, dtype=torch.bool)
        box[slice(*spans[0][row]), slice(*spans[1][col])] = True
        assert torch.equal(seen, box)


# --- The gallery ----------------------------------------------------------------------------------------------


def test_the_gallery_of_the_book_keeps_to_its_weight():
    explorer = ActivationExplorer()
    assert len(explorer.html()) <= 300_000
    assert {model["name"] for model in explorer.gallery["models"]} == {"deconvnet", "segnet"}
    assert len(explorer.gallery["pictures"]) == 3


def test_an_unpooled_map_is_its_input_scattered():
    gallery = ActivationExplorer().gallery
    image = exhibits.pictures_of(1)[0].image
    for each in gallery["models"]:
        model = exhibits.exhibits_of([each["name"]])[0].model
        stage = next(stage for stage in each["stages"] if stage["size"] == [28, 28] and stage["kind"] == "unpool")
        channel = stage["channels"][0]
        held = eight_bits(gallery, {"model": each["name"], "layer": stage["layer"], "channel": channel}, 0)
        values = segviz.capture(model, image, stage["layer"])[stage["layer"]][0, channel]
        assert np.array_equal(held, quantized(values, *stage["ranges"][0]).numpy())
        assert (values == 0).double().mean() >= 0.75


def test_a_network_of_other_classes_under_a_known_name_has_no_class_names():
    model = segviz.create_model("fcn32s", num_classes=21, width=0.02)
    explorer = ActivationExplorer({"fcn32s": model}, pictures=1, channels=1)
    stages = explorer.gallery["models"][0]["stages"]
    assert [stage["title"] for stage in stages if "names" in stage or stage["kind"] == "classes"] == []


def test_random_weights_are_told():
    gallery = precomputed(
        [exhibits.Exhibit("toy", Toy().eval(), False)], [Picture(torch.rand(1, 3, 64, 64), None)], 2, ()
    )
    assert gallery["models"][0]["trained"] is False


def test_the_error_that_is_told_is_the_sheets(toy):
    wide = [Picture(torch.rand(1, 3, 256, 256), None)]
    (model,) = precomputed([toy], wide, 4, ())["models"]
    stage = next(stage for stage in model["stages"] if stage["layer"] == "stem")
    values = segviz.capture(toy.model, wide[0].image, "stem")["stem"][0, stage["channels"][0]]
    low, high = stage["ranges"][0]
    sheet = Image.open(io.BytesIO(base64.b64decode(model["sheets"]["lossy"].partition(",")[2]))).convert("RGB")
    drawn = np.asarray(sheet)[stage["top"] : stage["top"] + 128, :128, 1]
    off = np.abs(low + (high - low) * drawn / 255.0 - values.numpy()) / (high - low)
    typical, greatest = stage["error"]
    assert off.max() <= greatest + 1 / 255
    assert np.sqrt((off**2).mean()) == pytest.approx(typical, abs=0.01)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"models": ["deconvnett"]}, "models.*deconvnet"),
        ({"models": []}, "models.*one to 4"),
        ({"models": {"toy": 3}}, "models\\['toy'\\] is a int"),
        ({"models": {"toy": Toy(5)}}, "takes 5 channels"),
        ({"pictures": 4}, "pictures=4"),
        ({"pictures": [torch.rand(3, 8, 8)]}, "pictures\\[0\\].*\\(3, 8, 8\\)"),
        ({"pictures": [torch.rand(3, 64, 64) * 9]}, "values from"),
        ({"pictures": [torch.zeros(3, 64, 64, dtype=torch.uint8)]}, "uint8"),
        ({"channels": 0}, "channels=0"),
        ({"left": {"layer": "decoder.9"}}, "left: layer='decoder.9'"),
        ({"right": {"model": "unet"}}, "right: model='unet'"),
        ({"left": {"chan": 1}}, "chan"),
        ({"left": {"channel": 999}}, "channel=999"),
        ({"picture": 3}, "picture=3"),
        ({"switches": 3}, "switches=3"),
        ({"mix": 101}, "mix"),
        ({"colour": 1}, "colour"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, words):
    with pytest.raises((ValueError, TypeError), match=words):
        ActivationExplorer(**settings)


def test_pictures_smaller_than_the_network_takes_are_refused():
    with pytest.raises(ValueError, match="at least"):
        ActivationExplorer(["deconvnet"], pictures=[torch.rand(3, 64, 64)])


def test_a_network_of_ones_own_alone():
    model = Toy()
    explorer = ActivationExplorer(model=model, pictures=[torch.rand(3, 64, 64)])
    assert explorer.left == {"model": "Toy", "layer": "pool", "channel": explorer.left["channel"]}
    assert explorer.right == {}
    assert model.training, "the reader's own network is left as it was"
    json.dumps(explorer.state())


def test_a_network_that_cannot_be_traced_is_shown_all_the_same():
    class RunningSum(nn.Module):
        def forward(self, x):
            return x.cumsum(3)

    layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), RunningSum())
    explorer = ActivationExplorer(model=layers, pictures=[torch.rand(3, 32, 32)])
    known = {stage["layer"]: stage["box"].get("unknown", False) for stage in explorer.gallery["models"][0]["stages"]}
    assert known == {"0": False, "1": True}


# --- The page that computes -----------------------------------------------------------------------------------


def test_what_is_told_of_a_network_is_what_a_gallery_tells_with_every_channel():
    told, shown = about("segnet"), ActivationExplorer(["segnet"], pictures=1).gallery["models"][0]
    assert [stage["layer"] for stage in told["stages"]] == [stage["layer"] for stage in shown["stages"]]
    for full, chosen in zip(told["stages"], shown["stages"], strict=True):
        assert {key: full[key] for key in ("title", "kind", "size", "box")} == {
            key: chosen[key] for key in ("title", "kind", "size", "box")
        }
        assert set(chosen["channels"]) <= set(full["channels"])
    assert "decoder.0.layers.0.0" in told["layers"]


def test_the_scenes_of_the_page_are_what_the_networks_are_given():
    shown = exhibits.pictures_of(3)
    for picture, scene in zip(shown, scenes().values(), strict=True):
        pixels = np.asarray(opened(scene["picture"]))
        assert np.array_equal(pixels, (255 * picture.image[0]).round().byte().permute(1, 2, 0).numpy())
        assert np.array_equal(np.asarray(opened(scene["labels"])), picture.labels.numpy())
    assert ActivationExplorer(["fcn8s"], pictures=2).gallery["scenes"] == list(scenes())[:2]


# --- The kernel -----------------------------------------------------------------------------------------------


def ask(live, kind, layer="", **rest):
    (answer,) = live.answer([{"kind": kind, "model": "toy", "layer": layer, "picture": 0} | rest])
    return answer


def test_the_kernel_gives_a_map_as_the_network_has_it(live, toy, pictures):
    answer = ask(live, "map", "stem", channel=2)
    values = toy.model.stem(pictures[0].image)[0, 2].detach()
    low, high = answer["range"]
    back = low + (high - low) * torch.frombuffer(bytearray(answer["bytes"]), dtype=torch.uint8).reshape(32, 32) / 255
    assert (back - values).abs().max() <= (high - low) / 510 + 1e-4
    assert (answer["count"], answer["size"], answer["told"]) == (4, [32, 32], "true")


def test_small_maps_of_all_channels(live):
    answer = ask(live, "thumbs", "stem")
    assert answer["size"] == [32, 32]
    assert len(answer["bytes"]) == 4 * 32 * 32


def test_what_cannot_be_given_is_told_in_words(live):
    assert "'stem'" in ask(live, "map", "stemm", channel=0)["problem"]
    assert "no map" in ask(live, "map", "flat", channel=0)["problem"]
    assert "picture 9" in ask(live, "map", "stem", channel=0, picture=9)["problem"]
    assert (
        "no network"
        in live.answer([{"kind": "map", "model": "x", "layer": "stem", "picture": 0, "channel": 0}])[0]["problem"]
    )
    assert live.answer([{"kind": "riddle"}])[0]["problem"]
    assert ask(live, "map", "stem", channel=77)["channel"] == 3


def test_of_a_brought_picture_the_network_itself_names_the_classes(live):
    live.pictures.append(Picture(torch.rand(1, 3, 64, 64), None))
    assert ask(live, "map", "stem", channel=0, picture=2)["told"] == "called"


def test_a_gray_network_is_given_gray(pictures):
    live = LiveMaps([exhibits.Exhibit("toy", Toy(1).eval(), True)], pictures, ())
    assert ask(live, "map", "stem", channel=0)["size"] == [32, 32]


def test_the_explorer_answers_requests_and_keeps_the_page_free_of_them():
    explorer = ActivationExplorer(model=Toy(), pictures=[torch.rand(3, 64, 64)])
    assert explorer.offers["layers"]["Toy"] == ["stem", "pool", "flat", "head"]
    explorer.request = {
        "id": "a",
        "wants": [{"kind": "map", "model": "Toy", "layer": "head", "picture": 0, "channel": 1}],
    }
    assert explorer.answer["id"] == "a"
    assert explorer.answer["items"][0]["size"] == [16, 16]
    explorer.request = "nonsense"
    json.dumps(explorer.state())
    assert "offers" not in explorer.html()


def test_by_the_switches_of_another_picture_the_kernel_gives_what_chapter_4_computes():
    live = exhibits.live_maps(["segnet"], 2)
    model, (mine, other) = live._models["segnet"], (picture.image for picture in live.pictures)
    want = {"kind": "map", "model": "segnet", "layer": "", "channel": 0, "picture": 0}
    lent, own = live.answer([want | {"switches": 1}, want])
    labels = decoding.with_switches_of(model, mine, other).argmax(1)[0]
    assert lent["bytes"] == labels.byte().numpy().tobytes() != own["bytes"]
    assert lent["right"] == pytest.approx((labels == live.pictures[0].labels).double().mean().item())
    deep, plain = (
        live.answer([want | {"layer": "decoder.2.unpool", "switches": switches}])[0] for switches in (1, None)
    )
    with torch.no_grad():
        lent = model.backbone(other)[1]
    handle = model.backbone.register_forward_hook(lambda _module, _input, output: (output[0], lent))
    wanted = capture(model, mine, "decoder.2.unpool")["decoder.2.unpool"][0, 0]
    handle.remove()
    assert deep["bytes"] == quantized(wanted, *deep["range"]).numpy().tobytes() != plain["bytes"]


class OnePool(nn.Module):
    """Two stages that share a pool, and an unpooling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        x, outer = self.pool(self.stem(x))
        x, inner = self.pool(x)
        return self.head(self.unpool(self.unpool(x, inner), outer))


def test_a_pool_that_serves_two_stages_is_lent_the_switches_of_each():
    torch.manual_seed(0)
    model, (mine, other) = OnePool().eval(), torch.rand(2, 1, 3, 32, 32)
    assert first_unpooled(model, mine, stages_of("own", model, mine)) == 2
    live = LiveMaps([exhibits.Exhibit("own", model, True)], [Picture(mine, None), Picture(other, None)], ())
    want = {"kind": "map", "model": "own", "layer": "head", "channel": 1, "picture": 0, "switches": 1}
    [answer] = live.answer([want])
    with torch.no_grad():
        (x, _), (y, theirs) = (model.pool(model.stem(image)) for image in (mine, other))
        deep, inner = model.pool(x)[0], model.pool(y)[1]
        wanted = model.head(model.unpool(model.unpool(deep, inner), theirs))[0, 1]
    assert answer["bytes"] == quantized(wanted, *answer["range"]).numpy().tobytes()
    assert model.pool(x)[1].equal(nn.functional.max_pool2d(x, 2, return_indices=True)[1]), "nothing is left of it"
    assert "no picture 7" in live.answer([want | {"switches": 7}])[0]["problem"]


def test_a_network_that_does_not_unpool_takes_no_switches(live, toy, pictures):
    assert "does not unpool" in ask(live, "map", "stem", channel=0, switches=1)["problem"]
    assert first_unpooled(toy.model, pictures[0].image, stages_of("toy", toy.model, pictures[0].image)) is None


def test_switches_for_maps_of_another_size_are_refused():
    model = OnePool()
    lent = switches_of(model, torch.rand(1, 3, 32, 32))
    with unpooling_by(model, lent), pytest.raises(ValueError, match="for maps 4 × 16 × 16, and the pool gives maps"):
        model(torch.rand(1, 3, 16, 16))


def test_switching_layer_or_channel_takes_the_kernel_a_moment():
    live = exhibits.live_maps(["segnet"], 1)
    first = {"kind": "map", "model": "segnet", "layer": "decoder.0.layers", "picture": 0, "channel": 0}
    live.answer([first])
    spent = []
    for layer in ("decoder.4.layers.0", "backbone.1", "decoder.2.layers.0.0"):
        for channel in range(4):
            start = time.perf_counter()
            live.answer([first | {"layer": layer, "channel": channel}])
            spent.append(time.perf_counter() - start)
    assert sorted(spent)[len(spent) // 2] < 0.1


# --- A reader's own picture -----------------------------------------------------------------------------------


def test_a_picture_comes_in_as_it_is():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image, notes = read_picture(file_of(Image.fromarray(pixels)), (20, 30))
    assert torch.equal((255 * image).round().byte().permute(1, 2, 0), torch.from_numpy(pixels))
    assert notes == []


@pytest.mark.parametrize(
    ("picture", "note", "value"),
    [
        (Image.new("RGBA", (16, 16), (255, 0, 0, 0)), "transparent", 1.0),
        (Image.new("LA", (16, 16), (0, 0)), "transparent", 1.0),
        (Image.new("L", (16, 16), 51), "gray", 0.2),
        (Image.fromarray(np.full((16, 16), 13107, np.uint16)), "16|8 bits", 0.2),
        (Image.new("P", (16, 16), 0), "", 0.0),
        (Image.new("RGB", (8, 8), (51, 51, 51)), "enlarged", 0.2),
        (Image.new("RGB", (64, 32), (51, 51, 51)), "cut to its middle", 0.2),
    ],
)
def test_unusual_pictures_are_brought_into_form_and_told(picture, note, value):
    image, notes = read_picture(file_of(picture), (16, 16))
    assert image.shape == (3, 16, 16)
    assert image.mean().item() == pytest.approx(value, abs=0.01)
    assert any(part in "; ".join(notes) for part in note.split("|"))


def test_a_clear_color_stays_clear_where_a_profile_changes_the_colors():
    green = (60, 180, 90)
    data = file_of(Image.new("RGB", (16, 16), green), transparency=green, icc_profile=display_p3())
    image, note = read_picture(data, (16, 16))
    assert image.min() == 1 and "laid on white where it is transparent" in note


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_wide_colors_come_in_as_the_formulas_of_display_p3_have_them(form):
    for color in ((200, 120, 90), (30, 60, 200), (255, 0, 0)):
        options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100}}.get(form, {})
        data = file_of(Image.new("RGB", (16, 16), color), form, icc_profile=display_p3(), **options)
        image, notes = read_picture(data, (16, 16))
        assert np.abs(255 * image.mean((1, 2)).numpy() - from_p3(color)).max() <= (3 if form == "JPEG" else 1.5)
        assert notes == []


def test_a_profile_that_tells_nothing_changes_nothing():
    for profile in (b"none", display_p3()[:200]):
        image, _ = read_picture(file_of(Image.new("RGB", (16, 16), (51, 102, 204)), icc_profile=profile), (16, 16))
        assert (255 * image[:, 0, 0]).round().tolist() == [51, 102, 204]
    image, _ = read_picture(file_of(Image.new("L", (16, 16), 51), icc_profile=display_p3()), (16, 16))
    assert (255 * image[:, 0, 0]).round().tolist() == [51, 51, 51]


def test_every_odd_file_of_the_page_is_taken_by_the_kernel():
    for name, data in odd_files().items():
        image, _ = read_picture(data, (56, 48))
        assert image.shape == (3, 56, 48) and image.std() > 0.05, name


def test_what_the_page_did_to_a_picture_is_told_before_what_the_kernel_does(live):
    data = file_of(Image.new("L", (64, 64), 51))
    [answer] = live.answer([{"kind": "picture", "data": data, "notes": ["cut to its middle"]}])
    assert answer["notes"] == ["cut to its middle", "gray, given to all three channels"]


def test_a_picture_is_turned_as_its_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 3
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 255
    image, notes = read_picture(file_of(Image.fromarray(pixels), "JPEG", exif=exif, quality=95), (16, 16))
    assert image[:, :6].mean() < 0.1 < 0.9 < image[:, -6:].mean()
    assert notes == ["turned as its EXIF says"]


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (16, 16), color) for color in ("white", "black")]
    image, notes = read_picture(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:]), (16, 16))
    assert image.min() > 0.99
    assert "the first frame of an animation" in notes


def bomb():
    """A small file that says it is 30,000 × 30,000 pixels."""
    data = bytearray(file_of(Image.new("L", (1, 1))))
    data[16:24] = (30_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no picture"),
        (b"hello, this is text", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (file_of(Image.effect_noise((64, 64), 50))[:900], "damaged"),
        (bytes(MOST_BYTES + 1), "8 MB is the most"),
        (bomb(), "64 million pixels"),
    ],
)
def test_what_is_no_picture_for_here_is_told_in_words(data, words):
    with pytest.raises(ValueError, match=words):
        read_picture(data, (16, 16))


# --- Readers' own networks ------------------------------------------------------------------------------------


def shown_maps(explorer, side="left"):
    """The map that a side shows of the first picture, as the page without a kernel decodes it."""
    look = getattr(explorer, side)
    model = next(model for model in explorer.gallery["models"] if model["name"] == look["model"])
    stage = next(stage for stage in model["stages"] if stage["layer"] == look["layer"])
    index = stage["channels"].index(look["channel"])
    low, high = stage["ranges"][index]
    uri = model["sheets"][stage["sheet"]]
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L")).astype(float)
    (height, width), top = stage["size"], stage["top"]
    return low + (high - low) * sheet[top : top + height, index * width : (index + 1) * width] / 255


@pytest.mark.parametrize("layer", ["layer2.0.conv1", "layer3.1.bn2", "layer1"])
def test_an_explorer_opens_at_a_layer_inside_a_block_and_any_channel(layer):
    torch.manual_seed(0)
    model, image = resnet18(weights=None).eval(), torch.rand(3, 64, 64)
    channels = capture(model, image[None], layer)[layer][0]
    explorer = ActivationExplorer(
        model=model, pictures=[image], left={"layer": layer, "channel": len(channels) - 1}, channels=2
    )
    assert explorer.left == {"model": "ResNet", "layer": layer, "channel": len(channels) - 1}
    [stages] = [model["stages"] for model in explorer.gallery["models"]]
    names = [stage["layer"] for stage in stages]
    running = list(maps_of(model, image[None]))
    assert [running.index(name) for name in names] == sorted(running.index(name) for name in names)
    wanted = channels[-1].numpy()
    # Small maps are held without loss but for their eight bits.
    assert np.abs(shown_maps(explorer) - wanted).max() <= np.ptp(wanted) / 255 or wanted.shape[0] > 28


def test_a_named_network_holds_what_was_asked_for_and_the_usual_gallery_stays_the_usual_one():
    usual = ActivationExplorer(["fcn8s"], pictures=1)
    asked = ActivationExplorer(["fcn8s"], pictures=1, left={"layer": "backbone.trunk.conv3_2"})
    assert asked.left["layer"] == "backbone.trunk.conv3_2"
    assert "backbone.trunk.conv3_2" not in {stage["layer"] for stage in usual.gallery["models"][0]["stages"]}
    assert len(asked.gallery["models"][0]["stages"]) == len(usual.gallery["models"][0]["stages"]) + 1
    assert ActivationExplorer(["fcn8s"], pictures=1).gallery == usual.gallery


def test_any_channel_of_an_unpooling_can_be_asked_for():
    usual = ActivationExplorer(["deconvnet"], pictures=1).gallery["models"][0]["stages"]
    stage = next(stage for stage in usual if stage["kind"] == "unpool")
    other = next(channel for channel in range(100) if channel not in stage["channels"])
    explorer = ActivationExplorer(["deconvnet"], pictures=1, left={"layer": stage["layer"], "channel": other})
    assert explorer.left["channel"] == other
    with pytest.raises(ValueError, match="channel=100000 must be one that is held"):
        ActivationExplorer(["deconvnet"], pictures=1, left={"layer": stage["layer"], "channel": 100000})


def test_a_layer_that_is_none_is_refused_with_what_there_is(toy):
    for layer in ("stme", "flat"):
        with pytest.raises(ValueError, match=f"left: layer='{layer}'.* or the dotted name of another module"):
            ActivationExplorer(model=toy.model, pictures=[torch.rand(3, 64, 64)], left={"layer": layer})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_networks_of_other_types_are_shown(dtype, toy):
    model, image = toy.model.to(dtype), torch.rand(3, 64, 64)
    explorer = ActivationExplorer(model=model, pictures=[image])
    expected = capture(model, image[None].to(dtype), "stem")["stem"][0].float()
    live = exhibits.live_maps({"Toy": model}, [image])
    [answer] = live.answer([{"kind": "map", "model": "Toy", "layer": "stem", "channel": 1, "picture": 0}])
    assert "problem" not in answer, answer
    assert answer["range"] == pytest.approx([expected[1].min().item(), expected[1].max().item()], abs=1e-3)
    assert next(model.parameters()).dtype == dtype and explorer.left["model"] == "Toy"


def test_a_network_without_submodules_is_its_own_only_layer():
    explorer = ActivationExplorer(model=nn.Conv2d(3, 4, 3), pictures=[torch.rand(3, 32, 32)])
    assert explorer.left["layer"] == "Conv2d"


def test_a_network_whose_modules_give_no_map_is_refused_by_name():
    class Numbers(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = nn.Flatten()

        def forward(self, x):
            return self.mean(x)

    with pytest.raises(ValueError, match="'Numbers' has no module that gives a map"):
        ActivationExplorer(model=Numbers(), pictures=[torch.rand(3, 32, 32)])


def test_what_cannot_be_copied_is_shown_and_left_in_training():
    layer = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
    model = nn.Sequential(layer, nn.BatchNorm2d(4), nn.ReLU())
    model.lock = threading.Lock()
    statistics = model[1].running_mean.clone()
    image = torch.rand(3, 32, 32)
    ActivationExplorer(model=model, pictures=[image])
    live = exhibits.live_maps({"own": model}, [image])
    [answer] = live.answer([{"kind": "map", "model": "own", "layer": "1", "channel": 0, "picture": 0}])
    assert "problem" not in answer, answer
    assert model.training and torch.equal(model[1].running_mean, statistics)


def test_a_layer_under_two_names_is_offered_and_shown_under_both():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(3, 4, 3), relu, nn.AvgPool2d(2), relu)
    image = torch.rand(3, 32, 32)
    live = exhibits.live_maps({"own": model}, [image])
    assert live.offers()["layers"]["own"] == ["0", "1", "2", "3"]
    sizes = [
        live.answer([{"kind": "map", "model": "own", "layer": layer, "channel": 0, "picture": 0}])[0]["size"]
        for layer in ("1", "3")
    ]
    assert sizes == [[30, 30], [15, 15]]


def uploaded(values, **settings):
    content = io.BytesIO()
    Image.fromarray(values).save(content, format="tiff", **settings)
    return read_picture(content.getvalue(), values.shape)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_gray_values_of_so_many_bits_in_sixteen_are_neither_black_nor_unsaid(bits):
    values = np.linspace(0, 2**bits - 1, 32 * 32).astype(np.uint16).reshape(32, 32)
    image, notes = uploaded(values)
    assert (image[0].numpy() - values / (2**bits - 1)).__abs__().max() <= 0.5 / 255 + 1e-6
    assert notes[0].startswith(f"gray values of {bits} bits")


def test_a_tiff_of_fractions_with_gaps_shows_what_it_has_and_says_what_it_lacks():
    values = np.linspace(-2, 2, 32 * 32).astype(np.float32).reshape(32, 32)
    values[:8] = np.nan
    image, notes = uploaded(values)
    expected = (values[8:] - values[8:].min()) / np.ptp(values[8:])
    assert np.abs(image[0, 8:].numpy() - expected).max() <= 0.5 / 255 + 1e-6
    assert (image[:, :8] == 0).all()
    assert notes[:2] == [
        "black where it holds no number (25% of its pixels)",
        "gray values from -0.999 to 2, stretched from black to white in 8 bits",
    ]
    with pytest.raises(ValueError, match="damaged"):
        uploaded(np.full((32, 32), np.nan, np.float32))
