"""The generator of SynCGAN's GANs from noise (Sec. 3.4): a U-Net fed with an image of noise, or with a vector of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pathgan.config.network_options import UNet
from pathgan.networks.unet import UNetGenerator, unet_of

CHANNELS = {"images": 3, "masks": 1}


class NoiseGenerator(nn.Module):
    """(n, *latent_shape) of N(0, 1) -> (n, channels, side, side) in [-1, 1]. A vector becomes an image by a linear
    layer, whose first weights give it the variance of one of noise."""

    def __init__(self, unet: UNetGenerator, side: int, n_latent: int | None):
        super().__init__()
        self.unet, self.side = unet, side
        self.latent_shape = (n_latent,) if n_latent else (1, side, side)
        self.enter = nn.Linear(n_latent, side * side) if n_latent else None
        if self.enter is not None and n_latent:
            nn.init.normal_(self.enter.weight, 0.0, n_latent**-0.5)
            nn.init.zeros_(self.enter.bias)

    def forward(self, latent: Tensor) -> Tensor:
        if self.enter is not None:
            latent = self.enter(latent).reshape(-1, 1, self.side, self.side)
        made = self.unet(latent)
        assert isinstance(made, torch.Tensor)
        return made


def noise_generator_of(options: UNet, side: int, makes: str, n_latent: int | None) -> NoiseGenerator:
    """Of a `NoiseRun`, without trained weights."""
    return NoiseGenerator(unet_of(options, side, CHANNELS[makes]), side, n_latent)
