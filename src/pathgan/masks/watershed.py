"""From a nucleus probability to instances (Naylor et al. 2018, Sec. II-D)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label
from skimage.morphology import reconstruction
from skimage.segmentation import watershed

from pathgan.config.models import Watershed


def instances_from_probability(probability: NDArray[np.floating], options: Watershed) -> NDArray[np.int32]:
    """(h, w) in [0, 1] -> instance map (h, w) int32 with the ids 1..n.

    Markers are the maxima that rise at least h of 255 above the saddle to a higher one; each floods its
    basin inside the thresholded mask. Smaller instances than `min_area_px` are dropped.
    """
    height = np.round(255 * probability).astype(np.int32)
    mask = probability > options.threshold
    domes = height - reconstruction(height - options.h, height, method="dilation")
    # A plateau of the h-domed image is one maximum; h = 0 leaves every regional maximum of the mask.
    peaks = label((domes >= max(options.h, 1)) & mask) if options.h else label(mask)
    instances = watershed(-height, peaks, mask=mask)
    area = np.bincount(instances.ravel())
    area[0] = 0
    kept = np.cumsum(area >= max(options.min_area_px, 1)) * (area >= max(options.min_area_px, 1))
    return kept[instances].astype(np.int32)
