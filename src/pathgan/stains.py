"""Stains as Beer-Lambert absorbers: intensity = 255 exp(-sum of concentration x optical density)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Unit optical density in R, G, B (Ruifrok & Johnston 2001, Table 1).
STAIN_VECTORS: dict[str, tuple[float, float, float]] = {
    "haematoxylin": (0.65, 0.70, 0.29),
    "eosin": (0.07, 0.99, 0.11),
    "dab": (0.27, 0.57, 0.78),
}


def beer_lambert(concentrations: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float32]:
    """Light that passes the stains: (h, w) concentrations >= 0 -> (h, w, 3) RGB in [0, 255]."""
    density = sum(
        np.maximum(field, 0)[..., None] * np.asarray(STAIN_VECTORS[stain], np.float32)
        for stain, field in concentrations.items()
    )
    return (255 * np.exp(-density)).astype(np.float32)


def optical_density(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The inverse: (h, w, 3) uint8 RGB -> optical density in R, G, B, black clipped at 1 of 255."""
    return -np.log(np.maximum(image, 1).astype(np.float32) / 255)


def unmix(image: NDArray[np.uint8], stains: tuple[str, str]) -> dict[str, NDArray[np.float32]]:
    """Concentrations (h, w) of two stains in (h, w, 3) uint8 RGB, and of the `rest` that neither explains.

    The rest is orthogonal to both (Ruifrok & Johnston 2001, Sec. "Method"). Noise makes some slightly negative.
    """
    first, second = (np.asarray(STAIN_VECTORS[stain]) for stain in stains)
    rest = np.cross(first, second)
    mixing = np.stack([first, second, rest / np.linalg.norm(rest)])
    amounts = optical_density(image) @ np.linalg.inv(mixing).astype(np.float32)
    return {name: np.ascontiguousarray(amounts[..., k]) for k, name in enumerate((*stains, "rest"))}
