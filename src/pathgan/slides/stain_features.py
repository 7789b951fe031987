"""What two stains have in common: nuclei, as the absorbance of red light, whatever the strength of the stain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.slides.slide import Pixels
from pathgan.stains import optical_density

Field = NDArray[np.float32]  # (h, w)
FLOOR = 0.02  # of a standard deviation: what is flat stays flat


def nuclear_absorbance(image: Pixels) -> Field:
    """(h, w, 3) -> (h, w), about 0 for glass and 1 for the darkest nuclei.

    Haematoxylin takes most out of red light, eosin next to nothing, and DAB lies on nuclei (Ki-67).
    """
    red = optical_density(image)[..., 0]
    glass, nuclei = np.quantile(red, (0.05, 0.99))
    return np.asarray(np.maximum(red - glass, 0) / max(nuclei - glass, 1e-6), np.float32)


def locally_normalised(field: Field, blur_px: float, window_px: float) -> Field:
    """Blurred, then zero mean and unit variance in a Gaussian window: weak and strong stains look alike."""
    smooth = cv2.GaussianBlur(field, (0, 0), blur_px)
    mean = cv2.GaussianBlur(smooth, (0, 0), window_px)
    variance = np.maximum(cv2.GaussianBlur(smooth * smooth, (0, 0), window_px) - mean * mean, 0)
    return np.asarray((smooth - mean) / np.sqrt(variance + FLOOR**2), np.float32)


def shrunk(image: Pixels, scale: float) -> Pixels:
    """By area means; the same image at scale 1."""
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
