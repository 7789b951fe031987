"""Weights of our own networks as safetensors: the same weights are the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from safetensors.torch import load_file, save_file
from torch import nn

from pathgan.files import atomic

N = TypeVar("N", bound=nn.Module)


def save_weights(network: nn.Module, path: Path, facts: Mapping[str, str] | None = None) -> None:
    """facts: what must be said beside all that is made with them; none of an undisturbed training."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata=dict(facts) if facts else None)


def load_weights(network: N, path: Path) -> N:
    network.load_state_dict(load_file(path))
    return network
