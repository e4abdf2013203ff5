"""What VGG16 and AlexNet have in common: one named layer after the other, and pools worth keeping."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class PlainTrunk(nn.Sequential):
    """A chain of named layers whose result is a dict from the name of every pool to the map it gives."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = {}
        for name, layer in self._modules.items():  # named_children() skips a pool that stands at two places
            x = layer(x)
            if name.startswith("pool"):
                maps[name] = x
        return maps

    def load_torchvision(self, state: Mapping[str, Tensor]) -> None:
        """Takes the features of torchvision's state dict of this network, whose layers have numbers for names."""
        features = [value for key, value in state.items() if key.startswith("features.")]
        self.load_state_dict(dict(zip(self.state_dict(), features, strict=True)))
