"""VGG-19's convolutions (Simonyan & Zisserman 2015), for style transfer: weights from a checked file, or random."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

from pathgan.errors import DataError

CONVOLUTIONS = (2, 2, 4, 4, 1)  # a stage; of the fifth only the first is looked at
CHANNELS = (64, 128, 256, 512, 512)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, as torchvision's weights want it
RANDOM_SEED = 0


class StyleFeatures(nn.Module):
    """(n, 3, h, w) in [0, 1] -> activations after their ReLU, `conv1_1` to `conv5_1`; stages halve the sides."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        inside = 3
        for n, outside in zip(CONVOLUTIONS, CHANNELS, strict=True):
            stage = nn.ModuleList(nn.Conv2d(outside if k else inside, outside, 3, padding=1) for k in range(n))
            self.stages.append(stage)
            inside = outside
        self.pool = nn.MaxPool2d(2)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        x, activations = (images - self.mean) / self.deviation, {}
        for i, stage in enumerate(self.stages, start=1):
            x = self.pool(x) if i > 1 else x
            assert isinstance(stage, nn.ModuleList)
            for j, convolution in enumerate(stage, start=1):
                x = torch.relu(convolution(x))
                activations[f"conv{i}_{j}"] = x
        return activations


def style_features(weights: Path | None) -> StyleFeatures:
    """The features, frozen. `weights`: torchvision's file of VGG-19; None for random ones, always the same.

    Raises DataError for a file that does not hold VGG-19; no code in it is run as Python.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        features = StyleFeatures()
        for module in features.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    if weights is not None:
        _load(features, weights)
    return features.eval().requires_grad_(False)


def _load(features: StyleFeatures, path: Path) -> None:
    """torchvision numbers convolutions, ReLUs and pools of a stage one after another: 0, 2, 5, 7, 10, ..."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        index = 0
        for stage in features.stages:
            for convolution in stage:  # type: ignore[attr-defined]
                convolution.load_state_dict({name: state[f"features.{index}.{name}"] for name in ("weight", "bias")})
                index += 2
            index += 1
    except (RuntimeError, KeyError, AttributeError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DataError(f"{path}: does not hold the weights of VGG-19 ({first}); remove it and fetch it") from error
