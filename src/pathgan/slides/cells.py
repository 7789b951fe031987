"""Single cells of a slide with focal planes: found in the sharpest plane, cut out around the plane in focus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.slide_types import CellDataset
from pathgan.errors import DataError
from pathgan.sharpness import focus_profile
from pathgan.slides.reading import level_for, pixel_size, thumbnail
from pathgan.slides.slide import Pixels, Slide
from pathgan.stores.focus_stacks import N_PLANES, Stack

BLOCK_PX = 1024  # a slide is read in blocks of this side, with a margin of a cell around each
SAMPLED_BLOCKS = 64  # at most, that tell cells from ground
SMOOTHING_UM = 0.7  # before the threshold
DROPPED_FOR = ("too small", "cluster", "at the edge", "nowhere in focus", "focus out of range")
TAKEN, DROPPED = (20, 140, 60), (200, 40, 40)
LEAST_SIGNAL = 0.3  # share of a patch
LEAST_CONTRAST = 12  # grey levels between cells and ground; less is a blank slide
SEAM_PX = 4  # the middle of one cell differs by less from block to block: their sharpest planes may differ


@dataclass(frozen=True)
class Cell:
    """A cell that was found. x, y: its middle [px at the dataset's mpp]; solidity: of a patch the share that is filled;
    focus: the plane in which it is sharpest; sharpness: of that plane over the median plane's; dropped: why it was not
    taken, '' where it was.
    """

    x: float
    y: float
    diameter_um: float
    solidity: float
    focus: int
    sharpness: float
    dropped: str


class Frame:
    """A slide at the pixel size of a dataset. level: of the file, of which `scale` pixels make one; width, height [px].

    Raises DataError for a slide of unknown pixel size, or too coarse. `mpp`: where the file does not say its own.
    """

    def __init__(self, slide: Slide, options: CellDataset, mpp: float | None = None):
        self.slide = slide
        self.level, self.scale = level_for(slide, pixel_size(slide, mpp), options.mpp)
        self._size = slide.levels[self.level]
        self.width, self.height = int(self._size.width / self.scale), int(self._size.height / self.scale)

    def read(self, x: int, y: int, width: int, height: int, planes: range) -> NDArray[np.uint8]:
        """The given planes (n, height, width, 3) from (x, y) on."""
        left, top, right, bottom = (round(at * self.scale) for at in (x, y, x + width, y + height))
        right, bottom = min(right, self._size.width), min(bottom, self._size.height)
        out = np.empty((len(planes), height, width, 3), np.uint8)
        for pixels, plane in zip(out, planes, strict=True):
            region = self.slide.region(self.level, left, top, right - left, bottom - top, plane)
            pixels[:] = region if self.scale == 1 else cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA)
        return out


def extract(frame: Frame, options: CellDataset, plane_um: float | None = None) -> Iterator[tuple[Cell, Stack | None]]:
    """Every cell of a slide in the order of its blocks, with its stack (N_PLANES, cell_px, cell_px, 3) if it is taken.

    plane_um: where the file does not say its own. Raises DataError for a slide with too few planes, or a blank one.
    """
    step = plane_step(frame.slide, options, plane_um)
    threshold = find_threshold(frame, options.bright, options.mpp)
    of_block = _patches if options.cut == "patches" else _cells
    side = BLOCK_PX // options.cell_px * options.cell_px  # of whole patches
    seen = _Seen()
    for block in _blocks(frame, side, options.cell_px):
        planes = frame.read(block.x, block.y, block.width, block.height, range(frame.slide.n_planes))
        for cell, stack in of_block(planes, block, threshold, options, step):
            if seen.first(cell):
                yield cell, stack


def plane_step(slide: Slide, options: CellDataset, plane_um: float | None = None) -> float:
    """How many of the slide's planes lie between two of a cell's stack.

    Raises DataError where the slide's spacing is asked for and unknown, and for a slide with too few planes.
    """
    step = 1.0
    if options.plane_um is not None:
        known = plane_um or slide.plane_um
        if not known:
            raise DataError(
                f"{slide.path}: the file does not say how far apart its planes are; give plane_um in the sample sheet"
            )
        step = options.plane_um / known
    needed = int(np.ceil(1 + (N_PLANES - 1) * step - 1e-6))
    if slide.n_planes < needed:
        raise DataError(
            f"{slide.path}: has {slide.n_planes} focal plane(s), a stack of {N_PLANES} needs {needed}; scan it with "
            "more planes, or set plane_um to a smaller distance"
        )
    return step


def find_threshold(frame: Frame, bright: bool, mpp: float) -> float:
    """What tells cells from ground, by Otsu over the middle plane of blocks that lie evenly over the slide.

    Raises DataError where nothing stands out.
    """
    blocks = list(_blocks(frame, BLOCK_PX, 0))
    middle = frame.slide.n_planes // 2
    counts = np.zeros(256)
    for index in np.unique(np.linspace(0, len(blocks) - 1, SAMPLED_BLOCKS).round().astype(int)):
        block = blocks[index]
        (plane,) = frame.read(block.x, block.y, block.width, block.height, range(middle, middle + 1))
        counts += np.bincount(_signal(plane, bright, mpp).ravel(), minlength=256)
    threshold, contrast = _otsu(counts)
    if contrast < LEAST_CONTRAST:
        kind = "brighter" if bright else "darker"
        raise DataError(
            f"{frame.slide.path}: nothing on it is {kind} than its ground; is it blank, or `bright` set wrongly?"
        )
    return threshold


def resample_planes(planes: NDArray[np.uint8], positions: NDArray[np.floating]) -> Stack:
    """Planes (n, h, w, 3) at the given positions, between two planes as their weighted mean."""
    low = np.clip(np.floor(positions + 1e-6).astype(int), 0, len(planes) - 1)
    high = np.minimum(low + 1, len(planes) - 1)
    share = (np.clip(positions - low, 0, 1)[:, None, None, None]).astype(np.float32)
    mixed = (1 - share) * planes[low] + share * planes[high]
    return np.round(mixed).astype(np.uint8)


def draw_cells(frame: Frame, cells: list[Cell], options: CellDataset, max_px: int) -> Pixels:
    """The middle plane with a box around each cell: green where it was taken, red where not."""
    out = thumbnail(frame.slide, max_px, frame.slide.n_planes // 2)
    scale = out.shape[1] / frame.width
    half = options.cell_px / 2
    for cell in cells:
        low, high = ((round((cell.x + side) * scale), round((cell.y + side) * scale)) for side in (-half, half))
        cv2.rectangle(out, low, high, DROPPED if cell.dropped else TAKEN, 2 if scale > 0.5 else 1)
    return out


@dataclass(frozen=True)
class _Block:
    """A part of the slide. x, y, width, height: with a margin, so that cells at its rim are whole; inner: the part
    without it, as (left, top, right, bottom) in the block."""

    x: int
    y: int
    width: int
    height: int
    inner: tuple[int, int, int, int]


def _blocks(frame: Frame, side: int, margin: int) -> Iterator[_Block]:
    for top, left in product(range(0, frame.height, side), range(0, frame.width, side)):
        x, y = max(0, left - margin), max(0, top - margin)
        right, bottom = min(left + side, frame.width), min(top + side, frame.height)
        width, height = min(right + margin, frame.width) - x, min(bottom + margin, frame.height) - y
        yield _Block(x, y, width, height, (left - x, top - y, right - x, bottom - y))


class _Seen:
    """Cells that one block has found already, by their middle."""

    def __init__(self) -> None:
        self._places: set[tuple[int, int]] = set()

    def first(self, cell: Cell) -> bool:
        """Whether no cell was seen within SEAM_PX of this one."""
        column, row = (int(at // SEAM_PX) for at in (cell.x, cell.y))
        around = {(column + i, row + j) for i, j in product((-1, 0, 1), repeat=2)}
        if around & self._places:
            return False
        self._places.add((column, row))
        return True


def _signal(pixels: Pixels, bright: bool, mpp: float) -> NDArray[np.uint8]:
    """(h, w): how much stain, whatever its colour, or how much light; without what is finer than SMOOTHING_UM."""
    signal = pixels.max(-1) if bright else (255 - pixels.min(-1))
    return np.asarray(cv2.GaussianBlur(signal, (0, 0), SMOOTHING_UM / mpp), np.uint8)


def _otsu(counts: NDArray[np.float64]) -> tuple[float, float]:
    """The threshold of a histogram that parts it best (Otsu 1979), and the distance of the two means."""
    levels = np.arange(len(counts))
    below = counts.cumsum()
    above = counts.sum() - below
    sums = (counts * levels).cumsum()
    with np.errstate(invalid="ignore", divide="ignore"):
        contrast = (sums[-1] - sums) / above - sums / below
    between = np.where((below > 0) & (above > 0), below * above * contrast**2, -1.0)
    best = int(between.argmax())
    return float(best), float(contrast[best]) if between[best] >= 0 else 0.0


@dataclass(frozen=True)
class _Outline:
    middle: tuple[float, float]  # x, y in the block [px]
    area: float  # [px]
    solidity: float
    side: int  # the longer one of its box [px]


def _cells(
    planes: NDArray[np.uint8], block: _Block, threshold: float, options: CellDataset, step: float
) -> Iterator[tuple[Cell, Stack | None]]:
    """Cells whose middle lies in the block, or so close by that the next one may leave it to this one."""
    left, top, right, bottom = block.inner
    for outline in _outlines(planes, threshold, options):
        x, y = outline.middle
        if left - SEAM_PX <= x < right + SEAM_PX and top - SEAM_PX <= y < bottom + SEAM_PX:
            yield _cut(planes, block, outline, options, step)


def _outlines(planes: NDArray[np.uint8], threshold: float, options: CellDataset) -> list[_Outline]:
    """Connected pieces above the threshold in the sharpest plane of a block."""
    sharpest = int(np.argmax(focus_profile(planes[None])[0]))
    signal = _signal(planes[sharpest], options.bright, options.mpp)
    found, _ = cv2.findContours((signal > threshold).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = []
    for contour in found:
        moments = cv2.moments(contour)
        hull = cv2.contourArea(cv2.convexHull(contour))
        if moments["m00"] > 0 and hull > 0:
            middle = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
            outlines.append(_Outline(middle, moments["m00"], moments["m00"] / hull, max(cv2.boundingRect(contour)[2:])))
    return outlines


def _cut(
    planes: NDArray[np.uint8], block: _Block, outline: _Outline, options: CellDataset, step: float
) -> tuple[Cell, Stack | None]:
    """What was found, and its stack unless there is a reason to drop it."""
    size = options.cell_px
    left, top = (round(at) - size // 2 for at in outline.middle)
    crop = planes[:, max(top, 0) : top + size, max(left, 0) : left + size]
    focus, sharpness = _focus(crop)
    diameter = 2 * float(np.sqrt(outline.area / np.pi)) * options.mpp
    positions = _positions(focus, step)
    dropped = ""
    if diameter < options.diameter_um[0]:
        dropped = "too small"
    elif diameter > options.diameter_um[1] or outline.solidity < options.min_solidity or outline.side > size:
        dropped = "cluster"
    elif left < 0 or top < 0 or crop.shape[1:3] != (size, size):
        dropped = "at the edge"
    elif sharpness < options.min_focus:
        dropped = "nowhere in focus"
    elif positions[0] < -1e-6 or positions[-1] > len(planes) - 1 + 1e-6:
        dropped = "focus out of range"
    middle = (outline.middle[0] + block.x, outline.middle[1] + block.y)
    cell = Cell(*middle, diameter, outline.solidity, focus, sharpness, dropped)
    return cell, None if dropped else resample_planes(crop, positions)


def _patches(
    planes: NDArray[np.uint8], block: _Block, threshold: float, options: CellDataset, step: float
) -> Iterator[tuple[Cell, Stack | None]]:
    """Squares side by side that signal fills by LEAST_SIGNAL, in planes around the middle one."""
    size = options.cell_px
    middle = (len(planes) - 1) // 2 if step == 1 else (len(planes) - 1) / 2
    filled = _signal(planes[int(middle)], options.bright, options.mpp) > threshold
    left, top, right, bottom = block.inner
    for y, x in product(range(top, bottom - size + 1, size), range(left, right - size + 1, size)):
        share = float(filled[y : y + size, x : x + size].mean())
        if share < LEAST_SIGNAL:
            continue
        crop = planes[:, y : y + size, x : x + size]
        centre = (block.x + x + size / 2, block.y + y + size / 2)
        cell = Cell(*centre, size * options.mpp, share, *_focus(crop), "")
        yield cell, resample_planes(crop, _positions(middle, step))


def _focus(crop: NDArray[np.uint8]) -> tuple[int, float]:
    """The sharpest plane, and its sharpness over the median plane's."""
    profile = focus_profile(crop[None])[0]
    focus = int(np.argmax(profile))
    return focus, float(profile[focus] / max(float(np.median(profile)), 1e-9))


def _positions(middle: float, step: float) -> NDArray[np.float64]:
    """Where the N_PLANES of a stack lie among the planes of a slide."""
    return middle + step * (np.arange(N_PLANES, dtype=np.float64) - N_PLANES // 2)
