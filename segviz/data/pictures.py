"""Pictures as files have them (gray, palette, transparent) in eight bits and three channels."""

from PIL import Image

# Kinds of gray whose white nothing names: 10, 12 or 16 bits of 16, or fractions.
WIDE = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def in_color(picture: Image.Image) -> Image.Image:
    """The picture in RGB, laid on white where it is transparent, gray in all three channels.

    Pillow's own conversion drops the transparency, and what comes to light is whatever the program that wrote the file
    left there.

    >>> in_color(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    if picture.has_transparency_data:
        above = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", above.size, "white"), above)
    return picture.convert("RGB")
