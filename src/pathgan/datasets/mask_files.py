"""Reading files of instance masks: ids are read as they stand, or the file is refused; none wraps, merges or is cut."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.io import loadmat, whosmat

from pathgan.datasets.image_files import check_file, check_size, read_pixels
from pathgan.errors import DataError

MAX_ID = 2**31 - 1
MAX_TEXT_BYTES = 20_000_000  # of a mask in text
MAT_NAME = "inst_map"
NUMBERS = ("double", "single", "logical", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))


def read_mask(path: Path) -> NDArray[np.int32]:
    """An instance mask (h, w) int32 from .mat (`inst_map`), .npy, .txt (CPM-15) or an image, of ids 0 to 2^31 - 1.

    Ids may be stored as whole numbers of any type. RGB(A) masks have equal channels, as in TNBC; of a palette image the
    indices are the ids. Raises DataError for what is damaged, too large, or no such mask.
    """
    read = _READERS.get(path.suffix.lower(), lambda path: read_pixels(path, as_ids=True))
    check_file(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # of parsers, about what is refused below
            mask = read(path)
    except DataError:
        raise
    except Exception as error:  # parsers raise types of their own
        raise DataError(f"{path}: not a readable mask: {' '.join(str(error).split())[:200]}; get it again") from error
    return _exact(path, _one_channel(path, mask))


def relabel(instances: NDArray[np.integer]) -> NDArray[np.int32]:
    """The same nuclei with the ids 1..n in ascending order of the old ones; 0 stays 0."""
    ids = np.unique(instances)
    ids = ids[ids > 0]
    out = np.searchsorted(ids, instances) + 1
    return np.where(instances > 0, out, 0).astype(np.int32)


def pieces(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Each separate piece of a mask (h, w) as an instance; pixels that touch at a corner are of one."""
    return np.asarray(ndimage.label(mask, structure=np.ones((3, 3)))[0], np.int32)


def _read_mat(path: Path) -> NDArray[Any]:
    """MATLAB's files are compressed: the size is asked for before memory is taken."""
    found = whosmat(path, appendmat=False)
    masks = [(shape, kind) for name, shape, kind in found if name == MAT_NAME]
    if len(masks) != 1 or masks[0][1] not in NUMBERS:
        names = ", ".join(f"{name} ({kind})" for name, _, kind in found) or "none"
        raise DataError(f"{path}: expected one variable {MAT_NAME} of numbers, got {names}")
    _check_shape(path, masks[0][0], np.dtype(complex))  # numbers are there twice while they are read
    return np.asarray(loadmat(path, appendmat=False, variable_names=[MAT_NAME])[MAT_NAME])


def _read_npy(path: Path) -> NDArray[Any]:
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # its header first
    _check_shape(path, mapped.shape, mapped.dtype)
    return np.array(mapped)


def _read_text(path: Path) -> NDArray[np.int64]:
    """Width, height, and an id per pixel, row by row."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise DataError(f"{path}: expected up to {MAX_TEXT_BYTES // 10**6} MB of text; save the mask as PNG or .npy")
    width, height, *ids = path.read_text().split()
    shape = int(height), int(width)
    if min(shape) < 1 or len(ids) != shape[0] * shape[1]:
        raise DataError(f"{path}: expected {width} x {height} ids after its size, got {len(ids)}; get it again")
    return np.array(ids, np.int64).reshape(shape)


_READERS: dict[str, Callable[[Path], NDArray[Any]]] = {".mat": _read_mat, ".npy": _read_npy, ".txt": _read_text}


def _check_shape(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    height, width, *rest = (*shape, 1, 1)
    check_size(path, width, height, int(np.prod(rest, dtype=float)), dtype)


def _one_channel(path: Path, mask: NDArray[Any]) -> NDArray[Any]:
    """(h, w) of a mask that may have equal colour channels, and alpha."""
    if mask.ndim == 3 and 1 <= mask.shape[2] <= 4:
        colours = mask[..., : 1 if mask.shape[2] < 3 else 3]
        if (colours != colours[..., :1]).any():
            raise DataError(f"{path}: nuclei are told apart by colour; save one id per pixel (8 or 16-bit grey)")
        mask = mask[..., 0]
    if mask.ndim != 2 or not mask.size:
        shape = " x ".join(map(str, mask.shape)) or "a single value"
        raise DataError(f"{path}: expected one id per pixel, 0 for background, got {shape} of {mask.dtype}")
    return mask


def _exact(path: Path, mask: NDArray[Any]) -> NDArray[np.int32]:
    """The same whole numbers as int32."""
    if mask.dtype.kind not in "buif":
        raise DataError(f"{path}: expected one id per pixel, 0 for background, got values of {mask.dtype}")
    if mask.dtype.kind == "f" and not (np.isfinite(mask) & (mask == np.floor(mask))).all():
        raise DataError(f"{path}: expected whole numbers as ids, got fractions or NaN; save one id per pixel")
    low, high = mask.min().item(), mask.max().item()
    # Above this two whole numbers may have become one before the file was written.
    most = min(MAX_ID, 2 ** (np.finfo(mask.dtype).nmant + 1)) if mask.dtype.kind == "f" else MAX_ID
    if low < 0 or high > most:
        raise DataError(f"{path}: expected one id per pixel from 0 (background) to {most}, got {low} to {high}")
    return np.ascontiguousarray(mask).astype(np.int32)
