"""What `StackGenerator` does as grouped convolutions, as eleven encoders and decoders: its peer in benchmarks."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Separate(nn.Module):
    """The encoders and decoders as eleven networks each, as one would write them first."""

    def __init__(self, width: int, n_planes: int = 11):
        super().__init__()
        self.encoders = nn.ModuleList(encoder(width) for _ in range(n_planes))
        self.decoders = nn.ModuleList(decoder(width) for _ in range(n_planes))

    def forward(self, image: Tensor) -> Tensor:
        features = [one(image) for one in self.encoders]
        return torch.stack([one(feature) for one, feature in zip(self.decoders, features, strict=True)], 2)


def encoder(width: int) -> nn.Sequential:
    layers = (
        (nn.Conv2d(a, b, 6, 2, 2, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
        for a, b in pairwise((3, width, 2 * width, 4 * width, 3))
    )
    return nn.Sequential(*(part for layer in layers for part in layer))


def decoder(width: int) -> nn.Sequential:
    layers = (
        (nn.ConvTranspose2d(a, b, 6, 2, 2, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
        for a, b in pairwise((3, 4 * width, 2 * width, width))
    )
    return nn.Sequential(*(part for layer in layers for part in layer), nn.ConvTranspose2d(width, 3, 6, 2, 2))
