"""A level of a slide at another pixel size, in bands from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

from pathgan.slides.slide import Pixels, Slide


def resampled_size(slide: Slide, level: int, scale: float) -> tuple[int, int]:
    """Width and height of a level of which `scale` pixels make one; a last, partial pixel is left out."""
    size = slide.levels[level]
    return int(size.width / scale + 1e-6), int(size.height / scale + 1e-6)


def resampled_bands(slide: Slide, level: int, scale: float, plane: int = 0) -> Iterator[Pixels]:
    """Bands of rows (h, w, 3) of a level whose pixels grow by `scale` >= 1; where a band ends changes no pixel.

    The next band may overwrite the one before. Means over areas where `scale` is a whole number, a triangle filter of
    the same width otherwise.
    """
    if scale == 1:
        yield from (band for _, band in slide.bands(level, plane))
        return
    width, height = resampled_size(slide, level, scale)
    whole = scale == round(scale)
    margin = 0 if whole else int(np.ceil(2 * scale))  # what the filter sees beyond the rows it makes
    rows = np.empty((0, slide.levels[level].width, 3), np.uint8)
    first = done = 0
    for top, band in slide.bands(level, plane):
        rows = np.concatenate([rows, band])
        end = top + len(band)
        is_last = end == slide.levels[level].height
        ready = height if is_last else min(height, int((end - margin) / scale))
        if ready <= done:
            continue
        low, high = done * scale - first, ready * scale - first
        if whole:
            part = rows[int(low) : int(high), : int(width * scale)]
            yield cv2.resize(part, (width, ready - done), interpolation=cv2.INTER_AREA)
        else:
            box = (0.0, low, min(width * scale, rows.shape[1]), min(high, len(rows)))
            yield np.asarray(Image.fromarray(rows).resize((width, ready - done), Image.Resampling.BILINEAR, box))
        keep = max(0, int(high) - margin)
        rows, first, done = rows[keep:], first + keep, ready
