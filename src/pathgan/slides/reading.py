"""Any slide file, opened by the reader that suits it; which level serves a resolution; the whole slide, small."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import tifffile

from pathgan.errors import DataError
from pathgan.slides.openslide_and_images import PlainImage, PlaneFolder, VendorSlide
from pathgan.slides.slide import MPP_RANGE, Pixels, Slide, plausible_mpp
from pathgan.slides.tiff import TiffSlide

PLAIN = {".png", ".jpg", ".jpeg", ".bmp"}
TIFF = {".tif", ".tiff", ".svs", ".btf", ".ome"}
AS_GOOD_AS = 0.02  # a level whose pixels are this much larger than wanted still serves


def open_slide(path: Path | str) -> Slide:
    """A slide open for reading. Raises DataError for a file that is absent, damaged, or no 8-bit RGB image.

    A folder is a focus stack with one image per plane, in the order of their names.
    Tiled TIFF and SVS are read by tifffile, JPEG and PNG whole, and everything else by openslide; NDPI with
    focal planes by tifffile, as openslide would show one of them and not say so.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if path.is_dir():
        return PlaneFolder(path)
    suffix = path.suffix.lower()
    if suffix in PLAIN:
        return PlainImage(path)
    if suffix in TIFF or (suffix == ".ndpi" and _has_planes(path)):
        return TiffSlide(path)
    return VendorSlide(path)


def pixel_size(slide: Slide, given: float | None = None) -> float:
    """[um/px] of level 0: what the configuration gives, else what the file says. Raises DataError for neither."""
    if given is not None and not plausible_mpp(given):
        raise DataError(f"{slide.path}: mpp: expected {MPP_RANGE[0]} to {MPP_RANGE[1]} um/px, got {given}")
    mpp = given or slide.mpp
    if mpp is None:
        raise DataError(
            f"{slide.path}: the file does not say how large a pixel is, or says something outside {MPP_RANGE[0]} to "
            f"{MPP_RANGE[1]} um/px; give it as `mpp` in the sample sheet (0.25 is usual at 40x, 0.5 at 20x)"
        )
    return mpp


def level_for(slide: Slide, mpp: float, wanted: float) -> tuple[int, float]:
    """The coarsest level that is still as fine as `wanted` [um/px], and how many of its pixels make one wanted.

    `mpp`: of level 0. Raises DataError where even level 0 is coarser.
    """
    allowed = wanted * (1 + AS_GOOD_AS) / mpp
    fine_enough = [index for index, level in enumerate(slide.levels) if level.downsample <= allowed]
    if not fine_enough:
        raise DataError(
            f"{slide.path}: its finest level has {mpp:.4g} um/px, but {wanted:g} um/px is asked for; ask for {mpp:.4g} "
            "or more, or use a scan of higher magnification"
        )
    level = fine_enough[-1]
    scale = wanted / (mpp * slide.levels[level].downsample)
    return level, 1.0 if abs(scale - 1) <= AS_GOOD_AS else scale


def thumbnail(slide: Slide, max_px: int, plane: int = 0) -> Pixels:
    """The whole slide, its longer side at most `max_px`, by area means; memory holds one band of the slide."""
    longest = max(slide.levels[0].width, slide.levels[0].height)
    shrink = max(1.0, longest / max_px)
    level = max(index for index, level in enumerate(slide.levels) if level.downsample <= shrink * (1 + 1e-6))
    size = slide.levels[level]
    rest = max(1.0, max(size.width, size.height) / max_px)
    width, height = max(1, int(size.width / rest)), max(1, int(size.height / rest))
    out = np.zeros((height, width, 3), np.uint8)
    rows = np.empty((0, size.width, 3), np.uint8)
    first = done = 0
    for top, band in slide.bands(level, plane):
        rows = np.concatenate([rows, band])
        ready = min(height, int((top + len(band)) * height / size.height))
        if top + len(band) == size.height:
            ready = height
        if ready > done:
            low, high = (round(row * size.height / height) - first for row in (done, ready))
            out[done:ready] = cv2.resize(rows[low:high], (width, ready - done), interpolation=cv2.INTER_AREA)
            rows, first, done = rows[high:], first + high, ready
    return out


def _has_planes(path: Path) -> bool:
    try:
        with tifffile.TiffFile(path) as tiff:
            return "Z" in tiff.series[0].axes
    except (tifffile.TiffFileError, ValueError, IndexError):
        return False
