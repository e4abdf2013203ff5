"""Known stacks: the layers along the main path of the book's networks, each as (name, kind, kernel, stride, dilation).

A layer with kernel 1 and stride 1 widens nothing and is left out; so are residual connections, whose pixels the main
path sees anyway.
"""

from typing import Any

_VGG_CONVS = (2, 2, 3, 3, 3)


def layer(name: str, kind: str, kernel_size: int, stride: int = 1, dilation: int = 1) -> dict[str, Any]:
    """One layer as the editor holds it."""
    return {"name": name, "kind": kind, "kernel_size": kernel_size, "stride": stride, "dilation": dilation}


def vgg16() -> list[dict[str, Any]]:
    """VGG16 with fc6 as a 7×7 convolution: FCN's trunk, 404 pixels."""
    return [*_vgg(pool_kernel=2, pool_strides=(2, 2, 2, 2, 2), last_dilation=1), layer("fc6", "conv", 7)]


def largefov() -> list[dict[str, Any]]:
    """DeepLab v1 LargeFOV: the last two pools keep the resolution, fc6 is 3×3 at rate 12."""
    convs = _vgg(pool_kernel=3, pool_strides=(2, 2, 2, 1, 1), last_dilation=2)
    return [*convs, layer("pool5a", "pool", 3), layer("fc6", "conv", 3, dilation=12)]


def front_end_and_context() -> list[dict[str, Any]]:
    """DilatedNet: the front end without its last two pools, then the basic context module."""
    front_end = [
        item for item in _vgg(pool_kernel=2, pool_strides=(2, 2, 2, 1, 1), last_dilation=2)
        if item["name"] not in {"pool4", "pool5"}
    ]  # fmt: skip
    rates = (1, 1, 2, 4, 8, 16, 1)
    context = [layer(f"context {i}", "conv", 3, dilation=rate) for i, rate in enumerate(rates, 1)]
    return [*front_end, layer("fc6", "conv", 7, dilation=4), *context]


def resnet50(output_stride: int) -> list[dict[str, Any]]:
    """ResNet-50 as in torchvision, its stride on the 3×3; a stage that keeps the resolution dilates instead.

    The first block of such a stage keeps the rate of the stage before, as torchvision has it.
    """
    layers = [layer("conv1", "conv", 7, 2), layer("maxpool", "pool", 3, 2)]
    reached, rate = 4, 1
    for stage, blocks in enumerate((3, 4, 6, 3), 1):
        stride = 1 if stage == 1 else 2
        first_rate = rate
        if reached * stride > output_stride:
            rate, stride = rate * stride, 1
        reached *= stride
        layers.append(layer(f"layer{stage}.0", "conv", 3, stride, first_rate))
        layers += [layer(f"layer{stage}.{block}", "conv", 3, 1, rate) for block in range(1, blocks)]
    return layers


def dilated(*rates: int) -> list[dict[str, Any]]:
    """3×3 convolutions in a row, with these rates."""
    return [layer(f"layer {i}", "conv", 3, dilation=rate) for i, rate in enumerate(rates, 1)]


def known_stacks() -> dict[str, list[dict[str, Any]]]:
    """Every preset of the editor, by the name it bears there."""
    return {
        "three 3×3": dilated(1, 1, 1),
        "rates 2, 2, 2: gridding": dilated(2, 2, 2),
        "rates 1, 2, 5: no holes": dilated(1, 2, 5),
        "rates 1, 2, 4, 8, 16": dilated(1, 2, 4, 8, 16),
        "VGG16 with fc6": vgg16(),
        "DeepLab v1 LargeFOV": largefov(),
        "front end + context": front_end_and_context(),
        "ResNet-50, stride 32": resnet50(32),
        "ResNet-50, stride 16": resnet50(16),
        "ResNet-50, stride 8": resnet50(8),
    }


def _vgg(*, pool_kernel: int, pool_strides: tuple[int, ...], last_dilation: int) -> list[dict[str, Any]]:
    layers = []
    for block, (convs, stride) in enumerate(zip(_VGG_CONVS, pool_strides, strict=True), 1):
        dilation = last_dilation if block == 5 else 1
        layers += [layer(f"conv{block}_{i}", "conv", 3, dilation=dilation) for i in range(1, convs + 1)]
        layers.append(layer(f"pool{block}", "pool", pool_kernel, stride))
    return layers
