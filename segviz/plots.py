"""Still figures of the book, in its colors."""

import base64
import io

from matplotlib.figure import Figure


def data_uri(figure: Figure, *, dpi: int = 120) -> str:
    """The figure as a WebP data URI: a picture that needs no file beside the page and no network."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=dpi, facecolor="white", pil_kwargs={"lossless": True, "method": 6})
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
