"""Slides that TIFF readers cannot read at speed, through openslide; and images that are read whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import openslide
import tifffile
from numpy.typing import NDArray

from pathgan.datasets.image_files import MAX_PIXELS, read_image
from pathgan.errors import DataError
from pathgan.slides.slide import GLASS, Level, Pixels, Slide, plausible_mpp

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
            raise DataError(
                f"{path}: no image in the folder; expected one per focal plane ({', '.join(sorted(PLANES))})"
            )
        _check_names(files)
        first = _read_plane(files[0])
        planes = np.empty((len(files), *first.shape), first.dtype)
        for index, file in enumerate(files):
            plane = _read_plane(file)
            if plane.shape != first.shape or plane.dtype != first.dtype:
                raise DataError(
                    f"{file}: expected a plane of {first.shape} {first.dtype} like {files[0].name}, got "
                    f"{plane.shape} {plane.dtype}; export all planes alike"
                )
            planes[index] = plane
        self._planes = _eight_bits(planes)
        self.n_planes = len(files)
        height, width = self._planes.shape[1:3]
        self.levels = (Level(width, height, 1.0),)
        self.mpp = None

    def close(self) -> None:
        """The files were closed when they were read."""

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        self.check_region(level, x, y, width, height, plane)
        return self._planes[plane, y : y + height, x : x + width]


def _check_names(files: list[Path]) -> None:
    """Raises DataError for names that differ in more than numbers: another image, or signs, which no sorting knows."""
    for file in files[1:]:
        if re.sub(r"\d+", "", file.name) != re.sub(r"\d+", "", files[0].name):
            raise DataError(
                f"{file}: expected a name that differs from {files[0].name} in numbers alone (plane00, plane01, ...), "
                "as it says which plane this is; rename it, or move it out of the folder"
            )


def _natural(path: Path) -> list[int | str]:
    """Sorts plane2 before plane10."""
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)]


def _read_plane(path: Path) -> NDArray[np.generic]:
    """(h, w, 3) uint8, or (h, w) uint16."""
    if path.suffix.lower() in (".tif", ".tiff"):
        try:
            with tifffile.TiffFile(path) as file:
                page, n_pages = file.pages.first, len(file.pages)
                if n_pages > 1:
                    raise DataError(
                        f"{path}: expected one plane per file, got {n_pages} pages; name this file, not its folder"
                    )
                grey = page.dtype == np.uint16 and page.samplesperpixel == 1
                if grey and page.imagewidth * page.imagelength <= MAX_PIXELS:
                    return page.asarray()
        except (tifffile.TiffFileError, OSError, ValueError) as error:
            raise DataError(f"{path}: damaged TIFF ({error}); get it again") from error
    return read_image(path)


def _eight_bits(planes: NDArray[np.generic]) -> NDArray[np.uint8]:
    """(n, h, w, 3)."""
    if planes.dtype == np.uint8:
        return planes.astype(np.uint8, copy=False)
    low, high = float(planes.min()), float(planes.max())
    out = np.empty((*planes.shape, 3), np.uint8)
    for plane, pixels in zip(planes, out, strict=True):
        pixels[:] = np.round(255 * (plane.astype(np.float32) - low) / max(high - low, 1))[..., None]
    return out
