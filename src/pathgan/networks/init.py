"""Weight initialisation."""

from torch import nn


def init_normal(network: nn.Module, sd: float = 0.02) -> None:
    """N(0, sd) convolutions and zero biases (Isola 2017, Appendix 6.2)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, sd)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
