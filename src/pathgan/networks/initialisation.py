"""Weight initialisation; biases start at zero."""

from collections.abc import Callable

from torch import Tensor, nn


def init_normal(network: nn.Module, sd: float = 0.02) -> None:
    """N(0, sd) convolutions (Isola 2017, Appendix 6.2)."""
    _init(network, lambda weight: nn.init.normal_(weight, 0.0, sd))


def init_xavier(network: nn.Module) -> None:
    """Convolutions as Glorot & Bengio 2010, Eq. 16."""
    _init(network, nn.init.xavier_uniform_)


def _init(network: nn.Module, fill: Callable[[Tensor], Tensor]) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Conv3d):
            fill(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
