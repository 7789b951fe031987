"""How near the next one is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def nearest_distances(points: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Euclidean distance of each of (n, d) points to the nearest of (m, d) others: (n,).

    Raises ValueError for another d, and where there are no others.
    """
    if points.ndim != 2 or others.ndim != 2 or points.shape[1] != others.shape[1] or len(others) == 0:
        raise ValueError(f"expected (n, d) and (m, d) with m > 0, got {points.shape} and {others.shape}")
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(points, others).min(axis=1))
