"""Reading image and mask files, suspiciously: a wrong one is an error that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage
from scipy.io import loadmat

from pathgan.errors import DataError

MAX_PIXELS = 200_000_000  # beyond this an image is a slide: it is tiled, never read whole
Image.MAX_IMAGE_PIXELS = None  # we check the header ourselves, and name the file


def read_image(path: Path) -> NDArray[np.uint8]:
    """An RGB image (h, w, 3) uint8. Opaque alpha is dropped, other alpha laid on white, EXIF turns applied.

    Raises DataError for what is no 8-bit colour image, is damaged, or is too large to read whole.
    """
    pixels = _read(path)
    if pixels.dtype != np.uint8:
        raise DataError(f"{path}: expected 8 bits a channel, got {pixels.dtype}; rescale it to 0-255 first")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        shape = " x ".join(map(str, pixels.shape))
        raise DataError(f"{path}: expected an RGB or RGBA image, got {shape}; save it in colour (RGB)")
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        pixels = np.round(pixels[..., :3] * alpha + 255 * (1 - alpha))
    return np.ascontiguousarray(pixels, np.uint8)


def read_mask(path: Path) -> NDArray[np.int32]:
    """An instance mask (h, w) int32 from .mat (`inst_map`), .npy, .txt (CPM-15) or an 8 or 16-bit image.

    RGB(A) masks have equal channels, as in TNBC; of a palette image the indices are the ids.
    """
    try:
        if path.suffix == ".mat":
            mask = loadmat(path)["inst_map"]
        elif path.suffix == ".npy":
            mask = np.load(path, allow_pickle=False)
        elif path.suffix == ".txt":
            width, height, *ids = np.array(path.read_text().split(), dtype=np.int64)
            mask = np.reshape(ids, (height, width))
        else:
            mask = _read(path, palette_as_ids=True)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, NotImplementedError, EOFError) as error:  # MATLAB 7.3 is "not implemented"
        raise DataError(f"{path}: not a readable mask: {error}") from error
    if mask.ndim == 3:
        if (mask[..., :3] != mask[..., :1]).any():
            raise DataError(f"{path}: nuclei are told apart by colour; save one id per pixel (8 or 16-bit grey)")
        mask = mask[..., 0]
    if mask.ndim != 2 or mask.min(initial=0) < 0:
        raise DataError(f"{path}: expected one id per pixel, 0 for background, got {mask.shape} of {mask.dtype}")
    return np.ascontiguousarray(mask).astype(np.int32)


def relabel(instances: NDArray[np.integer]) -> NDArray[np.int32]:
    """The same nuclei with the ids 1..n in ascending order of the old ones; 0 stays 0."""
    ids = np.unique(instances)
    ids = ids[ids > 0]
    out = np.searchsorted(ids, instances) + 1
    return np.where(instances > 0, out, 0).astype(np.int32)


def pieces(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Each separate piece of a mask (h, w) as an instance; pixels that touch at a corner are of one."""
    return np.asarray(ndimage.label(mask, structure=np.ones((3, 3)))[0], np.int32)


def _read(path: Path, palette_as_ids: bool = False) -> NDArray[Any]:
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty; get it again")
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            with tifffile.TiffFile(path) as tiff:
                page = tiff.pages.first
                _check_size(path, int(page.shape[1]), int(page.shape[0]))
                _check_colours(path, tifffile.PHOTOMETRIC(page.photometric).name)
                return np.asarray(page.asarray())
        with Image.open(path) as image:
            _check_size(path, *image.size)
            _check_colours(path, image.mode)
            sixteen = "16" in str(image.tile[0][3]) if image.tile else False
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.mode == "P" and not palette_as_ids:
                upright = upright.convert("RGBA" if "transparency" in upright.info else "RGB")
            pixels = np.asarray(upright)
            return pixels.astype(np.uint16) if sixteen else pixels
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image that we can read; get it again or save it as PNG or TIFF") from None
    except (OSError, ValueError, SyntaxError, tifffile.TiffFileError, IndexError) as error:
        raise DataError(f"{path}: damaged ({error}); get it again") from error


def _check_colours(path: Path, mode: str) -> None:
    """Raises DataError for four inks, which would pass for RGB with alpha, and for Lab."""
    if mode in ("CMYK", "SEPARATED", "LAB", "CIELAB", "ICCLAB", "YCCK"):
        raise DataError(f"{path}: expected RGB, got {mode}; save it in colour (RGB)")


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise DataError(
            f"{path}: declares {width} x {height} pixels, more than {MAX_PIXELS / 1e6:.0f} million; "
            "an image of this size is a slide: tile it first"
        )
