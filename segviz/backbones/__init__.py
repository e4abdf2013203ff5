"""The classifiers that the networks stand on, without their last layers.

They are torchvision's where torchvision has them in the form needed; `imagenet_weights` fetches its weights.
"""

from __future__ import annotations

from torch import Tensor

from segviz.checkpoints import load_published


def imagenet_weights(name: str, *, in_channels: int = 3, width: float = 1.0) -> dict[str, Tensor]:
    """The state dict of torchvision's classifier `name`, trained on ImageNet; downloaded once, then cached.

    Raises ValueError where the network that asks is not torchvision's: other than three input channels, or a
    width other than 1; and what `segviz.checkpoints.load_published` raises, offline or for a damaged file.
    """
    if in_channels != 3 or width != 1:
        raise ValueError(
            f"pretrained_backbone: torchvision's {name} has 3 input channels and width 1, this network has "
            f"{in_channels} and {width:g}; leave pretrained_backbone off"
        )
    from torchvision.models import get_model_weights

    return load_published(get_model_weights(name)["IMAGENET1K_V1"])
