"""Drawing one nucleus into an instance map."""

import cv2
import numpy as np
from numpy.typing import NDArray

SUBPIXEL_BITS = 4


def draw_polygon(
    instances: NDArray[np.int32],
    vertices: NDArray[np.float64],
    label: int,
    max_overlap: float,
    min_area: float = 1,
) -> bool:
    """Draws a polygon under what is there already; False, and no change, where it would be hidden too much.

    instances: (h, w) int32, changed in place; vertices: (k, 2) x, y [px], beyond the border too.
    min_area: of the part inside the field [px].
    """
    height, width = instances.shape
    left, top = np.maximum(np.floor(vertices.min(0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(vertices.max(0)).astype(int) + 2, (width, height))
    if left >= right or top >= bottom:
        return False
    window = instances[top:bottom, left:right]
    shape = np.zeros(window.shape, np.uint8)
    points = np.round((vertices - (left, top)) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(shape, [points], 1, shift=SUBPIXEL_BITS)
    free = (shape > 0) & (window == 0)
    area, n_free = cv2.countNonZero(shape), np.count_nonzero(free)
    if area < min_area or n_free == 0 or n_free < (1 - max_overlap) * area:
        return False
    window[free] = label
    return True
