"""The weights with which a network did best so far on images that it does not learn from."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from pathgan.errors import TrainingError


class Best(nn.Module):
    """A copy of a network and the loss that it had; a module, so that checkpoints hold it like any other network."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.loss: Tensor
        self.register_buffer("loss", torch.tensor(math.inf, dtype=torch.float64))

    def update(self, network: nn.Module, loss: float) -> None:
        """Takes the weights where `loss` is the smallest so far. Raises TrainingError for one that is not finite."""
        if not math.isfinite(loss):
            raise TrainingError(f"the loss on validation images is {loss}; lower training.learning_rate")
        if loss < self.loss.item():
            self.network.load_state_dict(network.state_dict())
            self.loss.fill_(loss)
