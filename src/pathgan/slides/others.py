"""Slides that TIFF readers cannot read at speed, through openslide; and images that are read whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide

from pathgan.datasets.images import read_image
from pathgan.errors import DataError
from pathgan.slides.base import GLASS, Level, Pixels, Slide, plausible_mpp


class VendorSlide(Slide):
    """NDPI, MRXS and what else openslide knows; it shows one focal plane alone."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._slide = openslide.OpenSlide(path)
            properties = self._slide.properties
            sizes = self._slide.level_dimensions
        except (openslide.OpenSlideError, OSError) as error:
            raise DataError(f"{path}: not a slide that can be read ({error}); get it again, or convert it") from error
        self.levels = tuple(
            Level(width, height, downsample)
            for (width, height), downsample in zip(sizes, self._slide.level_downsamples, strict=True)
        )
        x, y = (float(properties.get(f"openslide.mpp-{axis}", 0)) for axis in "xy")
        self.mpp = x if plausible_mpp(x) and abs(x - y) <= 0.02 * x else None

    def close(self) -> None:
        self._slide.close()

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        self.check_region(level, x, y, width, height, plane)
        scale = self.levels[level].downsample
        try:
            pixels = np.asarray(self._slide.read_region((round(x * scale), round(y * scale)), level, (width, height)))
        except openslide.OpenSlideError as error:  # the handle answers nothing from now on
            raise DataError(f"{self.path}: damaged near ({x}, {y}) of level {level} ({error}); get it again") from error
        alpha = pixels[..., 3:].astype(np.uint16)
        return ((pixels[..., :3] * alpha + GLASS * (255 - alpha) + 127) // 255).astype(np.uint8)


class PlainImage(Slide):
    """An image file in memory: one level, no pixel size."""

    def __init__(self, path: Path):
        self.path = path
        self._pixels = read_image(path)
        height, width = self._pixels.shape[:2]
        self.levels = (Level(width, height, 1.0),)
        self.mpp = None

    def close(self) -> None:
        """The file was closed when it was read."""

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        self.check_region(level, x, y, width, height, plane)
        return self._pixels[y : y + height, x : x + width]
