"""The patch discriminator of pix2pix (Isola 2017, Appendix 6.1.2)."""

from typing import Literal

from torch import Tensor, nn

from pathgan.config.network_options import PatchGAN
from pathgan.networks.initialisation import init_normal, init_xavier


class PatchDiscriminator(nn.Sequential):
    """(n, channels, h, w) -> logits (n, 1, h', w'), one per patch: 70 px wide with 3 layers."""

    def __init__(self, channels: int, width: int, layers: int, init: Literal["normal", "xavier"] = "normal"):
        parts: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        inside = width
        for layer in range(1, layers + 1):
            outside = width * min(2**layer, 8)
            stride = 2 if layer < layers else 1
            parts += [
                nn.Conv2d(inside, outside, 4, stride=stride, padding=1),
                nn.InstanceNorm2d(outside),
                nn.LeakyReLU(0.2),
            ]
            inside = outside
        super().__init__(*parts, nn.Conv2d(inside, 1, 4, padding=1))
        init_xavier(self) if init == "xavier" else init_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


def patch_discriminator_of(options: PatchGAN, channels: int) -> PatchDiscriminator:
    return PatchDiscriminator(channels, options.width, options.layers, options.init)
