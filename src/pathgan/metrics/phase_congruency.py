"""FSIM and FSIMc: likeness where phase congruency finds structure (Zhang et al. 2011)."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pathgan.metrics.image_pairs import (
    Images,
    Plane,
    Scores,
    check_pairs,
    gradient_magnitude,
    mix_channels,
    ratio_similarity,
)

SCHARR = np.array([3 / 16, 10 / 16, 3 / 16], np.float32)
YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]], np.float32)
CHROMA_EXPONENT = 0.03


def feature_similarity(real: Images, fake: Images) -> Scores:
    """FSIM on luma (Zhang et al. 2011, Eq. 5): (n, h, w, 3) uint8 pairs -> (n,), 1 for equal images."""
    return feature_similarities(real, fake)[0]


def feature_similarities(real: Images, fake: Images) -> tuple[Scores, Scores]:
    """FSIM and FSIMc, which adds chroma (Eqs. 5 and 9): (n, h, w, 3) uint8 pairs -> (n,) each, 1 if equal.

    Both at once, as all but a few per cent of the time is phase congruency, which they share.
    """
    check_pairs(real, fake, least_px=8)
    scores = np.array([_fsim(a, b) for a, b in zip(real, fake, strict=True)]).reshape(-1, 2)
    return scores[:, 0], scores[:, 1]


def _fsim(real: NDArray[np.uint8], fake: NDArray[np.uint8]) -> tuple[float, float]:
    (luma_a, *chroma_a), (luma_b, *chroma_b) = _yiq(real), _yiq(fake)
    congruency_a, congruency_b = _phase_congruency(luma_a), _phase_congruency(luma_b)
    weight = np.maximum(congruency_a, congruency_b)
    total = weight.sum()  # never zero: without any structure congruency is one
    weighted = weight * ratio_similarity(congruency_a, congruency_b, 0.85)
    weighted *= ratio_similarity(gradient_magnitude(luma_a, SCHARR), gradient_magnitude(luma_b, SCHARR), 160.0)
    hue = np.prod([ratio_similarity(a, b, 200.0) for a, b in zip(chroma_a, chroma_b, strict=True)], axis=0)
    # A negative product has a complex power; the authors' code takes its real part.
    chroma = np.abs(hue) ** CHROMA_EXPONENT * np.where(hue < 0, np.cos(np.pi * CHROMA_EXPONENT), 1)
    return float(weighted.sum() / total), float((weighted * chroma).sum() / total)


def _yiq(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """(h, w, 3) uint8 -> Y, I, Q of (h', w'), in means of f x f pixels so that the smaller side is about 256."""
    factor = max(1, round(min(image.shape[:2]) / 256))
    h, w = image.shape[0] // factor, image.shape[1] // factor
    pooled = image[: h * factor, : w * factor].astype(np.float32)
    if factor > 1:
        pooled = cv2.resize(pooled, (w, h), interpolation=cv2.INTER_AREA)
    return tuple(cv2.split(mix_channels(pooled, YIQ)))


def _phase_congruency(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kovesi's PC2 (Zhang 2011, Eq. 2-3) with four scales and orientations and his noise threshold."""
    filters, noise_gain, noise_norm = _log_gabor(*plane.shape)
    eps = np.finfo(np.float64).eps
    spectrum = fft.fft2(plane)
    energy, amplitude = np.zeros((2, *plane.shape), np.float32)
    for orientation in range(len(filters)):  # one at a time stays in the cache
        response = fft.ifft2(spectrum * filters[orientation], overwrite_x=True)  # (scale, h, w): even + i odd
        size = np.abs(response)
        mean = response.sum(0)
        length = np.abs(mean) + eps
        # cos minus |sin| of the deviation from the mean phase, weighted by amplitude and summed over scales
        sine = np.abs(response.imag * mean.real - response.real * mean.imag).sum(0)
        tau = np.sqrt(np.median(size[0] ** 2) / np.log(2) / noise_norm[orientation]) * noise_gain[orientation]
        threshold = tau * (np.sqrt(np.pi / 2) + 2 * np.sqrt(2 - np.pi / 2)) / 1.7
        energy += np.maximum(length - sine / length - threshold, 0)
        amplitude += size.sum(0)
    return (energy + eps) / (amplitude + eps)


@lru_cache(maxsize=8)
def _log_gabor(h: int, w: int) -> tuple[NDArray[np.float32], Plane, Plane]:
    """Filters (4 orientations, 4 scales, h, w), and what a unit of noise becomes in each orientation."""
    y, x = (_frequencies(side) for side in (h, w))
    # Named as in the reference: its first axis is the one the angle is measured from.
    radius = np.hypot(y[:, None], x[None])
    theta = np.arctan2(-x[None], y[:, None])
    low_pass = 1 / (1 + (radius / 0.45) ** 30)
    radius[0, 0] = 1
    radial = []
    for scale in range(4):
        frequency = 1 / (6 * 2**scale)
        band = np.exp(-(np.log(radius / frequency) ** 2) / (2 * np.log(0.55) ** 2)) * low_pass
        band[0, 0] = 0
        radial.append(band)
    angles = np.arange(4) * np.pi / 4
    deviation = np.abs((theta[None] - angles[:, None, None] + np.pi) % (2 * np.pi) - np.pi)
    spread = np.exp(-(deviation**2) / (2 * (np.pi / (4 * 1.2)) ** 2))
    filters = spread[:, None] * np.stack(radial)[None]
    kernels = np.fft.ifft2(filters).real * np.sqrt(h * w)
    gain = np.sqrt((kernels.sum(1) ** 2).sum((1, 2)))
    return filters.astype(np.float32), gain, (filters[:, 0] ** 2).sum((1, 2))


def _frequencies(side: int) -> Plane:
    """Cycles a pixel with zero first; odd sides are scaled to reach 0.5, as in the reference."""
    half = np.arange(side) - side // 2
    return np.fft.ifftshift(half / (side - 1 if side % 2 else side))
