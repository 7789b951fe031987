"""Focus stacks against focus stacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.similarity import structural_similarity

ROUNDING = 1e-9  # of a profile; less is no difference between planes


def profile_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): Pearson's r of sharpness profiles (n, n_planes), one by one; 0 where one of the two is flat."""
    a, b = (profile - profile.mean(1, keepdims=True) for profile in (one, other))
    flat = np.logical_or(*(np.ptp(profile, axis=1) <= ROUNDING * np.abs(profile).max(1) for profile in (one, other)))
    scale = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.where(flat, 0.0, (a * b).sum(1) / np.where(flat, 1.0, scale))


def adjacent_similarity(stacks: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n,): the mean SSIM of each plane and the next, of stacks uint8 (n, n_planes, h, w, 3)."""
    n, n_planes = stacks.shape[:2]
    here, there = (part.reshape(-1, *stacks.shape[2:]) for part in (stacks[:, :-1], stacks[:, 1:]))
    return structural_similarity(here, there).reshape(n, n_planes - 1).mean(1)
