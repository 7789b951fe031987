"""Slides as users really have them: cut off, zeroed, lying, of no known size. One clear error each."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pathgan.errors import DataError
from pathgan.slides import open_slide, tile_slide
from pathgan.stores.slide_files import write_slide


@pytest.fixture
def sound(tmp_path) -> Path:
    """A sound slide: noise on a gradient, so that no tile is trivial."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:700, :900]
    pixels = np.stack([x // 4, y // 4, 120 + 0 * x], -1) + rng.integers(0, 25, (700, 900, 3))
    write_slide(tmp_path / "slide.tif", pixels.astype(np.uint8), mpp=0.5)
    return tmp_path / "slide.tif"


def tile_span(path: Path, index: int) -> tuple[int, int]:
    with tifffile.TiffFile(path) as tiff:
        return tiff.pages[0].dataoffsets[index], tiff.pages[0].databytecounts[index]


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def tile(path: Path, tmp_path: Path, **options) -> None:
    """The error of tiling; it must leave nothing behind."""
    settings = {"tile_px": 128, "stride_px": 128, "mpp": 0.5} | options
    try:
        tile_slide(path, out=tmp_path / "out" / "tiles.h5", **settings)
    finally:
        assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("part", ["whole", "second half", "first half", "end marker"])
def test_a_zeroed_tile(sound, tmp_path, where, part):
    offset, length = tile_span(sound, {"first": 0, "middle": 5, "last": 11}[where])
    start, stop = {
        "whole": (0, length),
        "second half": (length // 2, length),
        "first half": (0, length // 2),
        "end marker": (length - 2, length),
    }[part]
    overwrite(sound, offset + start, bytes(stop - start))
    with pytest.raises(DataError, match=r"slide.tif: the tile at \(\d+, \d+\) of the level .* get the file again"):
        tile(sound, tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_slide(sound, tmp_path, share):
    data = sound.read_bytes()
    sound.write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match=r"slide.tif: (cut off|damaged TIFF)"):
        tile(sound, tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_truncated_real_slide(real_data, tmp_path, share):
    data = (real_data / "slides" / "cmu-1-small-region.svs").read_bytes()
    (tmp_path / "cut.svs").write_bytes(data[: int(share * len(data))])
    with pytest.raises(DataError, match=r"cut.svs: (cut off|damaged TIFF)"):
        tile(tmp_path / "cut.svs", tmp_path)


def test_a_lying_start_of_frame(sound, tmp_path):
    """65,000 px square in a tile of 240: refused before a decoder asks for 12 GB."""
    offset, length = tile_span(sound, 4)
    data = bytearray(sound.read_bytes()[offset : offset + length])
    frame = next(
        data.find(bytes([0xFF, marker])) for marker in (0xC0, 0xC1, 0xC2) if data.find(bytes([0xFF, marker])) > 0
    )
    overwrite(sound, offset + frame + 5, struct.pack(">HH", 65000, 65000))
    with pytest.raises(DataError, match=r"declares 65000 x 65000 px in a tile of 240 x 240"):
        tile(sound, tmp_path)


def test_a_bomb_of_one_gigapixel(tmp_path):
    """A small file that declares one strip of 32,000 px square."""
    path = tmp_path / "bomb.tif"
    tifffile.imwrite(path, np.zeros((16, 16, 3), np.uint8), photometric="rgb", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages[0].tags
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            tags[name].overwrite(32_000)
    with pytest.raises(DataError, match=r"bomb.tif: declares 32000 x 32000 px in pieces of 32000 x 32000"):
        tile(path, tmp_path)


def test_a_bomb_in_a_plain_image(tmp_path):
    Image.new("RGB", (16000, 16000)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match=r"bomb.png: declares 16000 x 16000 pixels"):
        tile(tmp_path / "bomb.png", tmp_path)


def test_a_slide_of_unknown_pixel_size(tmp_path):
    pixels = np.full((300, 300, 3), 120, np.uint8)
    tifffile.imwrite(tmp_path / "none.tif", pixels, tile=(64, 64), photometric="rgb", metadata=None)
    tifffile.imwrite(
        tmp_path / "dpi.tif",
        pixels,
        tile=(64, 64),
        photometric="rgb",
        resolution=(72, 72),
        resolutionunit="INCH",
        metadata=None,
    )
    for name in ("none.tif", "dpi.tif"):
        with pytest.raises(DataError, match=rf"{name}: the file does not say how large a pixel is"):
            tile(tmp_path / name, tmp_path)
    for absurd in (0.01, 352.8, -1.0):
        with pytest.raises(DataError, match=rf"mpp: expected 0.1 to 2.0 um/px, got {absurd}"):
            tile(tmp_path / "dpi.tif", tmp_path, slide_mpp=absurd)


def test_a_slide_without_the_wanted_level(sound, tmp_path):
    with pytest.raises(DataError, match=r"its finest level has 0.5 um/px, but 0.25 um/px is asked for"):
        tile(sound, tmp_path, mpp=0.25)


def test_a_slide_smaller_than_a_tile(sound, tmp_path):
    with pytest.raises(DataError, match=r"at 0.5 um/px a side of 900 px is smaller than a tile of 1024 px"):
        tile(sound, tmp_path, tile_px=1024)


def test_a_blank_slide(tmp_path):
    write_slide(tmp_path / "blank.tif", np.full((600, 600, 3), 243, np.uint8), mpp=0.5)
    with pytest.raises(DataError, match=r"blank.tif: no tile .* is it blank\? Leave it out"):
        tile(tmp_path / "blank.tif", tmp_path)


def test_sixteen_bits_grey_and_cmyk(tmp_path):
    tifffile.imwrite(tmp_path / "deep.tif", np.zeros((64, 64, 3), np.uint16), photometric="rgb", metadata=None)
    tifffile.imwrite(tmp_path / "grey.tif", np.zeros((64, 64), np.uint8), metadata=None)
    tifffile.imwrite(tmp_path / "cmyk.tif", np.zeros((64, 64, 4), np.uint8), photometric="separated", metadata=None)
    Image.new("CMYK", (64, 64)).save(tmp_path / "cmyk.jpg")
    for name, message in {
        "deep.tif": "expected 8-bit RGB, got 3 channel.* of uint16",
        "grey.tif": "expected 8-bit RGB, got 1 channel.* of uint8",
        "cmyk.tif": "expected RGB, got SEPARATED",
        "cmyk.jpg": "CMYK",
    }.items():
        with pytest.raises(DataError, match=rf"{name}: .*{message}"):
            tile(tmp_path / name, tmp_path)


def test_a_stack_with_a_missing_plane(tmp_path):
    path = tmp_path / "stack.ome.tif"
    planes = np.zeros((5, 96, 96, 3), np.uint8)
    tifffile.imwrite(path, planes, metadata={"axes": "ZYXS"}, photometric="rgb", tile=(32, 32))
    description = tifffile.TiffFile(path).ome_metadata
    tifffile.imwrite(
        path,
        planes[:4],
        description=description.encode(),
        metadata=None,
        photometric="rgb",
        tile=(32, 32),
    )
    with pytest.raises(DataError, match=r"stack.ome.tif: (plane 4 of 5 is missing|expected one page a focal plane)"):
        open_slide(path)


def test_files_that_are_no_slides(tmp_path):
    (tmp_path / "text.svs").write_text("not a slide")
    (tmp_path / "text.mrxs").write_text("not a slide")
    (tmp_path / "empty.tif").touch()
    for name in ("text.svs", "text.mrxs", "empty.tif", "absent.svs"):
        with pytest.raises(DataError, match=name):
            open_slide(tmp_path / name)
