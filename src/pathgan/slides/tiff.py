"""Tiled TIFF and SVS: each native tile is decoded once, band by band, at the decoder's own speed."""

from __future__ import annotations

import os
import re
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import tifffile

from pathgan.errors import DataError
from pathgan.slides.codestreams import damage
from pathgan.slides.slide import GLASS, Level, Pixels, Slide, plausible_mpp

MAX_TILE_PIXELS = 67_000_000  # of one compressed piece, which is decoded whole
MICROMETRES = {"um": 1.0, "µm": 1.0, "μm": 1.0, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "": 1.0}


class TiffSlide(Slide):
    """(OME-)TIFF and SVS pyramids of 8-bit RGB, in tiles or strips, with focal planes where the file has them."""

    def __init__(self, path: Path):
        self.path = path
        try:
            self._tiff = tifffile.TiffFile(path)
        except Exception as error:  # tags that lie make it raise types of every kind
            raise _damaged(path, error) from error
        try:
            series = self._tiff.series[0]
            _check_chain(path, self._tiff)
            self._pages = [self._planes(level) for level in series.levels]
            self.n_planes = len(self._pages[0])
            width = self._pages[0][0].imagewidth
            self.levels = tuple(
                Level(page.imagewidth, page.imagelength, width / page.imagewidth) for page, *_ in self._pages
            )
            self.mpp = _mpp(self._tiff, self._pages[0][0])
            self.plane_um = _ome_size(self._tiff.ome_metadata, "Z") if self.n_planes > 1 else None
            for planes in self._pages:
                for page in planes:
                    self._check(page)
        except DataError:
            self._tiff.close()
            raise
        except Exception as error:  # as above
            self._tiff.close()
            raise _damaged(path, error) from error

    def close(self) -> None:
        self._tiff.close()

    def region(self, level: int, x: int, y: int, width: int, height: int, plane: int = 0) -> Pixels:
        self.check_region(level, x, y, width, height, plane)
        out = np.empty((height, width, 3), np.uint8)
        self._read_into(out, self._pages[level][plane], x, y)
        return out

    def _read_into(self, out: Pixels, page: tifffile.TiffPage, x: int, y: int) -> None:
        height, width = out.shape[:2]
        tall, wide = page.chunks[:2]
        if 0 in page.databytecounts:
            out[:] = GLASS  # tiles that the file leaves out
        rows = range(y // tall, -(-(y + height) // tall))
        columns = range(x // wide, -(-(x + width) // wide))
        for tile, row, column in self._decode(page, rows, columns):
            top, left = row * tall - y, column * wide - x
            inside = tile[max(-top, 0) : height - top, max(-left, 0) : width - left]
            top, left = max(top, 0), max(left, 0)
            wanted = min(tall * (row + 1) - y, height) - top, min(wide * (column + 1) - x, width) - left
            if inside.shape[:2] != wanted:
                got = f"{tile.shape[1]} x {tile.shape[0]}"
                raise DataError(f"{self.path}: pieces of {wide} x {tall} px expected, got one of {got}; get it again")
            out[top : top + inside.shape[0], left : left + inside.shape[1]] = inside

    def bands(self, level: int, plane: int = 0) -> Iterator[tuple[int, Pixels]]:
        size, page = self.levels[level], self._pages[level][plane]
        tall = page.chunks[0]
        buffer = np.empty((tall, size.width, 3), np.uint8)  # fresh memory for each band costs as much as decoding it
        for top in range(0, size.height, tall):
            band = buffer[: min(tall, size.height - top)]
            self._read_into(band, page, 0, top)
            yield top, band

    def _decode(self, page: tifffile.TiffPage, rows: range, columns: range) -> Iterator[tuple[Pixels, int, int]]:
        """(tile, row, column) of every tile that the file holds; a tile at the edge may be padded."""
        tall, wide = page.chunks[:2]
        handle = self._tiff.filehandle
        for row, column in product(rows, columns):
            index = row * page.chunked[1] + column
            offset, n_bytes = page.dataoffsets[index], page.databytecounts[index]
            if n_bytes == 0:
                continue
            data = os.pread(handle.fileno(), n_bytes, offset)
            wrong = damage(data, page.compression, wide, tall, page.jpegheader is not None)
            if not wrong:
                try:
                    tile, *_ = page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)
                    if tile is None:
                        continue
                    yield tile[0, :, :, :3], row, column
                    continue
                except Exception as error:  # codecs raise types of their own
                    wrong = f"cannot be decoded ({error})"
            raise DataError(
                f"{self.path}: the tile at ({column * wide}, {row * tall}) of the level that is {page.imagewidth} px "
                f"wide {wrong}; get the file again"
            )

    def _planes(self, level: tifffile.TiffPageSeries) -> list[tifffile.TiffPage]:
        """The focal planes of a level, one page each."""
        if level.keyframe.samplesperpixel not in (3, 4) or level.keyframe.dtype != np.uint8:
            raise DataError(
                f"{self.path}: expected 8-bit RGB, got {level.keyframe.samplesperpixel} channel(s) of "
                f"{level.keyframe.dtype}; convert it first"
            )
        pages = list(level.pages)
        missing = [index for index, page in enumerate(pages) if page is None]
        if missing:
            raise DataError(
                f"{self.path}: plane {missing[0]} of {len(pages)} is missing ({len(missing)} in all); export it again"
            )
        if any(page is not None and page.parent is not self._tiff for page in pages):
            raise DataError(
                f"{self.path}: its planes lie in several files; put them into one, or name a folder of planes"
            )
        n_planes = level.shape[level.axes.index("Z")] if "Z" in level.axes else 1
        if len(pages) != n_planes or set(level.axes) - set("ZYXS"):
            raise DataError(
                f"{self.path}: expected one page a focal plane, got {len(pages)} pages of axes {level.axes} "
                f"({' x '.join(map(str, level.shape))}); export one image (with its planes) a file"
            )
        return [page.aspage() if isinstance(page, tifffile.TiffFrame) else page for page in pages if page]

    def _check(self, page: tifffile.TiffPage) -> None:
        """Raises DataError for what would be misread, cut off, or too large to decode."""
        if not (page.imagewidth and page.imagelength):
            raise DataError(f"{self.path}: declares {page.imagewidth} x {page.imagelength} px; get it again")
        photometric = tifffile.PHOTOMETRIC(page.photometric)
        if photometric not in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR):
            raise DataError(f"{self.path}: expected RGB, got {photometric.name}; convert it first")
        if page.planarconfig != tifffile.PLANARCONFIG.CONTIG:
            raise DataError(f"{self.path}: its colours lie in separate planes; convert it to a tiled RGB TIFF")
        if page.chunks[0] * page.chunks[1] > MAX_TILE_PIXELS:
            raise DataError(
                f"{self.path}: declares {page.imagewidth} x {page.imagelength} px in pieces of {page.chunks[1]} x "
                f"{page.chunks[0]}, more than {MAX_TILE_PIXELS / 1e6:.0f} million px each; convert it to a tiled TIFF"
            )
        n_tiles = page.chunked[0] * page.chunked[1]
        ends = [start + length for start, length in zip(page.dataoffsets, page.databytecounts, strict=True)]
        if len(ends) != n_tiles or max(ends, default=0) > self._tiff.filehandle.size:
            raise DataError(
                f"{self.path}: cut off: the {page.imagewidth} px wide level declares {n_tiles} tiles, whose data end "
                f"beyond the file's {self._tiff.filehandle.size} bytes; get it again"
            )


def _damaged(path: Path, error: Exception) -> DataError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return DataError(f"{path}: damaged TIFF ({said}); get it again")


def _check_chain(path: Path, tiff: tifffile.TiffFile) -> None:
    """Raises DataError where the list of images ends in nowhere: a cut file keeps its first ones."""
    last = tiff.pages[len(tiff.pages) - 1]
    header = tiff.tiff
    handle = tiff.filehandle
    n_tags = struct.unpack(header.tagnoformat, os.pread(handle.fileno(), header.tagnosize, last.offset))[0]
    at = last.offset + header.tagnosize + n_tags * header.tagsize
    following = os.pread(handle.fileno(), header.offsetsize, at)
    if len(following) < header.offsetsize or struct.unpack(header.offsetformat, following)[0] != 0:
        raise DataError(f"{path}: cut off: only {len(tiff.pages)} of its images are there; get it again")


def _mpp(tiff: tifffile.TiffFile, page: tifffile.TiffPage) -> float | None:
    """[um/px] as Aperio's description, OME-XML or the resolution tags say; None where none does plausibly."""
    for found in (_aperio_mpp(page.description), _ome_size(tiff.ome_metadata, "X"), _tag_mpp(page)):
        if found is not None and plausible_mpp(found):
            return found
    return None


def _aperio_mpp(description: str) -> float | None:
    match = re.search(r"\bMPP\s*=\s*([0-9.]+)", description)
    return float(match.group(1)) if match else None


def _ome_size(xml: str | None, axis: str) -> float | None:
    """[um] from one pixel or plane to the next."""
    if not xml:
        return None
    pixels = next((node for node in ElementTree.fromstring(xml).iter() if node.tag.endswith("Pixels")), None)  # noqa: S314
    if pixels is None or f"PhysicalSize{axis}" not in pixels.attrib:
        return None
    unit = pixels.attrib.get(f"PhysicalSize{axis}Unit", "")
    size = float(pixels.attrib[f"PhysicalSize{axis}"]) * MICROMETRES.get(unit, np.nan)
    return size if size > 0 else None


def _tag_mpp(page: tifffile.TiffPage) -> float | None:
    x, y = page.get_resolution(tifffile.RESUNIT.MICROMETER) if "ResolutionUnit" in page.tags else (0, 0)
    return 1 / x if x > 0 and abs(x - y) <= 0.02 * x else None
