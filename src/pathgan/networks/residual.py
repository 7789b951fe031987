"""The residual generator of CycleGAN (Zhu 2017, Appendix 7.2), and its form with skips (Liu et al., Sec. 3.1)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pathgan.config.network_options import ResidualNet
from pathgan.errors import DataError
from pathgan.networks.initialisation import init_normal, init_xavier

Skips = Literal["none", "concatenate", "add"]


class Reflect(nn.Module):
    """Mirrors `n` pixels outward at each side; on GPUs from slices, as torch has no deterministic backward there."""

    def __init__(self, n: int):
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        n = self.n
        if x.device.type == "cpu":
            return F.pad(x, (n, n, n, n), mode="reflect")
        return self.from_slices(x)

    def from_slices(self, x: Tensor) -> Tensor:
        n = self.n
        x = torch.cat([x[..., 1 : n + 1].flip(-1), x, x[..., -n - 1 : -1].flip(-1)], dim=-1)
        return torch.cat([x[..., 1 : n + 1, :].flip(-2), x, x[..., -n - 1 : -1, :].flip(-2)], dim=-2)


class ResidualGenerator(nn.Module):
    """(n, 3, h, w) in [-1, 1] -> the same; h and w are multiples of 2^downsamplings.

    7x7 convolution, `downsamplings` of stride 2 that double the channels, residual blocks, as many transposed
    convolutions, 7x7 convolution and tanh. With skips each decoder stage also sees the encoder at its resolution:
    with 3 downsamplings of 288 px, at 72, 144 and 288.
    """

    def __init__(
        self,
        width: int,
        downsamplings: int,
        blocks: int,
        skips: Skips,
        activation: Literal["relu", "leaky_relu"],
        init: Literal["normal", "xavier"],
    ):
        super().__init__()
        self.skips = skips
        channels = [width * 2**level for level in range(downsamplings + 1)]
        merged = 2 if skips == "concatenate" else 1
        self.stem = nn.Sequential(Reflect(3), nn.Conv2d(3, width, 7), *_normalised(width, activation))
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inside, 2 * inside, 3, 2, 1), *_normalised(2 * inside, activation))
            for inside in channels[:-1]
        )
        self.blocks = nn.Sequential(*(_Block(channels[-1], activation) for _ in range(blocks)))
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(inside * (1 if level == 0 else merged), inside // 2, 3, 2, 1, 1),
                *_normalised(inside // 2, activation),
            )
            for level, inside in enumerate(reversed(channels[1:]))
        )
        self.head = nn.Sequential(Reflect(3), nn.Conv2d(width * merged, 3, 7), nn.Tanh())
        init_xavier(self) if init == "xavier" else init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        encoded = [x]
        for down in self.down:
            x = down(x)
            encoded.append(x)
        x = self.blocks(encoded.pop())
        for up in self.up:
            x = self._merge(up(x), encoded.pop())
        return self.head(x)

    def _merge(self, x: Tensor, skip: Tensor) -> Tensor:
        if self.skips == "none":
            return x
        return torch.cat([x, skip], dim=1) if self.skips == "concatenate" else x + skip


class _Block(nn.Module):
    def __init__(self, channels: int, activation: Literal["relu", "leaky_relu"]):
        super().__init__()
        self.layers = nn.Sequential(
            Reflect(1),
            nn.Conv2d(channels, channels, 3),
            *_normalised(channels, activation),
            Reflect(1),
            nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def _normalised(channels: int, activation: Literal["relu", "leaky_relu"]) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels), nn.ReLU() if activation == "relu" else nn.LeakyReLU(0.2)]


def residual_of(options: ResidualNet, crop_px: int) -> ResidualGenerator:
    """For images of crop_px. Raises DataError for a side that cannot be halved so often."""
    if crop_px % 2**options.downsamplings:
        raise DataError(
            f"training.crop_px = {crop_px} is no multiple of 2^downsamplings = "
            f"{2**options.downsamplings}; change it or generator.downsamplings"
        )
    return ResidualGenerator(
        options.width, options.downsamplings, options.blocks, options.skips, options.activation, options.init
    )
