"""Networks that were trained by others, as embedders of images: weights from a checked file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from pathgan.networks.checked_weights import weights_of

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN_BGR = (104.0, 117.0, 123.0)  # of 0 to 255


@dataclass(frozen=True)
class Pretrained:
    """How an embedder is built and fed.

    load: weights file -> module. prepare: one uint8 (h, w, 3) image -> float32 (3, h', w'), as the network wants it.
    The modules map (n, 3, h', w') to (n, d).
    """

    load: Callable[[Path], nn.Module]
    prepare: Callable[[NDArray[np.uint8]], Tensor]
    resize: str


def build(name: str, weights: Path) -> nn.Module:
    """The embedder `name`, in evaluation mode.

    Raises DataError for a file that does not hold this network's weights; no code in it is run as Python.
    """
    with weights_of(name, weights):
        return PRETRAINED[name].load(weights).eval()


class _Means(nn.Module):
    """The mean over space of every channel that some layers put out."""

    def __init__(self, layers: nn.Module):
        super().__init__()
        # Channels last: Lite0's depthwise convolutions take 32 ms per image so, and 45 ms otherwise.
        self.layers = layers.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.contiguous(memory_format=torch.channels_last)).mean((2, 3))


class _Lite0(nn.Module):
    """EfficientNet-Lite0 to its last convolution: (n, 3, 224, 224) -> (n, 1280, 7, 7)."""

    def __init__(self, network: Any):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network.extract_features(images)
        return features


def lite0(path: Path) -> Any:
    """EfficientNet-Lite0 with its classifier."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(load_file(path))
    return network


def squeezenet(path: Path) -> Any:
    """SqueezeNet 1.1 with its classifier."""
    from torchvision.models import squeezenet1_1

    network = squeezenet1_1(weights=None)
    network.load_state_dict(load_file(path))
    return network


def _load_inception(path: Path) -> nn.Module:
    from cleanfid.inception_torchscript import InceptionV3W

    network: nn.Module = InceptionV3W(str(path.parent), download=False)  # it knows the file's name
    return network


def _load_resnet18(path: Path) -> nn.Module:
    from torchvision.models import resnet18

    network = resnet18(weights=None)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    parts = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2")
    return _Means(nn.Sequential(*(network.get_submodule(part) for part in parts)))


def _prepare_resnet18(image: NDArray[np.uint8]) -> Tensor:
    """ImageNet's mean and deviation; no resize, for the means of channels need none."""
    mean, deviation = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_DEVIATION, np.float32)
    return torch.from_numpy(np.moveaxis((image / np.float32(255) - mean) / deviation, -1, 0).copy())


@cache
def resized_by_clean_fid(side_px: int) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """(h, w, 3) uint8 -> (side_px, side_px, 3) float32 in [0, 255]: PIL's anti-aliased bicubic (Parmar et al. 2022)."""
    from cleanfid.resize import make_resizer

    resize: Callable[[NDArray[np.uint8]], NDArray[np.float32]] = make_resizer(
        "PIL", False, "bicubic", (side_px, side_px)
    )
    return resize


def _prepare_inception(image: NDArray[np.uint8]) -> Tensor:
    """0 to 255: clean-fid's network scales it."""
    return torch.from_numpy(np.moveaxis(resized_by_clean_fid(299)(image), -1, 0).copy())


def _prepare_lite0(image: NDArray[np.uint8]) -> Tensor:
    """To [-1, 1], as EfficientNet-Lite was trained (its mean 127 and deviation 128)."""
    return torch.from_numpy((np.moveaxis(resized_by_clean_fid(224)(image), -1, 0) - np.float32(127)) / np.float32(128))


def _prepare_squeezenet(image: NDArray[np.uint8]) -> Tensor:
    """Blue, green, red, less Caffe's means."""
    means = np.array(CAFFE_MEAN_BGR, np.float32)
    return torch.from_numpy(np.moveaxis(resized_by_clean_fid(227)(image)[..., ::-1] - means, -1, 0).copy())


PRETRAINED = {
    "inception": Pretrained(_load_inception, _prepare_inception, "clean-fid, 299 px"),
    "resnet18": Pretrained(_load_resnet18, _prepare_resnet18, "none"),
    "lite0": Pretrained(lambda path: _Means(_Lite0(lite0(path))), _prepare_lite0, "clean-fid, 224 px"),
    "squeezenet": Pretrained(lambda path: _Means(squeezenet(path).features), _prepare_squeezenet, "clean-fid, 227 px"),
}
