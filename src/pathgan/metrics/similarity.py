"""How alike two images are: SSIM, FSIM, GMSD, and the contrast along nuclear contours."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.stains import optical_density

Images = NDArray[np.uint8]
Scores = NDArray[np.float64]
Plane = NDArray[np.float64]
LUMA = np.array([0.299, 0.587, 0.114])


def structural_similarity(real: Images, fake: Images) -> Scores:
    """SSIM (Wang et al. 2004): (n, h, w, 3) uint8 pairs -> (n,) in [-1, 1], the mean over R, G and B.

    Gaussian window of 11 px, sigma 1.5, population covariance, borders of 5 px left out.
    """
    _check_pairs(real, fake, least_px=11)
    return np.array([_ssim(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(real, fake, strict=True)])


def gradient_magnitude_similarity_deviation(real: Images, fake: Images) -> Scores:
    """GMSD (Xue et al. 2014, Eq. 4-5): (n, h, w, 3) uint8 pairs -> (n,), 0 for equal images."""
    _check_pairs(real, fake, least_px=4)
    kernel = np.array([[1.0, 0.0, -1.0]] * 3) / 3  # Prewitt
    scores = []
    for pair in zip(real, fake, strict=True):
        a, b = (_gradient(_halved(_luma(image)), kernel) for image in pair)
        scores.append(_similarity(a, b, 170.0).std())
    return np.array(scores)


def feature_similarity(real: Images, fake: Images) -> Scores:
    """FSIM on luma (Zhang et al. 2011, Eq. 5): (n, h, w, 3) uint8 pairs -> (n,), 1 for equal images."""
    _check_pairs(real, fake, least_px=8)
    return np.array([_fsim(a, b) for a, b in zip(real, fake, strict=True)])


def contour_contrast(images: Images, contour: NDArray[np.bool_]) -> Scores:
    """Ours: how far optical density falls across nuclear contours, (n, h, w, 3) and (n, h, w) bool -> (n,).

    Mean over contour pixels and those of their eight neighbours that lie off any contour of the absolute
    difference in optical density, averaged over R, G and B. NaN for an image without contours.
    """
    scores = []
    for image, edge in zip(images, contour, strict=True):
        density = optical_density(image).mean(-1)
        total, n = 0.0, 0
        for dy, dx in product((-1, 0, 1), repeat=2):
            here = (
                slice(max(dy, 0), dy or None if dy < 0 else None),
                slice(max(dx, 0), dx or None if dx < 0 else None),
            )
            there = (
                slice(max(-dy, 0), -dy or None if dy > 0 else None),
                slice(max(-dx, 0), -dx or None if dx > 0 else None),
            )
            counted = edge[here] & ~edge[there]
            total += float(np.abs(density[here] - density[there])[counted].sum(dtype=np.float64))
            n += int(counted.sum())
        scores.append(total / n if n else np.nan)
    return np.array(scores)


def _check_pairs(real: Images, fake: Images, least_px: int) -> None:
    if real.shape != fake.shape or real.ndim != 4 or real.shape[3] != 3:
        raise ValueError(f"expected two equal stacks (n, h, w, 3), got {real.shape} and {fake.shape}")
    if real.dtype != np.uint8 or fake.dtype != np.uint8:
        raise ValueError(f"expected uint8 images, got {real.dtype} and {fake.dtype}")
    if min(real.shape[1:3]) < least_px:
        raise ValueError(f"expected images of at least {least_px} px, got {real.shape[1:3]}")


def _ssim(a: Plane, b: Plane) -> float:
    """a, b: (h, w, 3)."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    covariance = _blur(a * b) - mean_a * mean_b
    index = ((2 * mean_a * mean_b + c1) * (2 * covariance + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(index.mean())


def _blur(plane: Plane) -> Plane:
    """The Gaussian window where it lies whole inside the image."""
    return cv2.sepFilter2D(plane, -1, _WINDOW, _WINDOW)[5:-5, 5:-5]


_WINDOW = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()


def _luma(image: NDArray[np.uint8]) -> Plane:
    return image.astype(np.float64) @ LUMA


def _halved(plane: Plane) -> Plane:
    """2x2 means; an odd side is padded with zeros at its end, as the authors' code does."""
    odd = max(plane.shape[0] % 2, plane.shape[1] % 2)
    padded = np.pad(plane, ((0, odd), (0, odd)))
    h, w = padded.shape[0] // 2, padded.shape[1] // 2
    return padded[: 2 * h, : 2 * w].reshape(h, 2, w, 2).mean((1, 3))


def _gradient(plane: Plane, kernel: Plane) -> Plane:
    x, y = (cv2.filter2D(plane, -1, k, borderType=cv2.BORDER_CONSTANT) for k in (kernel, kernel.T))
    return np.sqrt(x * x + y * y)


def _similarity(a: Plane, b: Plane, constant: float) -> Plane:
    return (2 * a * b + constant) / (a * a + b * b + constant)


def _fsim(real: NDArray[np.uint8], fake: NDArray[np.uint8]) -> float:
    scharr = np.array([[3.0, 0.0, -3.0], [10.0, 0.0, -10.0], [3.0, 0.0, -3.0]]) / 16
    factor = max(1, round(min(real.shape[:2]) / 256))
    a, b = (_pooled(_luma(image), factor) for image in (real, fake))
    congruency_a, congruency_b = _phase_congruency(a), _phase_congruency(b)
    weight = np.maximum(congruency_a, congruency_b)
    similar = _similarity(congruency_a, congruency_b, 0.85)
    similar *= _similarity(_gradient(a, scharr), _gradient(b, scharr), 160.0)
    total = weight.sum()
    return float((similar * weight).sum() / total) if total > 0 else float(np.array_equal(real, fake))


def _pooled(plane: Plane, factor: int) -> Plane:
    h, w = plane.shape[0] // factor, plane.shape[1] // factor
    return plane[: h * factor, : w * factor].reshape(h, factor, w, factor).mean((1, 3))


def _phase_congruency(plane: Plane) -> Plane:
    """Kovesi's PC2 (Zhang 2011, Eq. 2-3) with four scales and orientations and his noise threshold."""
    filters, noise_gain, noise_norm = _log_gabor(*plane.shape)
    eps = np.finfo(np.float64).eps
    responses = np.fft.ifft2(np.fft.fft2(plane) * filters)  # (orientation, scale, h, w): even + i odd
    energy, amplitude = np.zeros(plane.shape), np.zeros(plane.shape)
    for orientation, response in enumerate(responses):
        mean = response.sum(0)
        size = np.abs(mean) + eps
        # cos minus |sin| of the deviation from the mean phase, weighted by amplitude and summed over scales
        coherent = size - np.abs((response * mean.conj()).imag).sum(0) / size
        power = np.median(np.abs(response[0]) ** 2) / np.log(2) / noise_norm[orientation]
        tau = np.sqrt(power) * noise_gain[orientation]
        threshold = tau * (np.sqrt(np.pi / 2) + 2 * np.sqrt(2 - np.pi / 2)) / 1.7
        energy += np.maximum(coherent - threshold, 0)
        amplitude += np.abs(response).sum(0)
    return (energy + eps) / (amplitude + eps)


@lru_cache(maxsize=8)
def _log_gabor(h: int, w: int) -> tuple[Plane, Plane, Plane]:
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
    return filters, gain, (filters[:, 0] ** 2).sum((1, 2))


def _frequencies(side: int) -> Plane:
    """Cycles a pixel with zero first; odd sides are scaled to reach 0.5, as in the reference."""
    half = np.arange(side) - side // 2
    return np.fft.ifftshift(half / (side - 1 if side % 2 else side))
