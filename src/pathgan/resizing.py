"""Images and instance maps brought to a square of another size."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.int32)


def resized(pixels: NDArray[Pixel], side_px: int) -> NDArray[Pixel]:
    """A square of colours (h, w, 3) by area or bicubic, or of ids (h, w) by nearest neighbours."""
    if pixels.ndim == 2:
        return cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_NEAREST_EXACT).astype(pixels.dtype)
    way = cv2.INTER_AREA if min(pixels.shape[:2]) > side_px else cv2.INTER_CUBIC
    return cv2.resize(pixels, (side_px, side_px), interpolation=way).astype(pixels.dtype)
