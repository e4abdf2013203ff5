"""A reader's own folder: the files of each mistake are made, and what is said of them is read."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from segviz.data import Labeled, augmentation, folder
from segviz.data.pictures import in_color
from segviz.widgets.activations.uploads import read_picture

SIZE = (6, 8)
CLASSES = ("ground", "cat", "dog")


def put(root, picture=None, mask=None, name="a", picture_ending=".png", mask_ending=".png"):
    for kind, content, ending in (("pictures", picture, picture_ending), ("masks", mask, mask_ending)):
        (root / kind).mkdir(exist_ok=True)
        if content is not None:
            image = content if isinstance(content, Image.Image) else Image.fromarray(content)
            image.save(root / kind / f"{name}{ending}")


def opened(root, classes=CLASSES, **how):
    return folder(root / "pictures", root / "masks", classes, **how)


PICTURE = np.arange(SIZE[0] * SIZE[1] * 3, dtype=np.uint8).reshape(*SIZE, 3)
MASK = np.arange(SIZE[0] * SIZE[1], dtype=np.uint8).reshape(SIZE) % 3


def test_pictures_and_masks_of_one_name_are_a_data_set(tmp_path):
    for name in ("b", "a"):
        put(tmp_path, PICTURE, MASK, name)
    mine = opened(tmp_path)
    assert isinstance(mine, Labeled) and len(mine) == 2 and mine.classes == CLASSES
    image, mask = mine[0]
    assert torch.equal((image * 255).round().byte(), torch.from_numpy(PICTURE).permute(2, 0, 1))
    assert mask.dtype == torch.int64 and torch.equal(mask, torch.from_numpy(MASK).long())


def test_endings_may_differ_and_transforms_take_both(tmp_path):
    put(tmp_path, PICTURE, MASK, picture_ending=".JPG")
    image, mask = opened(tmp_path, transforms=augmentation((4, 4)))[0]
    assert image.shape == (3, 4, 4) and mask.shape == (4, 4)


def with_palette(values):
    image = Image.fromarray(values).convert("P")
    image.putdata(values.ravel().tolist())
    image.putpalette([9, 9, 9, 255, 0, 0, 0, 0, 255])
    return image


@pytest.mark.parametrize(
    "mask",
    [
        with_palette(MASK),
        MASK.astype(np.uint16),
        np.repeat(MASK[..., None], 3, axis=2),
        np.dstack([*[MASK] * 3, np.full(SIZE, 255, np.uint8)]),
        Image.merge("LA", [Image.fromarray(MASK), Image.new("L", SIZE[::-1], 255)]),
    ],
    ids=["palette", "16 bits", "gray as color", "gray with alpha", "LA"],
)
def test_numbers_are_read_from_every_kind_of_mask_that_holds_them(tmp_path, mask):
    put(tmp_path, PICTURE, mask)
    assert torch.equal(opened(tmp_path)[0][1], torch.from_numpy(MASK).long())


def test_a_mask_of_single_bits_has_two_classes(tmp_path):
    put(tmp_path, PICTURE, Image.fromarray(MASK > 0))
    assert torch.equal(opened(tmp_path)[0][1], torch.from_numpy(MASK > 0).long())


COLORS = {(0, 0, 0): 0, (255, 0, 0): 1, (0, 0, 255): 2}


def test_colors_become_the_classes_that_labels_names(tmp_path):
    painted = np.array(list(COLORS), np.uint8)[MASK]
    put(tmp_path, PICTURE, painted)
    assert torch.equal(opened(tmp_path, labels=COLORS)[0][1], torch.from_numpy(MASK).long())
    with pytest.raises(ValueError, match=r"mask a\.png holds colors that labels does not name: \(0, 0, 255\)$"):
        opened(tmp_path, labels={color: n for color, n in COLORS.items() if n < 2})[0]
    with pytest.raises(ValueError, match=r"mask a\.png is painted in colors, \(0, 0, 0\).*labels=\{\(red, green"):
        opened(tmp_path)[0]


def test_colors_of_a_palette_can_be_named_too(tmp_path):
    put(tmp_path, PICTURE, with_palette(MASK))
    labels = {(9, 9, 9): 0, (255, 0, 0): 2, (0, 0, 255): 255}
    wanted = torch.tensor([0, 2, 255])[torch.from_numpy(MASK).long()]
    assert torch.equal(opened(tmp_path, labels=labels)[0][1], wanted)


def test_labels_must_name_classes_and_be_of_one_kind(tmp_path):
    put(tmp_path, PICTURE, MASK)
    with pytest.raises(ValueError, match=r"labels must map to a class in \[0, 3\) or to 255, got 3 for 7"):
        opened(tmp_path, labels={7: 3})
    with pytest.raises(ValueError, match="either numbers or colors"):
        opened(tmp_path, labels={0: 0, (1, 1, 1): 1})


def test_a_jpeg_is_no_mask_whatever_its_name(tmp_path):
    put(tmp_path, PICTURE, MASK, mask_ending=".jpg")
    (tmp_path / "masks" / "a.jpg").rename(tmp_path / "masks" / "a.png")
    with pytest.raises(
        ValueError, match=r"mask a\.png is a JPEG, which changes numbers along outlines.*save masks as PNG"
    ):
        opened(tmp_path)[0]


def test_counting_from_1_is_recognized(tmp_path):
    put(tmp_path, PICTURE, MASK + np.uint8(1))
    with pytest.raises(ValueError, match=r"picture 0 \(a\.png\) holds unknown labels \[3\].*labels=\{1: 0, …, 3: 2\}"):
        opened(tmp_path)[0]
    assert opened(tmp_path, labels={1: 0, 2: 1, 3: 2})[0][1].unique().tolist() == [0, 1, 2]


def test_a_wide_mask_says_what_it_holds(tmp_path):
    put(tmp_path, PICTURE, MASK.astype(np.uint16) * 300)
    with pytest.raises(ValueError, match=r"mask a\.png must hold whole numbers from 0 to 255, got 0, 300, 600"):
        opened(tmp_path)[0]


def test_black_and_white_are_two_classes_where_labels_says_so(tmp_path):
    put(tmp_path, PICTURE, np.where(MASK > 0, 255, 0).astype(np.uint8))
    mask = opened(tmp_path, CLASSES[:2], labels={0: 0, 255: 1})[0][1]
    assert torch.equal(mask, torch.from_numpy(MASK > 0).long())


def test_files_without_a_partner_are_named(tmp_path):
    put(tmp_path, PICTURE, MASK, "a")
    put(tmp_path, PICTURE, None, "b")
    with pytest.raises(FileNotFoundError, match=r"no mask in .*masks for 1 pictures, the first b\.png"):
        opened(tmp_path)
    (tmp_path / "pictures" / "b.png").unlink()
    put(tmp_path, None, MASK, "c")
    with pytest.raises(FileNotFoundError, match=r"no picture in .*pictures for 1 masks, the first c\.png"):
        opened(tmp_path)


def test_masks_under_names_of_their_own_are_recognized(tmp_path):
    for name in ("a", "b"):
        put(tmp_path, PICTURE, None, name)
        put(tmp_path, None, MASK, f"{name}_mask")
    with pytest.raises(FileNotFoundError, match="here the masks' end in '_mask' beside that"):
        opened(tmp_path)


def test_two_files_of_one_name_and_empty_folders_are_told(tmp_path):
    put(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no \.png, .*or \.gif pictures in"):
        opened(tmp_path)
    put(tmp_path, PICTURE, MASK)
    put(tmp_path, PICTURE, None, picture_ending=".jpg")
    with pytest.raises(ValueError, match=r"has both a\.jpg and a\.png"):
        opened(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        folder(tmp_path / "nowhere", tmp_path / "masks", CLASSES)


@pytest.mark.parametrize(("orientation", "quarters"), [(6, -1), (8, 1)])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_exif_turns_both_where_both_have_it(tmp_path, ending, orientation, quarters):
    """As a program does that crops both and keeps the camera's note."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind, values in (("pictures", PICTURE), ("masks", MASK)):
        (tmp_path / kind).mkdir()
        Image.fromarray(values).save(tmp_path / kind / f"a{ending}", exif=exif)
    image, mask = opened(tmp_path)[0]
    assert image.shape[1:] == mask.shape == SIZE[::-1]
    assert torch.equal(mask, torch.from_numpy(np.rot90(MASK, quarters).copy()).long())


def turned(values, orientation):
    """As a file has it, and as Pillow reads it."""
    content, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(values).save(content, "PNG", exif=exif)
    return Image.open(content), exif


@pytest.mark.parametrize("orientation", range(10))
def test_a_turn_that_no_size_tells_is_refused_and_one_that_the_size_tells_is_made(tmp_path, orientation):
    """The picture alone has EXIF; 0 and 9 are no turns. The mask was drawn on what a viewer shows."""
    stored, exif = turned(PICTURE, orientation)
    put(tmp_path)
    stored.save(tmp_path / "pictures" / "a.png", exif=exif)
    shown = ImageOps.exif_transpose(stored)
    mask = np.arange(48, dtype=np.uint8).reshape(shown.size[::-1]) % 3
    put(tmp_path, None, mask)
    if orientation in (2, 3, 4):
        with pytest.raises(
            ValueError, match=rf"picture a\.png has the EXIF orientation {orientation} and mask a\.png h"
        ):
            opened(tmp_path)[0]
        shown.save(tmp_path / "pictures" / "a.png")  # the mend
    image, labels = opened(tmp_path)[0]
    assert torch.equal(labels, torch.from_numpy(mask).long())
    assert torch.equal((image * 255).round().byte(), torch.from_numpy(np.array(shown)).permute(2, 0, 1))


@pytest.mark.parametrize("ending", [".png", ".tif"])
@pytest.mark.parametrize(("one", "other"), [(6, 1), (1, 6), (6, 8), (1, 3)])
def test_a_square_and_a_mask_with_a_turn_of_its_own_are_asked_about(tmp_path, one, other, ending):
    put(tmp_path)
    for kind, values, orientation in (("pictures", PICTURE[:, :6], one), ("masks", MASK[:, :6], other)):
        file, exif = turned(values, orientation)
        file.save(tmp_path / kind / f"a{ending}", exif=exif)
    with pytest.raises(
        ValueError, match=f"orientation {one} and mask a{ending} has {other}, .*as it fits, without EXIF"
    ):
        opened(tmp_path)[0]


@pytest.mark.parametrize("kind", ["L", "LA", "RGBA", "P"])
def test_gray_and_transparent_pictures_are_read_as_uploads_are(tmp_path, kind):
    content = Image.fromarray(PICTURE).convert(kind)
    if kind in ("LA", "RGBA"):
        content.putalpha(Image.fromarray((MASK * 100).astype(np.uint8)))
    put(tmp_path, content, MASK)
    image, _ = opened(tmp_path)[0]
    upload, _ = read_picture((tmp_path / "pictures" / "a.png").read_bytes(), SIZE)
    assert torch.equal(image, upload)


@pytest.mark.parametrize("values", [PICTURE[..., 0].astype(np.uint16) * 16, PICTURE[..., 0] / np.float32(255)])
def test_gray_of_more_than_8_bits_is_refused_and_not_clipped_to_white(tmp_path, values):
    put(tmp_path, values, MASK, picture_ending=".tif")
    with pytest.raises(ValueError, match=r"picture 0 \(a\.tif\) has gray values from .*nothing says which is white"):
        opened(tmp_path)[0]


def test_what_lies_hidden_under_a_transparent_pixel_does_not_come_to_light():
    hidden = Image.fromarray(np.dstack([PICTURE, np.zeros(SIZE, np.uint8)]), "RGBA")
    assert np.asarray(in_color(hidden)).min() == 255


def png_of_bits(path, values, bits):
    """A gray PNG with `bits` a pixel, byte for byte: Pillow itself writes none of 2 and 4."""

    def part(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = values.shape
    digits = np.unpackbits(values[..., None], axis=-1)[..., -bits:].reshape(height, -1)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in digits)
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [2, 4])
def test_numbers_of_few_bits_are_those_of_the_file(tmp_path, bits):
    put(tmp_path, PICTURE, MASK)
    values = np.arange(SIZE[0] * SIZE[1], dtype=np.uint8).reshape(SIZE) % 2**bits
    png_of_bits(tmp_path / "masks" / "a.png", values, bits)
    assert torch.equal(opened(tmp_path, classes=[f"{n}" for n in range(16)])[0][1], torch.from_numpy(values).long())


@pytest.mark.parametrize(
    ("ending", "mask", "words"),
    [
        (".webp", MASK, "is a WEBP"),
        (".gif", MASK, "is a GIF"),
        (".tif", Image.fromarray(np.dstack([PICTURE, MASK]), "CMYK"), "has channels CMYK"),
        (".png", Image.fromarray(np.dstack([PICTURE, MASK]), "RGBA"), "is transparent in places"),
    ],
    ids=["webp", "gif", "cmyk", "transparent"],
)
def test_masks_whose_numbers_may_be_others_are_refused(tmp_path, ending, mask, words):
    put(tmp_path, PICTURE, mask, mask_ending=ending)
    with pytest.raises(ValueError, match=f"mask a{ending} {words}.*save"):
        opened(tmp_path)[0]


def test_wide_numbers_are_no_colors(tmp_path):
    put(tmp_path, PICTURE, MASK.astype(np.uint16) + 300)
    with pytest.raises(ValueError, match=r"mask a\.png holds numbers of more than 8 bits, and labels has colors"):
        opened(tmp_path, labels={(255, 255, 255): 1, (0, 0, 0): 0})[0]


def test_colors_of_bytes_are_those_of_whole_numbers(tmp_path):
    colors = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 0]], np.uint8)
    put(tmp_path, PICTURE, colors[MASK])
    mask = opened(tmp_path, labels={tuple(color): label for label, color in enumerate(colors)})[0][1]
    assert torch.equal(mask, torch.from_numpy(MASK).long())


@pytest.mark.parametrize(
    ("labels", "kind", "words"),
    [
        ({-1: 0}, ValueError, "keys from 0 to 255"),
        ({256: 0}, ValueError, "keys from 0 to 255"),
        ({(0, 0): 0}, ValueError, "colors of three such numbers"),
        ({1: 1.5}, TypeError, "must map whole numbers"),
        ({"1": 1}, TypeError, "must map whole numbers"),
        ({(0.5, 0, 0): 1}, TypeError, "must map whole numbers"),
    ],
)
def test_labels_that_are_no_map_are_refused_before_any_picture(tmp_path, labels, kind, words):
    put(tmp_path, PICTURE, MASK)
    with pytest.raises(kind, match=words):
        opened(tmp_path, labels=labels)


def test_classes_are_a_list_of_at_most_255_names(tmp_path):
    put(tmp_path, PICTURE, MASK)
    with pytest.raises(TypeError, match="got the text 'cat'"):
        opened(tmp_path, classes="cat")
    with pytest.raises(ValueError, match="at most 255 classes beside 255, got 300"):
        opened(tmp_path, classes=[str(n) for n in range(300)])


def test_a_file_cut_short_is_named_and_a_folder_is_no_picture(tmp_path):
    put(tmp_path, PICTURE, MASK)
    (tmp_path / "pictures" / "b.png").mkdir()
    file = tmp_path / "masks" / "a.png"
    noise = np.random.default_rng(0).integers(0, 3, (64, 64), np.uint8)
    Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(OSError, match=r"a\.png cannot be read: "):
        opened(tmp_path)[0]


def test_a_file_of_one_bit_is_told_what_it_holds(tmp_path):
    put(tmp_path, PICTURE, MASK > 0)
    with pytest.raises(ValueError, match="a file of one bit a pixel holds 0 and 1"):
        opened(tmp_path, classes=["ground", "cat"], labels={0: 0, 255: 1})[0]
