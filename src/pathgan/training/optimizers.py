"""How weights are updated."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.training_options import Adam
from pathgan.training import parallel


def adam(parameters: Iterable[nn.Parameter], options: Adam, learning_rate: float) -> Optimizer:
    """Adam (Kingma & Ba 2015) as a run configures it."""
    return torch.optim.Adam(parameters, lr=learning_rate, betas=(options.beta1, options.beta2))


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """One step down the gradient of a scalar loss, averaged over the processes that train together."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    parallel.average([p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None])
    optimizer.step()
