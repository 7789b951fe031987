"""The convolutions of VGG-19 and VGG-16 (Simonyan & Zisserman 2015), for style transfer, from a checked file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pathgan.networks.checked_weights import weights_of
from pathgan.networks.pretrained import IMAGENET_DEVIATION, IMAGENET_MEAN

# Of each stage; of the fifth only the first is looked at.
CONVOLUTIONS = {"vgg19": (2, 2, 4, 4, 1), "vgg16": (2, 2, 3, 3, 1)}
CHANNELS = (64, 128, 256, 512, 512)


class StyleFeatures(nn.Module):
    """(n, 3, h, w) in [0, 1] -> activations after their ReLU, `conv1_1` to `conv5_1`; stages halve the sides."""

    def __init__(self, network: str) -> None:
        """network: vgg19 or vgg16."""
        super().__init__()
        self.stages = nn.ModuleList()
        inside = 3
        for n, outside in zip(CONVOLUTIONS[network], CHANNELS, strict=True):
            stage = nn.ModuleList(nn.Conv2d(outside if k else inside, outside, 3, padding=1) for k in range(n))
            self.stages.append(stage)
            inside = outside
        self.pool = nn.MaxPool2d(2)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        x, activations = (images - self.mean) / self.deviation, {}
        for i, stage in enumerate(self.stages, start=1):
            x = self.pool(x) if i > 1 else x
            assert isinstance(stage, nn.ModuleList)
            for j, convolution in enumerate(stage, start=1):
                x = torch.relu(convolution(x))
                activations[f"conv{i}_{j}"] = x
        return activations


def style_features(network: str, weights: Path) -> StyleFeatures:
    """The features, frozen. `weights`: torchvision's file of VGG-19, or VGG-16's out of a package, as safetensors.

    Raises DataError for a file that does not hold the network; no code in it is run as Python.
    """
    features = StyleFeatures(network)
    with weights_of(network, weights):
        _load(features, load_file(weights) if network == "vgg16" else _torch_file(weights))
    return features.eval().requires_grad_(False)


def _torch_file(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def _load(features: StyleFeatures, state: dict[str, Tensor]) -> None:
    """torchvision numbers convolutions, ReLUs and pools of a stage one after another: 0, 2, 5, 7, 10, ..."""
    index = 0
    for stage in features.stages:
        for convolution in stage:  # type: ignore[attr-defined]
            convolution.load_state_dict({name: state[f"features.{index}.{name}"] for name in ("weight", "bias")})
            index += 2
        index += 1
