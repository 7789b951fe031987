"""How much of the nuclear area is Ki-67-positive, from stain concentrations."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.image_pairs import Images, Scores
from pathgan.stains import unmix

BLUR_PX = 0.7
NUCLEAR = 0.35  # concentration of haematoxylin and DAB together, where a nucleus begins
POSITIVE = 0.30  # of DAB, where it is positive


def positive_share(images: Images) -> tuple[Scores, Scores]:
    """(n, h, w, 3) uint8 -> the positive share of the nuclear area, NaN where there is none, and the nuclear share.

    A proxy of the Ki-67 index that needs no nucleus to be parted from its neighbour: shares of area, in [0, 1].
    """
    areas = np.array([_areas(image) for image in images]).reshape(-1, 2)
    nuclear, positive = areas.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return positive / nuclear, nuclear


def _areas(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Shares of the image that are nuclear, and nuclear and positive."""
    stains = unmix(image, ("haematoxylin", "dab"))
    haematoxylin, dab = (cv2.GaussianBlur(stains[name], (0, 0), BLUR_PX) for name in ("haematoxylin", "dab"))
    nuclear = np.maximum(haematoxylin, 0) + np.maximum(dab, 0) > NUCLEAR
    return float(nuclear.mean()), float((nuclear & (dab > POSITIVE)).mean())
