"""scikit-image."""

from skimage.transform import resize as resized

from benchmarks.elsewhere.program import recipe, way


@way("skimage.transform.resize(…)", "align_corners=False")
def default(x, output_size):
    return resized(x, (1, 1, output_size, output_size))


@way("skimage.transform.resize(…, order=1, anti_aliasing=False)", "align_corners=False")
def linear(x, output_size):
    return resized(x, (1, 1, output_size, output_size), order=1, anti_aliasing=False)


@way("skimage.transform.resize(…, order=0, anti_aliasing=False)", "nearest")
def nearest(x, output_size):
    return resized(x, (1, 1, output_size, output_size), order=0, anti_aliasing=False)


@recipe("align_corners=False")
def resize(x, output_size):
    """x (1, 1, H, W) of float32; the border is repeated, not mirrored."""
    shape = (1, 1, output_size, output_size)
    return resized(x, shape, order=1, mode="edge", anti_aliasing=False, preserve_range=True)
