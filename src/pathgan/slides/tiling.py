"""Equal tiles of a slide at one pixel size: which, where, and read in one pass from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.tiles import place_id, tile_offsets
from pathgan.errors import DataError
from pathgan.slides.reading import level_for, open_slide, pixel_size, thumbnail
from pathgan.slides.resampling import resampled_bands, resampled_size
from pathgan.slides.slide import Pixels, Slide
from pathgan.slides.tissue import tissue_mask
from pathgan.stores.store import write_store

TISSUE_PX = 1024  # longer side of the thumbnail in which tissue is looked for


@dataclass(frozen=True)
class Tiling:
    """Where the tiles of a slide lie.

    x, y: (n,) [px at `mpp`], row by row; tissue: (n,) the share of each that is tissue. level: of the file, of which
    `scale` pixels make one of `mpp` [um/px]. grid: columns and rows before tiles without tissue were left out.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    tissue: NDArray[np.float64]
    level: int
    scale: float
    mpp: float
    tile_px: int
    size: tuple[int, int]
    grid: tuple[int, int]

    @property
    def ids(self) -> list[str]:
        """Of its tiles, within their slide."""
        return [place_id(x, y) for x, y in zip(self.x, self.y, strict=True)]

    def __len__(self) -> int:
        return len(self.x)


def plan_tiles(
    slide: Slide, tile_px: int, stride_px: int, mpp: float, min_tissue: float = 0.0, slide_mpp: float | None = None
) -> tuple[Tiling, Pixels, NDArray[np.bool_]]:
    """The tiling of a slide, and the thumbnail and tissue mask that it was decided on.

    The last tile of a row or column is flush with the edge. `slide_mpp`: where the file does not know its own.
    Raises DataError for a slide that is smaller than a tile, too coarse, of unknown pixel size, or without tissue.
    """
    level, scale = level_for(slide, pixel_size(slide, slide_mpp), mpp)
    width, height = resampled_size(slide, level, scale)
    try:
        xs, ys = tile_offsets(width, tile_px, stride_px), tile_offsets(height, tile_px, stride_px)
    except DataError as error:
        raise DataError(f"{slide.path}: at {mpp:g} um/px {error}; lower tile_px or mpp") from None
    small = thumbnail(slide, TISSUE_PX)
    mask = tissue_mask(small)
    x, y = (grid.ravel() for grid in np.meshgrid(xs, ys))
    tissue = _mean_in_boxes(mask, x, y, tile_px, width, height)
    kept = tissue >= min_tissue
    if not kept.any() or not mask.any():
        raise DataError(
            f"{slide.path}: no tile of {tile_px} px at {mpp:g} um/px holds {max(min_tissue, 1e-9):.0%} tissue "
            f"({mask.mean():.1%} of the slide is tissue); is it blank? Leave it out, or lower min_tissue"
        )
    tiling = Tiling(x[kept], y[kept], tissue[kept], level, scale, mpp, tile_px, (width, height), (len(xs), len(ys)))
    return tiling, small, mask


def read_tiles(slide: Slide, tiling: Tiling, plane: int = 0) -> Iterator[Pixels]:
    """The tiles (tile_px, tile_px, 3) in the order of `tiling`, which goes down the slide.

    Each compressed tile of the file is decoded once; memory holds the rows that tiles still to come need. A tile
    is a view of them, which later tiles overwrite: copy it to keep it.
    """
    tile_px, next_tile = tiling.tile_px, 0
    rows, first, held = np.empty((0, tiling.size[0], 3), np.uint8), 0, 0  # `held` rows from `first` on are there
    for band in resampled_bands(slide, tiling.level, tiling.scale, plane):
        keep = max(0, first + held - int(tiling.y[next_tile]))  # rows that the next tile, and so all others, may need
        if keep + len(band) > len(rows):
            larger = np.empty((keep + len(band) + tile_px, *rows.shape[1:]), np.uint8)
            larger[:keep] = rows[held - keep : held]
            rows = larger
        elif keep < held:
            rows[:keep] = rows[held - keep : held].copy() if keep > held - keep else rows[held - keep : held]
        rows[keep : keep + len(band)] = band
        first, held = first + held - keep, keep + len(band)
        while tiling.y[next_tile] + tile_px <= first + held:
            top, left = tiling.y[next_tile] - first, tiling.x[next_tile]
            yield rows[top : top + tile_px, left : left + tile_px]
            next_tile += 1
            if next_tile == len(tiling):
                return


def tile_slide(
    path: Path | str,
    tile_px: int,
    stride_px: int,
    mpp: float,
    out: Path | str,
    min_tissue: float = 0.0,
    slide_mpp: float | None = None,
) -> Tiling:
    """Writes a slide's tiles as one store: `images`, `x`, `y`, `tissue`, and the attributes `level`, `mpp`, `scale`."""
    with open_slide(path) as slide:
        tiling, *_ = plan_tiles(slide, tile_px, stride_px, mpp, min_tissue, slide_mpp)
        write_tiles(Path(out), slide, tiling)
    return tiling


def write_tiles(out: Path, slide: Slide, tiling: Tiling) -> None:
    write_store(
        out,
        tiling.ids,
        {"level": tiling.level, "mpp": tiling.mpp, "scale": tiling.scale},
        images=read_tiles(slide, tiling),
        x=tiling.x,
        y=tiling.y,
        tissue=tiling.tissue,
    )


def draw_grid(small: Pixels, mask: NDArray[np.bool_], tiling: Tiling) -> Pixels:
    """The thumbnail with tissue outlined in green and each tile in blue, those without tissue left out."""
    out = small.copy()
    scale = small.shape[1] / tiling.size[0]
    width = max(1, round(max(small.shape) / 1000))
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(out, outlines, -1, (20, 140, 60), width)
    for x, y in zip(tiling.x, tiling.y, strict=True):
        low, high = (
            (round(x * scale), round(y * scale)),
            (
                round((x + tiling.tile_px) * scale) - 1,
                round((y + tiling.tile_px) * scale) - 1,
            ),
        )
        cv2.rectangle(out, low, high, (40, 90, 200), width)
    return out


def _mean_in_boxes(
    mask: NDArray[np.bool_], x: NDArray[np.int64], y: NDArray[np.int64], tile_px: int, width: int, height: int
) -> NDArray[np.float64]:
    """The mean of a small mask in each tile's box, at least one pixel of it."""
    sums = cv2.integral(mask.astype(np.uint8), sdepth=cv2.CV_64F)
    left = np.minimum((x * mask.shape[1] / width).astype(int), mask.shape[1] - 1)
    top = np.minimum((y * mask.shape[0] / height).astype(int), mask.shape[0] - 1)
    right = np.maximum(np.ceil((x + tile_px) * mask.shape[1] / width).astype(int).clip(max=mask.shape[1]), left + 1)
    bottom = np.maximum(np.ceil((y + tile_px) * mask.shape[0] / height).astype(int).clip(max=mask.shape[0]), top + 1)
    inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(inside / ((right - left) * (bottom - top)))
