"""LPIPS (Zhang et al. 2018): a network that says how far apart two images are, as people weighted its features."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from pathgan.networks.checked_weights import weights_of


def lpips_alex(weights: Path) -> Any:
    """The package `lpips` with its own heads (version 0.1) on AlexNet's convolutions.

    weights: the file `lpips_alex` of `config/weights.yaml`, whose convolutions bear torchvision's names. Raises
    DataError for another file.
    """
    import lpips  # two seconds to import

    with warnings.catch_warnings():  # it builds AlexNet as torchvision wanted it in 2021
        warnings.simplefilter("ignore", UserWarning)
        network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    slices = (getattr(network.net, f"slice{k}") for k in range(1, 6))
    layers = {name: layer for part in slices for name, layer in part.named_children()}
    with weights_of("lpips_alex", weights):
        state = load_file(weights)
        for name, layer in layers.items():
            if isinstance(layer, torch.nn.Conv2d):
                layer.load_state_dict({key: state[f"features.{name}.{key}"] for key in ("weight", "bias")})
    return network.eval()
