"""95 % intervals: of a mean over seeds, of a proportion, and of a mean over images of a few patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

N_RESAMPLES = 2000
LEAST_CLUSTERS = 5  # fewer say nothing about the spread between patients


def student_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Student's interval of the mean of (n,) values; NaN with fewer than two, and where one is infinite."""
    if len(values) < 2 or not np.isfinite(values).all():
        return np.nan, np.nan
    half = stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def wilson_interval(n_right: int, n_images: int) -> tuple[float, float]:
    """Wilson's interval of a proportion. Raises ValueError where there are no images."""
    from scipy.stats import binomtest  # half a second to import, which most tables need not pay

    if n_images < 1:
        raise ValueError("expected at least one image, got none")
    interval = binomtest(n_right, n_images).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


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
