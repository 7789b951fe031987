"""How alike two images are, pixel by pixel and window by window."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.image_pairs import Images, Scores, check_pairs, gradient_magnitude, mix_channels, ratio_similarity

Channels = NDArray[np.float64]  # one value each of R, G and B

SCALE_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])  # Wang et al. 2003, finest first
PREWITT = np.full(3, 1 / 3, np.float32)
LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)
WINDOW_PX = 11
_WINDOW = np.exp(-(np.arange(-(WINDOW_PX // 2), WINDOW_PX // 2 + 1) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()


def structural_similarity(real: Images, fake: Images) -> Scores:
    """SSIM (Wang et al. 2004): (n, h, w, 3) uint8 pairs -> (n,) in [-1, 1], the mean over R, G and B.

    Gaussian window of 11 px, sigma 1.5, population covariance, borders of 5 px left out.
    """
    check_pairs(real, fake, WINDOW_PX)
    pairs = zip(real, fake, strict=True)
    return np.array([_ssim(a.astype(np.float32), b.astype(np.float32))[0].mean() for a, b in pairs])


def multiscale_structural_similarity(real: Images, fake: Images) -> Scores:
    """MS-SSIM (Wang et al. 2003): (n, h, w, 3) uint8 pairs -> (n,) in [0, 1], the mean over R, G and B.

    Images with a side of 160 px or less have no five scales: the weights of the finest `n_scales` are then
    rescaled to the sum of all five, which is another score than the published one and must be said beside it.
    """
    check_pairs(real, fake, WINDOW_PX)
    weights = SCALE_WEIGHTS[: n_scales(*real.shape[1:3])]
    weights = weights * (SCALE_WEIGHTS.sum() / weights.sum())  # the five sum to 1.0001, and stay as printed
    return np.array(
        [_ms_ssim(a.astype(np.float32), b.astype(np.float32), weights) for a, b in zip(real, fake, strict=True)]
    )


def n_scales(h: int, w: int) -> int:
    """How many of the five scales of MS-SSIM have room for the window."""
    side = min(h, w)
    for scale in range(len(SCALE_WEIGHTS)):
        if side < WINDOW_PX:
            return scale
        side = (side + 1) // 2
    return len(SCALE_WEIGHTS)


def peak_signal_noise_ratio(real: Images, fake: Images) -> Scores:
    """PSNR [dB] of each pair, data range 255: (n, h, w, 3) uint8 -> (n,); inf for equal images."""
    check_pairs(real, fake)
    error = np.array([np.mean(np.square(a.astype(np.float64) - b)) for a, b in zip(real, fake, strict=True)])
    with np.errstate(divide="ignore"):
        return 10 * np.log10(255.0**2 / error)


def mean_absolute_error(real: Images, fake: Images) -> Scores:
    """MAE of each pair in grey levels: (n, h, w, 3) uint8 -> (n,) in [0, 255]."""
    check_pairs(real, fake)
    return np.array([cv2.absdiff(a, b).mean() for a, b in zip(real, fake, strict=True)])


def gradient_magnitude_similarity_deviation(real: Images, fake: Images) -> Scores:
    """GMSD (Xue et al. 2014, Eq. 4-5): (n, h, w, 3) uint8 pairs -> (n,), 0 for equal images."""
    check_pairs(real, fake, least_px=4)
    scores = []
    for pair in zip(real, fake, strict=True):
        a, b = (gradient_magnitude(_halved(mix_channels(image.astype(np.float32), LUMA)), PREWITT) for image in pair)
        _, deviation = cv2.meanStdDev(ratio_similarity(a, b, 170.0))
        scores.append(deviation.item())
    return np.array(scores)


def _ssim(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[Channels, Channels]:
    """(h, w, 3) pairs -> SSIM and its contrast-structure part, each the mean of a channel (3,).

    Written with the sum s and the difference d of the pair, as 2 cov = (var s - var d) / 2 and var a + var b =
    (var s + var d) / 2, and likewise for the means. That takes four blurs in place of five, gives equal images
    exactly 1, and, with the mean of s taken off, is good to 1e-7 in float32.
    """
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    centre = tuple(x + y for x, y in zip(cv2.mean(a), cv2.mean(b), strict=True))
    s, d = cv2.subtract(cv2.add(a, b), centre), cv2.subtract(a, b)
    mean_s, mean_d = _blur(s), _blur(d)
    squared_d = cv2.multiply(mean_d, mean_d)
    var_d = cv2.subtract(_blur(cv2.multiply(d, d)), squared_d)
    var_s = cv2.subtract(_blur(cv2.multiply(s, s)), cv2.multiply(mean_s, mean_s))
    mean_s = cv2.add(mean_s, centre)
    structure = 1 - var_d / ((var_s + var_d) / 2 + np.float32(c2))
    luminance = 1 - squared_d / ((cv2.multiply(mean_s, mean_s) + squared_d) / 2 + np.float32(c1))
    return _mean_inside(luminance * structure), _mean_inside(structure)


def _ms_ssim(a: NDArray[np.float32], b: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    score = np.ones(3)
    for scale, weight in enumerate(weights):
        if scale:
            a, b = _pooled(a), _pooled(b)
        index, structure = _ssim(a, b)
        coarsest = scale == len(weights) - 1
        score *= np.maximum(index if coarsest else structure, 0) ** weight
    return float(score.mean())


def _blur(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.sepFilter2D(image, cv2.CV_32F, _WINDOW, _WINDOW)


def _mean_inside(image: NDArray[np.float32]) -> Channels:
    """Mean of a channel where the window lies whole inside the image."""
    edge = WINDOW_PX // 2
    return np.array(cv2.mean(image[edge:-edge, edge:-edge])[:3])


def _pooled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """2 x 2 means of (h, w, 3); an odd side gets a row of zeros at both ends, as pytorch-msssim does."""
    odd_y, odd_x = (side % 2 for side in image.shape[:2])
    return _halve(np.pad(image, ((odd_y, odd_y), (odd_x, odd_x), (0, 0))) if odd_y or odd_x else image)


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """2 x 2 means of (h, w); an odd side is padded with zeros at its end, as the authors' code of GMSD does."""
    odd = max(plane.shape[0] % 2, plane.shape[1] % 2)
    return _halve(np.pad(plane, ((0, odd), (0, odd))) if odd else plane)


def _halve(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """2 x 2 means; a last odd row or column is left out."""
    h, w = image.shape[0] // 2, image.shape[1] // 2
    return cv2.resize(image[: 2 * h, : 2 * w], (w, h), interpolation=cv2.INTER_AREA)
