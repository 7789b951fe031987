"""Slides that TIFF readers cannot read at speed, through openslide; and images that are read whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import openslide
import tifffile
from numpy.typing import NDArray

from pathgan.datasets.images import read_image
from pathgan.errors import DataError
from pathgan.slides.base import GLASS, Level, Pixels, Slide, plausible_mpp

PLANES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


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


class PlaneFolder(Slide):
    """A folder of focal planes, an image each, in memory; names in natural order say which comes first.

    Grey images of 16 bits become 8 by the darkest and brightest value of the whole stack.
    """

    def __init__(self, path: Path):
        self.path = path
        files = sorted((file for file in path.iterdir() if file.suffix.lower() in PLANES), key=_natural)
        if not files:
            raise DataError(f"{path}: no image in the folder; expected one a focal plane ({', '.join(sorted(PLANES))})")
        planes = [_read_plane(file) for file in files]
        for file, plane in zip(files, planes, strict=True):
            if plane.shape != planes[0].shape or plane.dtype != planes[0].dtype:
                raise DataError(
                    f"{file}: expected a plane of {planes[0].shape} {planes[0].dtype} like {files[0].name}, got "
                    f"{plane.shape} {plane.dtype}; export all planes alike"
                )
        self._planes = _eight_bits(np.stack(planes))
        self.n_planes = len(planes)
        height, width = self._planes.shape[1:3]
        self.levels = (Level(width, height, 1.0),)
        self.mpp = None

    def close(self) -> None:
        """The files were closed when they were read."""

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        self.check_region(level, x, y, width, height, plane)
        return self._planes[plane, y : y + height, x : x + width]


def _natural(path: Path) -> list[int | str]:
    """Sorts plane2 before plane10."""
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)]


def _read_plane(path: Path) -> NDArray[np.generic]:
    """(h, w, 3) uint8, or (h, w) uint16."""
    if path.suffix.lower() in (".tif", ".tiff"):
        try:
            pixels = tifffile.imread(path)
        except (tifffile.TiffFileError, OSError, ValueError) as error:
            raise DataError(f"{path}: damaged TIFF ({error}); get it again") from error
        if pixels.ndim == 2 and pixels.dtype == np.uint16:
            return pixels
    return read_image(path)


def _eight_bits(planes: NDArray[np.generic]) -> NDArray[np.uint8]:
    """(n, h, w, 3)."""
    if planes.dtype == np.uint8:
        return planes.astype(np.uint8, copy=False)
    low, high = float(planes.min()), float(planes.max())
    grey = np.round(255 * (planes.astype(np.float32) - low) / max(high - low, 1)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
