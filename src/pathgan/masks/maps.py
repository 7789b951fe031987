"""What a generator is conditioned on, made from an instance map (Enhanced Sharp-GAN, Sec. 2.2)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Instances = NDArray[np.integer]
Map = NDArray[np.float32]
_BLOCK = np.ones((3, 3), np.uint8)


def contours(instances: Instances) -> NDArray[np.bool_]:
    """Pixels (h, w) of a nucleus with one of their eight neighbours outside it.

    The border of the image is no contour: a nucleus goes on beyond it.
    """
    return (instances > 0) & ~_eroded_once(instances)


def erosion_counts(instances: Instances) -> NDArray[np.int32]:
    """How many 3x3 erosions of its own nucleus a pixel survives, plus one; 0 outside. (h, w) int32.

    After one erosion no two nuclei touch, so the rest is a chessboard distance transform of one mask:
    equal to eroding each nucleus by itself until nothing is left (tested), without the loop.
    """
    inner = _eroded_once(instances)
    if inner.all():  # one nucleus fills the image and meets no background
        return np.ones(instances.shape, np.int32)
    rest = cv2.distanceTransform(inner.astype(np.uint8), cv2.DIST_C, 3)
    return ((instances > 0) + rest).astype(np.int32)


def distance_map(instances: Instances) -> Map:
    """Erosion counts, each nucleus divided by its own largest: (h, w) float32 in [0, 1]."""
    counts = erosion_counts(instances)
    labels = np.unique(instances, return_inverse=True)[1].reshape(instances.shape)
    largest = np.zeros(labels.max() + 1, np.int32)
    np.maximum.at(largest, labels.ravel(), counts.ravel())
    return counts.astype(np.float32) / np.maximum(largest, 1).astype(np.float32)[labels]


def skeleton(instances: Instances) -> NDArray[np.bool_]:
    """One-pixel-wide topological skeleton of every nucleus by itself: (h, w) bool."""
    from skimage.morphology import skeletonize  # here: it takes longer to import than most jobs to run

    return skeletonize(separated(instances))


def separated(instances: Instances) -> NDArray[np.bool_]:
    """Nucleus pixels (h, w) less those that touch a nucleus of a larger id, so that no two nuclei meet."""
    labels = instances.astype(np.float32)
    return (instances > 0) & (cv2.dilate(labels, _BLOCK) == labels)


def skeleton_map(instances: Instances) -> Map:
    """clip(distance map + skeleton, 0, 2) / 2: (h, w) float32 in [0, 1] (Sec. 2.2)."""
    return np.clip(distance_map(instances) + skeleton(instances), 0, 2) / np.float32(2)


def mask_map(instances: Instances) -> Map:
    """1 inside any nucleus, 0 outside: (h, w) float32."""
    return (instances > 0).astype(np.float32)


def quantised(field: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A map (h, w) in [0, 1] as uint8, 255 for 1."""
    return np.round(255.0 * field).astype(np.uint8)


CONDITIONS = {"mask": mask_map, "distance_map": distance_map, "skeleton_map": skeleton_map}


def condition_map(kind: str, instances: Instances) -> Map:
    """The map (h, w) float32 in [0, 1] of a kind in CONDITIONS."""
    return CONDITIONS[kind](instances)


def _eroded_once(instances: Instances) -> NDArray[np.bool_]:
    """Pixels whose 3x3 neighbourhood lies in one nucleus; what is beyond the image counts as the same."""
    labels = instances.astype(np.float32)  # exact below 2^24 nuclei; OpenCV erodes no int32
    lowest, highest = cv2.erode(labels, _BLOCK), cv2.dilate(labels, _BLOCK)
    return (instances > 0) & (lowest == highest)
