"""What the scores of image pairs share: the check of a pair, colour planes, gradients, and a ratio."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Scores = NDArray[np.float64]
Plane = NDArray[np.floating]


def check_pairs(real: Images, fake: Images, least_px: int = 1) -> None:
    """Raises ValueError unless both are equal uint8 stacks (n, h, w, 3) of at least `least_px`."""
    if real.shape != fake.shape or real.ndim != 4 or real.shape[3] != 3:
        raise ValueError(f"expected two equal stacks (n, h, w, 3), got {real.shape} and {fake.shape}")
    if real.dtype != np.uint8 or fake.dtype != np.uint8:
        raise ValueError(f"expected uint8 images, got {real.dtype} and {fake.dtype}")
    if min(real.shape[1:3]) < least_px:
        raise ValueError(f"expected images of at least {least_px} px, got {real.shape[1:3]}")


def mix_channels(image: Plane, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 3) float32 and (c, 3) weights -> (h, w, c), or (h, w) for one row of weights."""
    return cv2.transform(image, weights)


def gradient_magnitude(plane: NDArray[np.float32], smoothing: NDArray[np.float32]) -> NDArray[np.float32]:
    """Length of the gradient: central differences, smoothed (3,) across; zeros beyond the border."""
    difference = np.array([1, 0, -1], np.float32)
    border = cv2.BORDER_CONSTANT
    x = cv2.sepFilter2D(plane, cv2.CV_32F, difference, smoothing, borderType=border)
    y = cv2.sepFilter2D(plane, cv2.CV_32F, smoothing, difference, borderType=border)
    return cv2.magnitude(x, y)


def ratio_similarity(a: Plane, b: Plane, constant: float) -> Plane:
    """(2ab + c) / (a² + b² + c), 1 where a = b."""
    return (2 * a * b + constant) / (a * a + b * b + constant)
