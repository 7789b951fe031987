"""Nuclei of a Ki-67 stain one by one: those that DAB stains, and those that haematoxylin alone does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from pathgan.config.runs.watershed_options import Watershed
from pathgan.masks.watershed import instances_from_probability
from pathgan.stains import unmix

# Lengths in radii of a nucleus, densities as `unmix` gives them; chosen on the fields of benchmarks/positive_nuclei.md.
BLUR = 0.2
GROUND = 1.6  # within which haematoxylin is compared with its mean
OPENING = 0.25
LEAST_AREA = 0.22  # of a disc of the radius
POSITIVE = 0.6  # of DAB
ABOVE_GROUND = 0.06  # of haematoxylin, without what DAB stains
STRONGEST = 1.0  # haematoxylin: more of it is taken for as much, so that one black nucleus does not hide its neighbours

Mask = NDArray[np.bool_]
Instances = NDArray[np.int32]


def find_nuclei(image: NDArray[np.uint8], radius_px: float) -> tuple[Instances, Instances]:
    """(h, w, 3) uint8 -> instance maps (h, w) of positive and of negative nuclei. radius_px: of a typical nucleus."""
    stains = unmix(image, ("haematoxylin", "dab"))
    haematoxylin, dab = (cv2.GaussianBlur(stains[name], (0, 0), BLUR * radius_px) for name in ("haematoxylin", "dab"))
    positive = dab > POSITIVE
    amount = np.where(positive, 0, haematoxylin.clip(0, STRONGEST)).astype(np.float32)
    weight = cv2.GaussianBlur((~positive).astype(np.float32), (0, 0), GROUND * radius_px)
    ground = cv2.GaussianBlur(amount, (0, 0), GROUND * radius_px) / np.maximum(weight, 1e-3)
    negative = ~positive & (amount > ground + ABOVE_GROUND)
    return _parted(positive, radius_px), _parted(negative, radius_px)


def count_nuclei(images: NDArray[np.uint8], radius_px: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n, h, w, 3) uint8 -> numbers (n,) of positive and of negative nuclei."""
    counts = [[int(found.max()) for found in find_nuclei(image, radius_px)] for image in images]
    positive, negative = np.array(counts, np.int64).reshape(-1, 2).T
    return positive, negative


def _parted(mask: Mask, radius_px: float) -> Instances:
    """Nuclei that touch are parted at the waist, by the distance to the ground."""
    side = 2 * round(OPENING * radius_px) + 1
    block = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = binary_fill_holes(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, block))
    depth = cv2.distanceTransform(opened.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    options = Watershed(threshold=1e-6, h=10, min_area_px=round(LEAST_AREA * np.pi * radius_px**2))
    return instances_from_probability((depth / (1.6 * radius_px)).clip(0, 1), options)
