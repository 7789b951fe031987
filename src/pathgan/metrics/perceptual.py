"""LPIPS (Zhang et al. 2018): how far apart two images are in a network's features, as people weighted them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from pathgan.metrics.image_pairs import check_pairs
from pathgan.networks.checked_weights import weights_of
from pathgan.networks.pixels import to_unit

BATCH = 16
LEAST_PX = 32  # of a smaller image AlexNet's second pooling leaves nothing


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


def perceptual_distance(real: NDArray[np.uint8], fake: NDArray[np.uint8], network: Any) -> NDArray[np.float64]:
    """LPIPS (n,) of images (n, h, w, 3) of at least 32 px: 0 where they are equal. network: what `lpips_alex` gives."""
    check_pairs(real, fake, LEAST_PX)
    parts, cpu = [], torch.device("cpu")
    with torch.inference_mode():
        for start in range(0, len(real), BATCH):
            pair = (2 * to_unit(images[start : start + BATCH], cpu) - 1 for images in (real, fake))
            parts.append(network(*pair).flatten().double().numpy())
    return np.concatenate(parts)
