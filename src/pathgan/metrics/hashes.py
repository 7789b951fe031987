"""A perceptual hash of feature vectors: how alike two images are that do not correspond pixel by pixel."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

Features = NDArray[np.floating]
Reading = Literal["mean", "median", "pearson", "dct"]


def perceptual_hash_similarity(a: Features, b: Features, reading: Reading = "mean") -> NDArray[np.float64]:
    """P-hash of feature vectors (Liu et al., Sec. 5.2): (n, d) pairs -> (n,), 1 for equal vectors.

    The paper does not say how a vector becomes a hash. `mean`, our reading: a bit a feature, set above the
    vector's mean; one minus the share of bits that differ. `median`: the same above the median. `dct`: the
    vector's lower half of frequencies, the constant left out, above their median, as the classic image hash
    does. `pearson`: no hash but the correlation, in [-1, 1]. Raises ValueError for other shapes, NaN, inf.
    """
    if reading not in get_args(Reading):
        raise ValueError(f"expected a reading among {', '.join(get_args(Reading))}, got {reading!r}")
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] < 4:
        raise ValueError(f"expected two equal sets of vectors (n, d >= 4), got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("expected finite features, got NaN or inf")
    x, y = a.astype(np.float64), b.astype(np.float64)
    return _correlation(x, y) if reading == "pearson" else (_bits(x, reading) == _bits(y, reading)).mean(1)


def _bits(features: NDArray[np.float64], reading: Reading) -> NDArray[np.bool_]:
    if reading == "mean":
        return features > features.mean(1, keepdims=True)
    if reading == "dct":
        features = dct(features, norm="ortho", axis=1)[:, 1 : 1 + features.shape[1] // 2]
    return features > np.median(features, axis=1, keepdims=True)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's r of each pair; a constant vector correlates with its equal alone."""
    centred_a, centred_b = (x - x.mean(1, keepdims=True) for x in (a, b))
    lengths = np.linalg.norm(centred_a, axis=1) * np.linalg.norm(centred_b, axis=1)
    same = (a == b).all(1)
    return np.where(lengths > 0, (centred_a * centred_b).sum(1) / np.where(lengths > 0, lengths, 1), same)
