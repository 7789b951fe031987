"""Random textures of zero mean and unit variance."""

import cv2
import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.float32]


def blobs(size_px: int, scale_px: float, rng: np.random.Generator) -> Texture:
    """Isotropic noise (size_px, size_px) whose features are about `scale_px` wide."""
    return _filtered(size_px, scale_px, scale_px, rng)


def fibres(size_px: int, length_px: float, width_px: float, rng: np.random.Generator) -> Texture:
    """Wavy parallel strands (size_px, size_px): stretched noise, turned and bent by a smooth displacement."""
    margin = int(2 * length_px) + 8
    large = size_px + 2 * margin
    straight = _filtered(large, length_px, width_px, rng)
    angle = rng.uniform(0, np.pi)
    bend_x, bend_y = (blobs(size_px, 4 * length_px, rng) * length_px * 0.6 for _ in range(2))
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32) - size_px / 2
    x, y = x + bend_x, y + bend_y
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    map_x, map_y = cos * x + sin * y + large / 2, cos * y - sin * x + large / 2
    bent = cv2.remap(
        straight,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return _standard(bent)


def _filtered(size_px: int, scale_x: float, scale_y: float, rng: np.random.Generator) -> Texture:
    white = rng.standard_normal((size_px, size_px), dtype=np.float32)
    return _standard(cv2.GaussianBlur(white, (0, 0), sigmaX=scale_x / 2, sigmaY=scale_y / 2))


def _standard(texture: Texture) -> Texture:
    return ((texture - texture.mean()) / max(float(texture.std()), 1e-6)).astype(np.float32)
