"""Weights of our own networks as safetensors: the same weights are the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from pathgan.errors import DataError
from pathgan.files import atomic

N = TypeVar("N", bound=nn.Module)


def save_weights(network: nn.Module, path: Path, facts: Mapping[str, str] | None = None) -> None:
    """facts: what must be said beside all that is made with them; none of an undisturbed training."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata=dict(facts) if facts else None)


def load_weights(network: N, path: Path) -> N:
    """Raises DataError for a file that is damaged, or does not hold this network's tensors, finite and no others."""
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise DataError(f"{path}: not a readable file of weights ({error}); see pathgan repair {path}") from error
    expected = network.state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        if wrong := _wrong_with(name, expected.get(name), tensors.get(name)):
            raise DataError(f"{path}: {name}: {wrong}; see pathgan repair {path}")
    network.load_state_dict(tensors)
    return network


def _wrong_with(name: str, expected: Tensor | None, found: Tensor | None) -> str:
    if expected is None or found is None:
        return "a tensor that the network does not have" if expected is None else "the tensor is missing"
    if (found.shape, found.dtype) != (expected.shape, expected.dtype):
        return f"expected {tuple(expected.shape)} {expected.dtype}, got {tuple(found.shape)} {found.dtype}"
    if not found.isfinite().all():
        return "holds NaN or infinity"
    if name.endswith("running_var") and (found < 0).any():
        return "holds a negative variance"
    return ""
