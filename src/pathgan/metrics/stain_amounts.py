"""How much of each stain images hold: histograms of stain density, and how far two of them are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from pathgan.metrics.image_pairs import Images, Scores
from pathgan.stains import unmix

EDGES = np.arange(-0.25, 3.01, 0.05)  # stain density; what lies beyond falls into the outer bins
PSEUDO_COUNT = 0.5  # pixels in each bin (Jeffreys): an empty one would make the divergence infinite


def stain_histograms(images: Images, stains: tuple[str, str]) -> tuple[NDArray[np.int64], Scores]:
    """(n, h, w, 3) uint8 -> histograms (n, 2, bins) of two stains' densities [pixels], and their integrals (n, 2).

    An integral is the density above 0, summed over the image and divided by its pixels, so that sizes do not matter.
    """
    counts, integrals = [], []
    for image in images:
        amounts = unmix(image, stains)
        densities = [amounts[stain].ravel() for stain in stains]
        counts.append([np.histogram(one.clip(EDGES[0], EDGES[-1]), EDGES)[0] for one in densities])
        integrals.append([np.maximum(one, 0).mean() for one in densities])
    n_bins = len(EDGES) - 1
    return np.array(counts, np.int64).reshape(-1, 2, n_bins), np.array(integrals, np.float64).reshape(-1, 2)


def divergences(real: NDArray[np.int64], fake: NDArray[np.int64]) -> tuple[float, float]:
    """Kullback and Leibler's divergence [bits] of `fake` from `real`, histograms (bins,) in pixels, and Jensen's.

    The latter (Jensen and Shannon's) lies in [0, 1]; both are 0 for equal shares.
    """
    p, q = ((counts + PSEUDO_COUNT) / (counts + PSEUDO_COUNT).sum() for counts in (real, fake))
    return float(entropy(p, q, base=2)), float(jensenshannon(p, q, base=2) ** 2)
