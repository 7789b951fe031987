"""Reading image files, suspiciously: a wrong one is an error that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pathgan.errors import DataError

MAX_PIXELS = 200_000_000  # beyond this an image is a slide: it is tiled, never read whole
MAX_BYTES = 4 * MAX_PIXELS  # of all values in memory
LOSSY = (6, 7, 34892, 33007, 50001)  # TIFF's numbers of JPEG and WebP
STRETCHED = {"L;2": 85, "L;4": 17}  # by which Pillow multiplies grey levels of few bits
FORMATS = ("PNG", "JPEG", "BMP")  # that Pillow may open: whatever else bears such a name starts no decoder
Image.MAX_IMAGE_PIXELS = None  # we check the header ourselves, and name the file


def read_image(path: Path) -> NDArray[np.uint8]:
    """An RGB image (h, w, 3) uint8. Opaque alpha is dropped, other alpha laid on white, EXIF turns applied.

    Raises DataError for what is no 8-bit colour image, is damaged, or is too large to read whole.
    """
    pixels = read_pixels(path)
    if pixels.dtype != np.uint8:
        raise DataError(f"{path}: expected 8 bits a channel, got {pixels.dtype}; rescale it to 0-255 first")
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        shape = " x ".join(map(str, pixels.shape))
        raise DataError(f"{path}: expected an RGB or RGBA image, got {shape}; save it in colour (RGB)")
    return np.ascontiguousarray(pixels if pixels.shape[2] == 3 else _on_white(pixels))


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 4) without its alpha, row by row: floats of the whole would take four times its memory."""
    out = np.empty((*pixels.shape[:2], 3), np.uint8)
    for row, shown in zip(pixels, out, strict=True):
        alpha = row[:, 3:].astype(np.float32) / 255
        shown[:] = np.round(row[:, :3] * alpha + 255 * (1 - alpha))
    return out


def read_pixels(path: Path, as_ids: bool = False) -> NDArray[Any]:
    """The one image in a file, as it is stored. Raises DataError for a damaged one, and before memory is taken for one
    that is too large or has several pages.

    as_ids: of a palette image its indices, and nothing that was rounded to look alike.
    """
    check_file(path)
    try:
        is_tiff = path.suffix.lower() in (".tif", ".tiff")
        return _read_tiff(path, as_ids) if is_tiff else _read_plain(path, as_ids)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image that we can read; get it again or save it as PNG or TIFF") from None
    except Exception as error:  # decoders raise types of their own
        raise DataError(f"{path}: damaged ({' '.join(str(error).split())[:200]}); get it again") from error


def _read_tiff(path: Path, as_ids: bool) -> NDArray[Any]:
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        n_pages = 2 if _has_second(tiff) else 1
        check_size(path, page.imagewidth, page.imagelength, page.samplesperpixel * page.imagedepth, page.dtype, n_pages)
        check_size(path, page.chunks[1], page.chunks[0], page.samplesperpixel, page.dtype)  # a piece is decoded whole
        _check_colours(path, tifffile.PHOTOMETRIC(page.photometric).name)
        lossy = page.compression in LOSSY
        if as_ids and lossy:
            raise DataError(f"{path}: {tifffile.COMPRESSION(page.compression).name} changes ids; save the mask as PNG")
        if page.photometric == tifffile.PHOTOMETRIC.YCBCR and not lossy:
            raise DataError(f"{path}: expected RGB, got YCBCR; save it in colour (RGB)")
        if "Orientation" in page.tags and page.tags["Orientation"].value != 1:
            raise DataError(f"{path}: says that it is turned; turn its pixels, and save it again")
        if 0 in page.databytecounts or 0 in page.dataoffsets:
            raise DataError(f"{path}: some of its pieces are missing; get it again")
        pixels = np.asarray(page.asarray())
        planar = page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and pixels.ndim == 3
        return np.moveaxis(pixels, 0, -1) if planar else pixels


def _has_second(tiff: tifffile.TiffFile) -> bool:
    try:
        return tiff.pages[1] is not None
    except IndexError:
        return False


def _read_plain(path: Path, as_ids: bool) -> NDArray[Any]:
    with Image.open(path, formats=FORMATS) as image:
        n_pages = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # a photograph with its previews
        check_size(path, *image.size, len(image.getbands()), n_pages=n_pages)
        _check_colours(path, image.mode)
        stored = str(image.tile[0][3]) if image.tile else ""
        sixteen = "16" in stored
        if as_ids and (image.format in ("JPEG", "MPO") or (sixteen and len(image.getbands()) > 1)):
            what = "JPEG changes ids" if not sixteen else "16 bits a channel in colour"
            raise DataError(f"{path}: {what}; save the mask in grey, as PNG or TIFF")
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "P" and not as_ids:
            upright = upright.convert("RGBA" if "transparency" in upright.info else "RGB")
        pixels = np.asarray(upright)
        if as_ids:
            pixels = pixels // STRETCHED.get(stored, 1)
        return pixels.astype(np.uint16) if sixteen else pixels


def check_file(path: Path) -> None:
    """Raises DataError where no regular file is, or an empty one."""
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not path.is_file():
        raise DataError(f"{path}: expected a file, got a folder or a device")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty; get it again")


def _check_colours(path: Path, mode: str) -> None:
    """Raises DataError for four inks, which would pass for RGB with alpha, and for Lab."""
    if mode in ("CMYK", "SEPARATED", "LAB", "CIELAB", "ICCLAB", "YCCK"):
        raise DataError(f"{path}: expected RGB, got {mode}; save it in colour (RGB)")


def check_size(
    path: Path, width: int, height: int, samples: int = 1, dtype: np.dtype[Any] | None = None, n_pages: int = 1
) -> None:
    """Raises DataError for an image that takes more memory than any that is read whole, and for several pages.

    samples: values per pixel, over all planes of depth. dtype: of a value; bytes where not given.
    """
    if n_pages > 1:
        raise DataError(f"{path}: expected one image, got a file with several pages or frames; save the one you mean")
    values = width * height * samples
    if width * height > MAX_PIXELS or values * (dtype.itemsize if dtype else 1) > MAX_BYTES:
        by_samples = f" of {samples} values" if samples > 1 else ""
        raise DataError(
            f"{path}: declares {width} x {height} pixels{by_samples}, more than {MAX_PIXELS / 1e6:.0f} million or "
            f"{MAX_BYTES / 1e9:.1f} GB; an image of this size is a slide: tile it first"
        )
