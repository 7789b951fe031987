"""Networks that were trained by others, as embedders of images: weights from a checked file, or none at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from pathgan.errors import DataError

INCEPTION_PX = 299
RANDOM_SEED = 0


@dataclass(frozen=True)
class Pretrained:
    """How an embedder is built and fed.

    load: weights file -> module. prepare: one uint8 (h, w, 3) image -> float32 (3, h', w'), as the network wants it.
    The modules map (n, 3, h', w') to (n, d).
    """

    load: Callable[[Path], nn.Module]
    prepare: Callable[[NDArray[np.uint8]], Tensor]
    resize: str
    d: int


def build(name: str, weights: Path | None) -> nn.Module:
    """The embedder `name`, in evaluation mode; without weights small random features of its length, always the same.

    Raises DataError for a file that does not hold this network's weights; no code in it is run as Python.
    """
    network = PRETRAINED[name]
    if weights is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(RANDOM_SEED)
            return RandomFeatures(network.d).eval()
    try:
        return network.load(weights).eval()
    except (RuntimeError, KeyError, AttributeError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DataError(f"{weights}: does not hold the weights of {name} ({first}); remove it and fetch it") from error


class RandomFeatures(nn.Sequential):
    """What stands in for a network whose weights are absent: four random convolutions, means over space.

    They tell colours and textures apart and nothing else; numbers made with them are not comparable.
    """

    def __init__(self, d: int):
        parts: list[nn.Module] = []
        for inside, outside in pairwise((3, 32, 64, 128)):
            parts += [nn.Conv2d(inside, outside, 5, stride=2, padding=2), nn.ReLU()]
        super().__init__(*parts, nn.Conv2d(128, d, 1), nn.ReLU())
        for module in self.modules():  # He's initialisation: activations neither vanish nor explode
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).mean((2, 3))


class _Inception(nn.Module):
    """The layers of the TorchScript file, fed with images that clean-fid's resize has made 299 px wide."""

    def __init__(self, script: torch.jit.ScriptModule):
        super().__init__()
        self.layers = script.layers

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten(1)


class _ChannelMeans(nn.Module):
    """The mean over space of every channel that ResNet-18's second stage puts out."""

    def __init__(self, resnet: nn.Module):
        super().__init__()
        parts = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2")
        self.stages = nn.Sequential(*(resnet.get_submodule(part) for part in parts))

    def forward(self, images: Tensor) -> Tensor:
        return self.stages(images).mean((2, 3))


def _load_inception(path: Path) -> nn.Module:
    return _Inception(torch.jit.load(path, map_location="cpu"))


def _load_resnet18(path: Path) -> nn.Module:
    from torchvision.models import resnet18

    network = resnet18(weights=None)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return _ChannelMeans(network)


def _prepare_inception(image: NDArray[np.uint8]) -> Tensor:
    """clean-fid's resize (Parmar et al. 2022): PIL's anti-aliased bicubic in float32, each channel by itself."""
    channels = [
        np.asarray(Image.fromarray(channel).resize((INCEPTION_PX, INCEPTION_PX), Image.Resampling.BICUBIC))
        for channel in np.moveaxis(image, -1, 0).astype(np.float32)
    ]
    return (torch.from_numpy(np.stack(channels).clip(0, 255)) - 128) / 128


def _prepare_resnet18(image: NDArray[np.uint8]) -> Tensor:
    """ImageNet's mean and deviation; no resize, for the means of channels need none."""
    mean, deviation = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
    return torch.from_numpy(np.moveaxis((image / np.float32(255) - mean) / deviation, -1, 0).copy())


PRETRAINED = {
    "inception": Pretrained(_load_inception, _prepare_inception, "clean-fid, 299 px", 2048),
    "resnet18": Pretrained(_load_resnet18, _prepare_resnet18, "none", 128),
}
