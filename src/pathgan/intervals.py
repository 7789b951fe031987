"""95 % intervals of means and proportions, and a test of two proportions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

N_RESAMPLES = 2000
LEAST_CLUSTERS = 5  # fewer say nothing about the spread between patients


def student_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Student's interval of the mean of (n,) values; NaN with fewer than two, and where one is infinite."""
    if len(values) < 2 or not np.isfinite(values).all():
        return np.nan, np.nan
    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def wilson_interval(n_right: float, n_images: int) -> tuple[float, float]:
    """Wilson's interval of a proportion (Wilson 1927). n_right: images, or their mean over seeds.

    Raises ValueError where there are no images, and for more right ones than images.
    """
    if n_images < 1 or not 0 <= n_right <= n_images:
        raise ValueError(f"expected 0 to n of n images, n at least 1; got {n_right} of {n_images}")
    share, z2 = n_right / n_images, float(ndtri(0.975)) ** 2
    middle = share + z2 / (2 * n_images)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * n_images)) / n_images)
    low, high = (middle - half) / (1 + z2 / n_images), (middle + half) / (1 + z2 / n_images)
    return max(float(low), 0.0) if n_right else 0.0, min(float(high), 1.0) if n_right < n_images else 1.0


def clustered_interval(
    values: NDArray[np.float64], clusters: Sequence[str], seed: int = 0, n_resamples: int = N_RESAMPLES
) -> tuple[float, float]:
    """Percentile bootstrap of the mean of (n,) values, resampling whole clusters (patients, slides, images).

    Tiles of a slide are not independent; a cluster that is drawn brings all its values. NaN with fewer than
    LEAST_CLUSTERS clusters, and where a value is infinite. Raises ValueError for unequal numbers.
    """
    if len(values) != len(clusters):
        raise ValueError(f"expected a cluster a value, got {len(clusters)} for {len(values)}")
    names, index = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < LEAST_CLUSTERS or not np.isfinite(values).all():
        return np.nan, np.nan
    totals, counts = np.bincount(index, weights=values), np.bincount(index)
    drawn = np.random.default_rng(seed).integers(0, len(names), (n_resamples, len(names)))
    low, high = np.quantile(totals[drawn].sum(1) / counts[drawn].sum(1), [0.025, 0.975])
    return float(low), float(high)


def mcnemar_exact(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Two-sided p of the exact McNemar test that two classifiers err equally often on the same (n,) images."""
    from scipy.stats import binomtest  # half a second to import, which most tables need not pay

    if right_a.shape != right_b.shape or right_a.ndim != 1:
        raise ValueError(f"expected answers to the same images (n,), got {right_a.shape} and {right_b.shape}")
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
