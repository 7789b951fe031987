"""The generators and critics of MI-GAN (Morooka et al. 2019): a cell from noise, and its focus stack from the cell."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from pathgan.networks.initialisation import init_normal

Norm = Literal["layer", "batch", "none"]
KERNEL = (6, 2, 2)  # size, stride, padding: halves or doubles a side exactly
SMALLEST_PX = 4  # where encoders end and decoders begin, of images of 64 px: four halvings


class BaseGenerator(nn.Module):
    """G1 (Sec. 2.1): latent (n, n_latent) -> image (n, 3, h, h) in [-1, 1]; h = 16 * side, 64 for a side of 4."""

    def __init__(self, n_latent: int, width: int, side: int = SMALLEST_PX):
        super().__init__()
        self.first = nn.Sequential(
            nn.ConvTranspose2d(n_latent, 8 * width, side), nn.BatchNorm2d(8 * width), nn.ReLU(inplace=True)
        )
        self.up = nn.Sequential(*_up((8 * width, 4 * width, 2 * width, width, 3)))
        init_normal(self)

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.up(self.first(latent[:, :, None, None])))


class StackGenerator(nn.Module):
    """G2 (Sec. 2.2): image (n, 3, h, h) -> stack (n, 3, n_planes, h, h) in [-1, 1].

    Each plane has an encoder and a decoder of its own, with no weight in common. They run side by side as one grouped
    convolution a layer; the encoders' first layer needs no groups, as all look at the same image. Channels lie plane
    by plane: 3 of plane 0, 3 of plane 1, ...
    """

    def __init__(self, width: int, n_planes: int = 11, n_layers: int = 7):
        super().__init__()
        self.n_planes = n_planes
        self.encoders = nn.Sequential(*_down((3, width, 2 * width, 4 * width, 3), n_planes))
        self.mix = nn.Sequential(*(ResidualLayer3d(3) for _ in range(n_layers)))
        self.decoders = nn.Sequential(*_up((3, 4 * width, 2 * width, width, 3), n_planes))
        init_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        features = self.encoders(image)
        planes = features.unflatten(1, (self.n_planes, 3)).transpose(1, 2)  # (n, 3, n_planes, h / 16, w / 16)
        mixed = self.mix(planes).transpose(1, 2).flatten(1, 2)
        return torch.tanh(self.decoders(mixed)).unflatten(1, (self.n_planes, 3)).transpose(1, 2)


class ResidualLayer3d(nn.Module):
    """Two 3 x 3 x 3 convolutions beside a shortcut; size and channels stay (Sec. 2.2)."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv3d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm3d(channels),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv3d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm3d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class Critic(nn.Sequential):
    """D1 and D2: images (n, 3, h, w) or stacks (n, 3, d, h, w) -> scores (n,), of any sign.

    Six convolutions of 5, stride 2. The last one has neither norm nor activation: a score that a ReLU cuts off at 0
    cannot tell bad from worse. `layer` normalises each sample by itself, as the penalty on its gradient asks for
    (Gulrajani 2017, Sec. 4); `batch` is what the paper says.
    """

    def __init__(self, dimensions: Literal[2, 3], width: int, norm: Norm = "layer"):
        convolution = nn.Conv2d if dimensions == 2 else nn.Conv3d
        batch_norm = nn.BatchNorm2d if dimensions == 2 else nn.BatchNorm3d
        widths = (3, width, 2 * width, 4 * width, 8 * width, 8 * width)
        parts: list[nn.Module] = []
        for inside, outside in pairwise(widths):
            parts.append(convolution(inside, outside, 5, stride=2, padding=2))
            if norm != "none":
                parts.append(nn.GroupNorm(1, outside) if norm == "layer" else batch_norm(outside))
            parts.append(nn.LeakyReLU(0.2) if dimensions == 2 else nn.ReLU())
        super().__init__(*parts, convolution(widths[-1], 1, 5, stride=2, padding=2))
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten(1).mean(1)


def _down(widths: tuple[int, ...], n: int) -> list[nn.Module]:
    """n encoders side by side on one image: a convolution, batch norm and ReLU a step."""
    parts: list[nn.Module] = []
    for step, (inside, outside) in enumerate(pairwise(widths)):
        shared = step == 0
        parts += [
            nn.Conv2d(inside if shared else n * inside, n * outside, *KERNEL, groups=1 if shared else n, bias=False),
            nn.BatchNorm2d(n * outside),
            nn.ReLU(inplace=True),
        ]
    return parts


def _up(widths: tuple[int, ...], n: int = 1) -> list[nn.Module]:
    """n decoders side by side, each on channels of its own; the last convolution stands alone."""
    parts: list[nn.Module] = []
    for inside, outside in pairwise(widths[:-1]):
        parts += [
            nn.ConvTranspose2d(n * inside, n * outside, *KERNEL, groups=n, bias=False),
            nn.BatchNorm2d(n * outside),
            nn.ReLU(inplace=True),
        ]
    return [*parts, nn.ConvTranspose2d(n * widths[-2], n * widths[-1], *KERNEL, groups=n)]


def base_generator_of(n_latent: int, width: int, crop_px: int) -> BaseGenerator:
    """For planes of crop_px, a multiple of 16."""
    return BaseGenerator(n_latent, width, crop_px // 16)
