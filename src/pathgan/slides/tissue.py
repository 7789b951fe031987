"""Where a slide holds tissue, pale stains too."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from skimage.morphology import remove_small_holes, remove_small_objects

from pathgan.slides.slide import Pixels
from pathgan.stains import optical_density

UNSCANNED = 254
BRIGHT, GREYISH = 200, 25  # glass has no channel darker, and none far from another
THRESHOLD_RANGE = (0.03, 0.06)  # of absorbance: below is JPEG noise, above is tissue in every stain
MIN_PART = 1 / 2000  # of the image: smaller specks are dirt, smaller holes are no lumen
WHITE = (245.0, 245.0, 245.0)


def tissue_mask(image: Pixels) -> NDArray[np.bool_]:
    """(h, w, 3) of a slide at about 4 to 16 um/px -> (h, w), where it absorbs more than its own glass does.

    All channels count, as weakly stained IHC is as bright as glass in some. Otsu's threshold on absorbance, kept
    within limits in which a blank slide has no tissue and a full one no glass.
    """
    absorbance = np.maximum(optical_density(image) - _glass_density(image), 0).mean(axis=2)
    smooth = cv2.GaussianBlur(np.minimum(absorbance, 0.5), (0, 0), 2.0)
    low, high = THRESHOLD_RANGE
    threshold = float(np.clip(threshold_otsu(smooth), low, high)) if smooth.max() > smooth.min() else high
    n_pixels = max(1, int(MIN_PART * smooth.size))
    mask = remove_small_objects(smooth > threshold, max_size=n_pixels)
    return np.asarray(remove_small_holes(mask, max_size=n_pixels))


def _glass_density(image: Pixels) -> NDArray[np.float32]:
    """Optical density (3,) of bright grey pixels; of white where the image has next to none.

    Pure white is what a scanner leaves out, not what it sees.
    """
    low, high = image.min(axis=2), image.max(axis=2)
    glass = image[(low > BRIGHT) & (high - low < GREYISH) & (low < UNSCANNED)]
    if len(glass) < 0.005 * low.size:
        glass = np.array([WHITE])
    brightest = glass[glass.sum(axis=1) >= np.quantile(glass.sum(axis=1), 0.5)]  # pale tissue is among the rest
    return optical_density(np.median(brightest, axis=0)[None, None].astype(np.uint8))[0, 0]
