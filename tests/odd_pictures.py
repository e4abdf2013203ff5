"""Files of pictures as cameras, scanners and programs write them, made here: none is kept."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

# Display P3's primaries adapted to D50, as its profile has them (columns red, green, blue of XYZ), and sRGB's curve.
P3_COLUMNS = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
D50 = (0.96420, 1.0, 0.82491)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# From linear Display P3 to linear sRGB, as CSS Color 4 derives it.
P3_TO_SRGB = np.array([[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09827]])


def file_of(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def photograph() -> Image.Image:
    """Something like a photograph: smooth, with edges, of no square size."""
    y, x = np.mgrid[0:300, 0:420] / 60
    waves = [np.sin(x + phase) * np.cos(y * (1 + phase)) for phase in (0, 0.5, 1.2)]
    pixels = 255 * (0.5 + 0.5 * np.stack(waves, 2))
    pixels[100:160, 90:240] = (200, 30, 40)
    return Image.fromarray(pixels.astype(np.uint8))


def odd_files() -> dict[str, bytes]:
    """A photograph in one file of each kind that is taken, by the file's name."""
    plain = photograph()
    gray, pixels = plain.convert("L"), np.asarray(plain)
    veil = Image.linear_gradient("L").resize(plain.size)
    clear, veiled = plain.convert("RGBA"), gray.convert("LA")
    clear.putalpha(veil)
    veiled.putalpha(veil)
    turned = turned_by(6)
    keyed = plain.copy()
    keyed.paste((60, 180, 90), (60, 40, 240, 200))
    frames = [plain, plain.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    wide = {"quality": 95, "icc_profile": display_p3()}
    return {
        "wide.png": file_of(plain.crop((0, 100, 420, 190))),
        "one pixel wide.png": file_of(plain.crop((100, 0, 101, 300))),
        "gray.png": file_of(gray),
        "gray of 12 bits.png": file_of(Image.fromarray(np.asarray(gray).astype(np.uint16) * 16)),
        "gray of 16 bits.png": file_of(Image.fromarray(np.asarray(gray).astype(np.uint16) * 256)),
        "black and white.png": file_of(plain.convert("1")),
        "color of 16 bits.png": png_of_16_bits(pixels.astype(np.uint16) * 257),
        "gray and clear, 16 bits.png": png_of_16_bits(np.asarray(veiled).astype(np.uint16) * 257),
        "clear.png": file_of(clear),
        "gray and clear.png": file_of(veiled),
        "palette and clear.png": file_of(plain.quantize(64), transparency=3),
        "clear.webp": file_of(clear, "WEBP", lossless=True),
        "palette.gif": file_of(plain, "GIF"),
        "moving.gif": file_of(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "turned.jpg": file_of(plain, "JPEG", quality=95, exif=turned),
        "turned.png": file_of(plain, exif=turned),
        **{f"turned {n}.webp": file_of(plain, "WEBP", lossless=True, exif=turned_by(n)) for n in range(2, 9)},
        "gray.jpg": file_of(gray, "JPEG", quality=95),
        "progressive.jpg": file_of(plain, "JPEG", quality=95, progressive=True),
        "cmyk.jpg": file_of(plain.convert("CMYK"), "JPEG", quality=95),
        "wide color.jpg": file_of(plain, "JPEG", **wide),
        "wide color.png": file_of(plain, icc_profile=display_p3()),
        "wide color.webp": file_of(plain, "WEBP", lossless=True, icc_profile=display_p3()),
        "wide color and clear.png": file_of(clear, icc_profile=display_p3()),
        "wide color, one of them clear.png": file_of(keyed, transparency=(60, 180, 90), icc_profile=display_p3()),
        "gray, of a profile for color.png": file_of(gray, icc_profile=display_p3()),
        "gamma.png": with_chunk(file_of(plain), b"gAMA", struct.pack(">I", 60_000)),
        "plain.bmp": file_of(plain, "BMP"),
    }


def turned_by(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def display_p3() -> bytes:
    """A profile of Display P3, as phones write it into their pictures."""
    fixed = lambda *values: b"".join(struct.pack(">i", round(65536 * value)) for value in values)  # noqa: E731
    curve = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + fixed(*SRGB_CURVE)
    words = "Display P3".encode("utf-16-be")
    text = b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(words), 28) + words
    parts = {b"desc": text, b"cprt": text, b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)}
    parts |= {
        tag: b"XYZ \0\0\0\0" + fixed(*column)
        for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), P3_COLUMNS, strict=True)
    }
    parts |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data, start = b"", b"", 132 + 12 * len(parts)
    for tag, part in parts.items():
        table += struct.pack(">4sII", tag, start + len(data), len(part))
        data += part + bytes(-len(part) % 4)
    size = start + len(data)
    date = struct.pack(">6H", 2020, 1, 1, 0, 0, 0)
    head = struct.pack(">III", size, 0, 0x04000000) + b"mntrRGB XYZ " + date + b"acsp" + bytes(28) + fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(parts)) + table + data


def from_p3(color: tuple[int, int, int]) -> np.ndarray:
    """A color of Display P3, 0 to 255, in sRGB, 0 to 255, by the formulas of CSS Color 4."""
    value = np.array(color) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    there = np.clip(P3_TO_SRGB @ linear, 0, 1)
    return 255 * np.where(there <= 0.0031308, 12.92 * there, 1.055 * there ** (1 / 2.4) - 0.055)


def png_of_16_bits(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a value, of gray and alpha (2 channels) or color (3), which Pillow does not write."""
    height, width, channels = values.shape
    rows = np.zeros((height, 1 + 2 * channels * width), np.uint8)
    rows[:, 1:] = values.astype(">u2").reshape(height, -1).view(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return png[:33] + _chunk(kind, data) + png[33:]


def large_jpeg() -> bytes:
    """What a phone of today takes: 50 megapixels, 20 MB (most of them a comment, so that it is made quickly)."""
    picture = file_of(photograph().resize((8192, 6144), Image.Resampling.NEAREST), "JPEG", quality=60)
    comment = b"\xff\xfe\xff\xff" + bytes(65533)
    return picture[:2] + comment * (20 * 2**20 // len(comment)) + picture[2:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
