"""Files of images and masks that are not what they say: read exactly or refused, before they take memory."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import scipy.io
import tifffile
from attacks import Attack
from PIL import Image

from bad_files import chunk, gigapixel_png
from pathgan.datasets import image_files
from pathgan.datasets.image_files import read_image
from pathgan.datasets.mask_files import read_mask
from pathgan.errors import DataError

IDS = np.array([[0, 1, 2], [3, 3, 0]])


def npy(path: Path, values: Any, allow_pickle: bool = False) -> None:
    np.save(path.with_suffix(".npy"), values, allow_pickle=allow_pickle)


def mat(path: Path, **values: Any) -> None:
    scipy.io.savemat(path.with_suffix(".mat"), values, do_compression=True)


def text(path: Path, content: str, suffix: str = ".txt") -> None:
    path.with_suffix(suffix).write_text(content)


def huge_header(path: Path) -> None:
    """A few bytes that declare 40,000 x 40,000 ids."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<i4", "fortran_order": False, "shape": (40_000, 40_000)})
    path.with_suffix(".npy").write_bytes(buffer.getvalue() + b"\0" * 64)


def huge_mat(path: Path) -> None:
    mat(path, inst_map=np.zeros((140, 150), np.uint8))


def tiff(path: Path, values: Any, **options: Any) -> None:
    tifffile.imwrite(path.with_suffix(".tif"), values, **options)


def frames(path: Path, suffix: str = ".png") -> None:
    pages = [Image.fromarray(np.full((4, 4, 3), value, np.uint8)) for value in (0, 99)]
    pages[0].save(path.with_suffix(suffix), save_all=True, append_images=pages[1:])


def planar_bomb(path: Path) -> None:
    """Planes that are small each, and many."""
    tiff(path, np.zeros((9, 64, 64), np.uint8), planarconfig="separate", photometric="rgb", compression="zlib")


def huge_tile(path: Path) -> None:
    """A TIFF of few pixels, which lie in a tile that declares many."""
    tiff(path, np.zeros((16, 16, 3), np.uint8), photometric="rgb", tile=(16, 16))
    data = bytearray((file := path.with_suffix(".tif")).read_bytes())
    with tifffile.TiffFile(file) as opened:
        for tag in (322, 323):
            struct.pack_into("<H", data, opened.pages.first.tags[tag].valueoffset, 45_008)
    file.write_bytes(data)


def no_strip(path: Path) -> None:
    tiff(path, np.ones((8, 8, 3), np.uint8), photometric="rgb", rowsperstrip=4)
    data = bytearray((file := path.with_suffix(".tif")).read_bytes())
    with tifffile.TiffFile(file) as opened:
        found = opened.pages.first.tags[279]
        struct.pack_into("<H" if int(found.dtype) == 3 else "<I", data, found.valueoffset, 0)
    file.write_bytes(data)


MASKS = {
    "an id of 2^32 + 1": Attack(lambda path: npy(path, IDS.astype(np.int64) * (2**32 + 1)), "from 0 .* to 2147483647"),
    "an unsigned id of 2^31": Attack(lambda path: npy(path, np.array([[2**31]], np.uint32)), "got 2147483648 to 2147"),
    "an unsigned id of 2^64 - 1": Attack(lambda path: npy(path, np.array([[2**64 - 1]], np.uint64)), "from 0"),
    "a negative id": Attack(lambda path: npy(path, -IDS), "got -3 to 0"),
    "ids with fractions": Attack(lambda path: npy(path, IDS + 0.5), "got fractions or NaN"),
    "NaN": Attack(lambda path: npy(path, IDS * np.nan), "got fractions or NaN"),
    "infinity": Attack(lambda path: npy(path, IDS + np.inf), "got fractions or NaN"),
    "ids that a 32-bit float cannot tell apart": Attack(
        lambda path: npy(path, np.array([[2**24 + 4]], np.float32)), "to 16777216"
    ),
    "complex numbers": Attack(lambda path: npy(path, IDS * 1j), "got values of complex128"),
    "words": Attack(lambda path: npy(path, IDS.astype(str)), "got values of <U"),
    "pickled objects": Attack(lambda path: npy(path, np.array([{}, {}]), True), "not a readable mask"),
    "a single value": Attack(lambda path: npy(path, np.int32(3)), "got a single value"),
    "no pixel": Attack(lambda path: npy(path, np.empty((0, 4), np.int32)), "got 0 x 4"),
    "four dimensions": Attack(lambda path: npy(path, np.zeros((2, 2, 2, 2), np.int32)), "got 2 x 2 x 2 x 2"),
    "a header that declares 1.6 billion ids": Attack(huge_header, "not a readable mask|declares 40000 x 40000"),
    "a web page named .mat": Attack(lambda path: text(path, "<html>not found</html>", ".mat"), "not a readable mask"),
    "a .mat file without inst_map": Attack(
        lambda path: mat(path, other=IDS), r"variable inst_map of numbers, got other \(int64\)"
    ),
    "a .mat file of cells": Attack(
        lambda path: mat(path, inst_map=np.array([IDS, 1], dtype=object)), r"of numbers, got inst_map \(cell\)"
    ),
    "ids that JPEG has changed": Attack(
        lambda path: Image.fromarray(IDS.astype(np.uint8)).save(path.with_suffix(".jpg")), "JPEG changes ids"
    ),
    "ids of 16 bits in colour": Attack(
        lambda path: cv2.imwrite(f"{path}.png", np.dstack([IDS.astype(np.uint16) * 200] * 3)), "16 bits a channel"
    ),
    "a .mat file that unpacks to more than the limit": Attack(huge_mat, "declares 150 x 140 pixels"),
    "a text mask of negative size": Attack(lambda path: text(path, "-1 -1 5"), "expected -1 x -1 ids"),
    "a text mask with an id of 80 digits": Attack(lambda path: text(path, f"1 1 {'9' * 80}"), "not a readable mask"),
    "a text mask of words": Attack(lambda path: text(path, "1 1 x"), "not a readable mask"),
}
IMAGES = {
    "a PNG that declares 1.6 billion pixels": Attack(
        lambda path: gigapixel_png(path.with_suffix(".png")), "declares 40000 x 40000 pixels"
    ),
    "a PostScript program named .png": Attack(
        lambda path: text(path, "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(r) deletefile\n", ".png"),
        "not an image that we can read",
    ),
    "a GIF named .png": Attack(
        lambda path: Image.new("RGB", (4, 4)).save(path.with_suffix(".png"), format="GIF"), "not an image"
    ),
    "an animated PNG": Attack(frames, "several pages or frames"),
    "a TIFF of two pages": Attack(lambda path: frames(path, ".tif"), "several pages or frames"),
    "a TIFF of four bytes": Attack(lambda path: path.with_suffix(".tif").write_bytes(b"II*\0"), "damaged"),
    "a TIFF of nine planes": Attack(planar_bomb, r"expected an RGB or RGBA image, got 64 x 64 x 9"),
    "a TIFF that lacks a strip": Attack(no_strip, "some of its pieces are missing"),
    "a TIFF that says that it is turned": Attack(
        lambda path: tiff(path, np.zeros((4, 4, 3), np.uint8), photometric="rgb", extratags=[(274, 3, 1, 6, True)]),
        "says that it is turned",
    ),
    "a TIFF whose one tile declares 2 billion pixels": Attack(huge_tile, "declares 45008 x 45008 pixels of 3 values"),
    "a folder named .png": Attack(lambda path: path.with_suffix(".png").mkdir(), "got a folder or a device"),
}
ATTACKS = {f"a mask with {name}": attack for name, attack in MASKS.items()} | IMAGES


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_that_cannot_be_read_exactly_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "MAX_PIXELS", 20_000)
    MASKS[name].do(tmp_path / "m")
    with pytest.raises(DataError, match=MASKS[name].said) as raised:
        read_mask(only_file(tmp_path))
    assert str(raised.value).startswith(str(only_file(tmp_path)))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", IMAGES)
def test_a_file_that_is_no_single_image_is_refused(name: str, tmp_path: Path) -> None:
    IMAGES[name].do(tmp_path / "i")
    with pytest.raises(DataError, match=IMAGES[name].said) as raised:
        read_image(only_file(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("dtype", ["?", "u1", "<u2", ">u2", "i2", "<i4", ">i4", "u4", "<i8", ">u8", "f2", "f4", ">f8"])
@pytest.mark.parametrize("write", [npy, lambda path, values: mat(path, inst_map=values)])
def test_ids_of_every_type_are_read_as_they_stand(write: Callable[..., None], dtype: str, tmp_path: Path) -> None:
    values = (IDS > 0 if dtype == "?" else IDS).astype(dtype)
    if dtype in ("f2", "f4") and write is not npy:
        values = values.astype("f8")  # MATLAB has no others
    write(tmp_path / "m", values)
    assert np.array_equal(read_mask(only_file(tmp_path)), IDS > 0 if dtype == "?" else IDS)


def test_grey_levels_of_four_bits_are_ids(tmp_path: Path) -> None:
    """Pillow multiplies them by 17."""
    rows = b"".join(b"\0" + bytes([0x10 * left + right]) for left, right in ((0, 1), (2, 15)))
    header = struct.pack(">IIBBBBB", 2, 2, 4, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (tmp_path / "m.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    assert read_mask(tmp_path / "m.png").tolist() == [[0, 1], [2, 15]]


def test_the_largest_id_is_read(tmp_path: Path) -> None:
    npy(tmp_path / "m", np.array([[0, 2**31 - 1]], np.uint64))
    assert read_mask(tmp_path / "m.npy").tolist() == [[0, 2**31 - 1]]


def test_colours_in_separate_planes_are_the_same_image(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    tiff(tmp_path / "i", np.moveaxis(pixels, -1, 0), planarconfig="separate", photometric="rgb")
    assert np.array_equal(read_image(tmp_path / "i.tif"), pixels)


def test_the_limit_counts_every_value_of_a_pixel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 x 64 pixels are few, nine planes of 16 bits are not: nothing is decoded."""
    tiff(tmp_path / "i", np.zeros((9, 64, 64), np.uint16), planarconfig="separate", photometric="rgb")
    monkeypatch.setattr(image_files, "MAX_BYTES", 9 * 64 * 64)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DataError, match="declares 64 x 64 pixels of 9 values"):
        read_image(tmp_path / "i.tif")


def test_a_comment_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "i.png")
    data = (tmp_path / "i.png").read_bytes()
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    (tmp_path / "i.png").write_bytes(data[:33] + bomb + data[33:])
    with pytest.raises(DataError, match="damaged"):
        read_image(tmp_path / "i.png")
