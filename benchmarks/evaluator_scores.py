"""The encoders and the set scores that benchmarks/evaluator.py compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from pathgan.config.runs.mixture_run import ColourMixture
from pathgan.masks.colour_nuclei import segment_nuclei
from pathgan.metrics.distributions import (
    density_coverage,
    frechet_at_infinity,
    frechet_distance,
    full_kernel_distance,
    gaussian_kernel_distance,
    median_distance,
    precision_recall,
)
from pathgan.metrics.morphometry import Nuclei, measure_nuclei, shifts, together
from pathgan.metrics.stain_amounts import divergences, stain_histograms
from pathgan.networks.pretrained import IMAGENET_DEVIATION, IMAGENET_MEAN, PRETRAINED, resized_by_clean_fid

ENCODERS = ("lite0", "squeezenet", "vgg16", "random")
TRAINED = ENCODERS[:3]
NEIGHBOURS = 3
BATCH = 20
NUCLEI = ColourMixture(n_pixels=4000, min_area_px=60, opening_px=2, spacing_px=6, block_px=61)
Images = NDArray[np.uint8]
Features = NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """A score of two sets. rises: with the distance, or falls."""

    of: Callable[[Any, Any], float]
    rises: bool = True


EMBEDDED: dict[str, Scored] = {
    "Frechet distance": Scored(frechet_distance),
    "Frechet distance at infinite n": Scored(lambda a, b: frechet_at_infinity(a, b)[0]),
    "kernel distance": Scored(full_kernel_distance),
    "MMD, Gaussian": Scored(lambda a, b: gaussian_kernel_distance(a, b, median_distance(a))),
    "precision": Scored(lambda a, b: precision_recall(a, b, NEIGHBOURS)[0], rises=False),
    "recall": Scored(lambda a, b: precision_recall(a, b, NEIGHBOURS)[1], rises=False),
    "density": Scored(lambda a, b: density_coverage(a, b, NEIGHBOURS)[0], rises=False),
    "coverage": Scored(lambda a, b: density_coverage(a, b, NEIGHBOURS)[1], rises=False),
}


def stain_divergence(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Jensen and Shannon's, the mean of haematoxylin and eosin."""
    return float(np.mean([divergences(one[:, k].sum(0), other[:, k].sum(0))[1] for k in (0, 1)]))


def morphometric_shift(one: list[Nuclei], other: list[Nuclei]) -> float:
    """Mean over features, in SDs of `one`; inf where one of the sets shows no nuclei."""
    try:
        return float(np.mean(list(shifts(together(one), together(other)).values())))
    except ValueError:
        return float("inf")


OTHERS: dict[str, Scored] = {
    "stain histograms": Scored(stain_divergence),
    "morphometry": Scored(morphometric_shift),
}


def stains_of(images: Images) -> NDArray[np.int64]:
    return stain_histograms(images, ("haematoxylin", "eosin"))[0]


def nuclei_of(images: Images) -> list[Nuclei]:
    """Found by their colours, as no segmenter knows all three sets; none in an image that is too dark for that."""
    return [measure_nuclei(image, _instances(image)) for image in images]


def _instances(image: Images) -> NDArray[np.int32]:
    try:
        return segment_nuclei(image, NUCLEI)
    except ValueError:  # strong stains make it look inverted
        return np.zeros(image.shape[:2], np.int32)


# --- encoders ---------------------------------------------------------------------------------------------


class RandomFeatures(nn.Sequential):
    """What stood in for trained networks before: four random convolutions, means over space. The negative control."""

    def __init__(self) -> None:
        parts: list[nn.Module] = []
        for inside, outside in pairwise((3, 32, 64, 128)):
            parts += [nn.Conv2d(inside, outside, 5, stride=2, padding=2), nn.ReLU()]
        super().__init__(*parts, nn.Conv2d(128, 2048, 1), nn.ReLU())
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).mean((2, 3))


def _vgg16(path: Path) -> nn.Module:
    from torchvision.models import vgg16

    layers = vgg16(weights=None, init_weights=False).features
    state = load_file(path)
    layers.load_state_dict({name[9:]: value for name, value in state.items() if name.startswith("features.")})
    return nn.Sequential(layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten())


@dataclass
class Encoder:
    """name -> embeddings; seconds per image as it goes."""

    name: str
    weights: Mapping[str, Path]
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.name == "random":
            torch.manual_seed(0)
            self._network, self._prepare = RandomFeatures().eval(), _unit
        elif self.name == "vgg16":
            self._network, self._prepare = _vgg16(self.weights["vgg16"]).eval(), partial(_imagenet, 112)
        else:
            pretrained = PRETRAINED[self.name]
            self._network, self._prepare = pretrained.load(self.weights[self.name]).eval(), pretrained.prepare

    def __call__(self, images: Images) -> Features:
        started, parts = time.process_time(), []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = torch.stack([self._prepare(image) for image in images[start : start + BATCH]])
                parts.append(self._network(batch).numpy())
        self.seconds.append((time.process_time() - started) / len(images))
        return np.concatenate(parts)


def _unit(image: Images) -> Tensor:
    return torch.from_numpy(np.moveaxis(image, -1, 0) / np.float32(128) - 1)


def _imagenet(side_px: int, image: Images) -> Tensor:
    values = resized_by_clean_fid(side_px)(image) / np.float32(255)
    scaled = (values - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_DEVIATION)
    return torch.from_numpy(np.moveaxis(scaled, -1, 0).copy())
