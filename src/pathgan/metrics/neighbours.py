"""How near the next one is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def authenticity(known: NDArray[np.floating], samples: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether each of (m, d) samples is no copy of one of (n, d) known items, n >= 2 (Alaa et al. 2022, Sec. 3.3).

    It is where its nearest known item has another known one nearer by than the sample. Not all held-out items are
    authentic either: their share is the floor of that of samples.
    """
    from scipy.spatial import cKDTree

    if len(known) < 2 or known.shape[1:] != samples.shape[1:]:
        raise ValueError(f"expected (n, d) with n > 1 and (m, d), got {known.shape} and {samples.shape}")
    tree = cKDTree(known)
    distance, nearest = tree.query(samples)
    return np.asarray(distance > tree.query(known, k=2)[0][nearest, 1])


def nearest_distances(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Euclidean distance of each of (n, d) points to the nearest of (m, d) others: (n,).

    Raises ValueError for another d, and where there are no others.
    """
    if points.ndim != 2 or others.ndim != 2 or points.shape[1] != others.shape[1] or len(others) == 0:
        raise ValueError(f"expected (n, d) and (m, d) with m > 0, got {points.shape} and {others.shape}")
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(points, others).min(axis=1))
