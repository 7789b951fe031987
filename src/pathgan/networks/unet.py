"""The U-Net of pix2pix (Isola 2017, Appendix 6.1.1)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pathgan.config.network_options import UNet
from pathgan.errors import DataError
from pathgan.networks.initialisation import init_normal

MAX_MULTIPLE = 8  # channels stop growing at 8 x width
Upsampling = Literal["transposed", "bilinear"]
N_DROPOUT = 3  # inner decoder levels with dropout


class UNetGenerator(nn.Module):
    """(n, in_channels, h, w) in [-1, 1] -> (n, out_channels, h, w) in [-1, 1].

    h and w are multiples of 2^depth; with depth 8 at 256 px the bottleneck is one pixel. Normalisation is
    per image: what the paper's batch norm is at its batch size of 1, and independent of the batch here.
    upsampling: by transposed convolution, or `bilinear` and a 3x3 convolution, which leaves no checkerboard (SynCGAN,
    Sec. 3.3).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        width: int,
        depth: int,
        dropout: float,
        upsampling: Upsampling = "transposed",
        affine: bool = False,
    ):
        super().__init__()
        channels = [min(width * 2**level, width * MAX_MULTIPLE) for level in range(depth)]
        self.down = nn.ModuleList()
        self.up = nn.ModuleList()
        for level in range(depth):
            inside = channels[level - 1] if level else in_channels
            first, last = level == 0, level == depth - 1
            self.down.append(
                _down(inside, channels[level], activate=not first, normalise=not (first or last), affine=affine)
            )
            outside = channels[level - 1] if level else out_channels
            merged = channels[level] * (1 if last else 2)
            rate = dropout if depth - 2 >= level > depth - 2 - N_DROPOUT and level > 0 else 0.0
            self.up.append(_up(merged, outside, upsampling, final=first, dropout=rate, affine=affine))
        init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for down in self.down:
            x = down(x)
            skips.append(x)
        x = self.up[-1](skips.pop())
        for up in reversed(list(self.up)[:-1]):
            x = up(torch.cat([skips.pop(), x], dim=1))
        return x


def _down(inside: int, outside: int, activate: bool, normalise: bool, affine: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if activate else []
    layers.append(nn.Conv2d(inside, outside, 4, stride=2, padding=1))
    if normalise:
        layers.append(nn.InstanceNorm2d(outside, affine=affine))
    return nn.Sequential(*layers)


def _up(inside: int, outside: int, upsampling: Upsampling, final: bool, dropout: float, affine: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ReLU()]
    if upsampling == "bilinear":
        layers += [nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(inside, outside, 3, padding=1)]
    else:
        layers.append(nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1))
    if final:
        layers.append(nn.Tanh())
    else:
        layers.append(nn.InstanceNorm2d(outside, affine=affine))
        if dropout:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers)


def unet_of(options: UNet, crop_px: int, channels: int = 3) -> UNetGenerator:
    """From one channel to `channels`, for images of crop_px. Raises DataError if the side cannot be halved so often."""
    depth = options.depth_for(crop_px)
    if crop_px % 2**depth:
        raise DataError(
            f"training.crop_px = {crop_px} is no multiple of 2^depth = {2**depth}; "
            "use a power of two, or set generator.depth"
        )
    return UNetGenerator(1, channels, options.width, depth, options.dropout, options.upsampling, options.affine)


def check_sides(generator: UNetGenerator, conditions: NDArray[np.uint8]) -> None:
    """Raises DataError for conditions (n, h, w) whose sides the generator cannot halve often enough."""
    side = 2 ** len(generator.down)
    if any(length % side for length in conditions.shape[1:]):
        raise DataError(
            f"conditions of {conditions.shape[2]} x {conditions.shape[1]} px are no multiple of the generator's "
            f"2^depth = {side}; change tiles.tile_px or generator.depth"
        )
