"""From a nucleus probability to instances (Naylor et al. 2018, Sec. II-D)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from pathgan.config.runs.watershed_options import Watershed


def instances_from_probability(probability: NDArray[np.floating], options: Watershed) -> NDArray[np.int32]:
    """(h, w) in [0, 1] -> instance map (h, w) int32 with the ids 1..n.

    Markers are the maxima that rise more than h of 255 above the saddle to a higher one (the regional maxima
    of the h-reconstruction); each floods its basin inside the thresholded mask. Smaller instances than
    `min_area_px` are dropped.
    """
    height = np.round(255 * probability).astype(np.int32)
    mask = probability > options.threshold
    filled = reconstruction(height - options.h, height, method="dilation")
    # A rim of nothing lets a plateau that reaches the border count as a maximum.
    rimmed = np.pad(filled, 1, constant_values=-256)
    instances = watershed(-height, label(local_maxima(rimmed)[1:-1, 1:-1] & mask), mask=mask)
    area = np.bincount(instances.ravel())
    area[0] = 0
    kept = np.cumsum(area >= max(options.min_area_px, 1)) * (area >= max(options.min_area_px, 1))
    return kept[instances].astype(np.int32)
