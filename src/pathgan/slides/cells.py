"""Single cells of a slide with focal planes: found in the sharpest plane, cut out around the plane in focus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.datasets import CellDataset
from pathgan.datasets.stacks import N_PLANES, Stack
from pathgan.errors import DataError
from pathgan.sharpness import focus_profile
from pathgan.slides.base import Pixels, Slide
from pathgan.slides.reading import level_for, pixel_size, thumbnail

BLOCK_PX = 1024  # a slide is read in blocks of this side, with a margin of a cell around each
OVERVIEW_PX = 2048  # longer side of the image that tells cells from glass
SMOOTHING_UM = 0.7  # before the threshold
DROPPED_FOR = ("too small", "cluster", "at the edge", "nowhere in focus", "focus out of range")
TAKEN, DROPPED = (20, 140, 60), (200, 40, 40)
LEAST_SIGNAL = 0.3  # share of a patch
LEAST_CONTRAST = 12  # grey levels between cells and glass; less is a blank slide


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


def extract(
    slide: Slide, options: CellDataset, mpp: float | None = None, plane_um: float | None = None
) -> Iterator[tuple[Cell, Stack | None]]:
    """Every cell of a slide in the order of its blocks, with its stack (N_PLANES, cell_px, cell_px, 3) if it is taken.

    mpp, plane_um: where the file does not say its own. Raises DataError for a slide with too few planes, of unknown
    pixel size, or without any cell.
    """
    step = plane_step(slide, options, plane_um)
    level, scale = level_for(slide, pixel_size(slide, mpp), options.mpp)
    threshold = _threshold(slide, options.bright)
    size = slide.levels[level]
    width, height = int(size.width / scale), int(size.height / scale)
    for top in range(0, height, BLOCK_PX):
        for left in range(0, width, BLOCK_PX):
            block = _Block(left, top, width, height, options.cell_px)
            planes = block.read(slide, level, scale)
            if options.cut == "patches":
                yield from _patches(planes, block, threshold, options, step)
                continue
            for outline in _outlines(planes, threshold, options):
                x, y = (at + offset for at, offset in zip(outline.middle, (block.x, block.y), strict=True))
                if left <= x < left + BLOCK_PX and top <= y < top + BLOCK_PX:
                    yield _cut(planes, block, outline, (x, y), options, step)


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


@dataclass(frozen=True)
class _Outline:
    middle: tuple[float, float]  # x, y in the block [px]
    area: float  # [px]
    solidity: float
    side: int  # the longer one of its box [px]


class _Block:
    """A part of the slide with a margin, so that cells at its rim are whole. x, y: of its first pixel; inner_...: where
    the part without the margin lies in it."""

    def __init__(self, left: int, top: int, width: int, height: int, margin: int):
        self.x, self.y = max(0, left - margin), max(0, top - margin)
        self.inner_x, self.inner_y = left - self.x, top - self.y
        self.inner_width, self.inner_height = min(BLOCK_PX, width - left), min(BLOCK_PX, height - top)
        self.width = min(width, left + BLOCK_PX + margin) - self.x
        self.height = min(height, top + BLOCK_PX + margin) - self.y

    def read(self, slide: Slide, level: int, scale: float) -> NDArray[np.uint8]:
        """All planes (n_planes, height, width, 3)."""
        planes = np.empty((slide.n_planes, self.height, self.width, 3), np.uint8)
        x, y, right, bottom = (round(at * scale) for at in (self.x, self.y, self.x + self.width, self.y + self.height))
        size = slide.levels[level]
        right, bottom = min(right, size.width), min(bottom, size.height)
        for index in range(slide.n_planes):
            pixels = slide.region(level, x, y, right - x, bottom - y, index)
            if scale != 1.0:
                pixels = np.asarray(
                    cv2.resize(pixels, (self.width, self.height), interpolation=cv2.INTER_AREA), np.uint8
                )
            planes[index] = pixels
        return planes


def _threshold(slide: Slide, bright: bool) -> float:
    """What tells cells from ground, by Otsu over the middle plane. Raises DataError for a blank slide."""
    signal = _signal(thumbnail(slide, OVERVIEW_PX, slide.n_planes // 2), bright)
    threshold, mask = cv2.threshold(signal, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inside = mask > 0
    if not inside.any() or inside.all() or signal[inside].mean() - signal[~inside].mean() < LEAST_CONTRAST:
        kind = "brighter" if bright else "darker"
        raise DataError(f"{slide.path}: nothing on it is {kind} than its ground; is it blank, or `bright` set wrongly?")
    return float(threshold)


def _signal(pixels: Pixels, bright: bool) -> NDArray[np.uint8]:
    """(h, w): how much stain, whatever its colour, or how much light."""
    return pixels.max(-1) if bright else (255 - pixels.min(-1))


def _outlines(planes: NDArray[np.uint8], threshold: float, options: CellDataset) -> list[_Outline]:
    """Connected pieces above the threshold in the sharpest plane of a block."""
    sharpest = int(np.argmax(focus_profile(planes[None])[0]))
    smooth = cv2.GaussianBlur(_signal(planes[sharpest], options.bright), (0, 0), SMOOTHING_UM / options.mpp)
    found, _ = cv2.findContours((smooth > threshold).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = []
    for contour in found:
        moments = cv2.moments(contour)
        hull = cv2.contourArea(cv2.convexHull(contour))
        if moments["m00"] > 0 and hull > 0:
            middle = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
            outlines.append(_Outline(middle, moments["m00"], moments["m00"] / hull, max(cv2.boundingRect(contour)[2:])))
    return outlines


def _cut(
    planes: NDArray[np.uint8],
    block: _Block,
    outline: _Outline,
    middle: tuple[float, float],
    options: CellDataset,
    step: float,
) -> tuple[Cell, Stack | None]:
    """What was found, and its stack unless there is a reason to drop it."""
    size = options.cell_px
    left, top = (round(at) - size // 2 for at in outline.middle)
    crop = planes[:, max(top, 0) : top + size, max(left, 0) : left + size]
    profile = focus_profile(crop[None])[0]
    focus = int(np.argmax(profile))
    sharpness = float(profile[focus] / max(float(np.median(profile)), 1e-9))
    diameter = 2 * float(np.sqrt(outline.area / np.pi)) * options.mpp
    positions = focus + step * (np.arange(N_PLANES) - N_PLANES // 2)
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
    cell = Cell(*middle, diameter, outline.solidity, focus, sharpness, dropped)
    return cell, None if dropped else resample_planes(crop, positions)


def _patches(
    planes: NDArray[np.uint8], block: _Block, threshold: float, options: CellDataset, step: float
) -> Iterator[tuple[Cell, Stack | None]]:
    """Squares side by side that signal fills by LEAST_SIGNAL, in planes around the middle one."""
    size, middle = options.cell_px, (len(planes) - 1) / 2
    positions = middle + step * (np.arange(N_PLANES) - N_PLANES // 2)
    smooth = cv2.GaussianBlur(_signal(planes[round(middle)], options.bright), (0, 0), SMOOTHING_UM / options.mpp)
    for top in range(block.inner_y, block.inner_y + block.inner_height - size + 1, size):
        for left in range(block.inner_x, block.inner_x + block.inner_width - size + 1, size):
            box = slice(top, top + size), slice(left, left + size)
            share = float((smooth[box] > threshold).mean())
            if share < LEAST_SIGNAL:
                continue
            crop = planes[:, box[0], box[1]]
            profile = focus_profile(crop[None])[0]
            focus = int(np.argmax(profile))
            sharpness = float(profile[focus] / max(float(np.median(profile)), 1e-9))
            centre = (block.x + left + size / 2, block.y + top + size / 2)
            yield Cell(*centre, size * options.mpp, share, focus, sharpness, ""), resample_planes(crop, positions)


def resample_planes(planes: NDArray[np.uint8], positions: NDArray[np.floating]) -> Stack:
    """Planes (n, h, w, 3) at the given positions, between two planes as their weighted mean."""
    low = np.clip(np.floor(positions + 1e-6).astype(int), 0, len(planes) - 1)
    high = np.minimum(low + 1, len(planes) - 1)
    share = (np.clip(positions - low, 0, 1)[:, None, None, None]).astype(np.float32)
    mixed = (1 - share) * planes[low] + share * planes[high]
    return np.round(mixed).astype(np.uint8)


def draw_cells(slide: Slide, cells: list[Cell], options: CellDataset, max_px: int, mpp: float | None = None) -> Pixels:
    """The middle plane with a box around each cell: green where it was taken, red where not."""
    out = thumbnail(slide, max_px, slide.n_planes // 2)
    scale = out.shape[1] / (slide.levels[0].width * pixel_size(slide, mpp) / options.mpp)
    half = options.cell_px / 2
    for cell in cells:
        low, high = ((round((cell.x + side) * scale), round((cell.y + side) * scale)) for side in (-half, half))
        cv2.rectangle(out, low, high, DROPPED if cell.dropped else TAKEN, 2 if scale > 0.5 else 1)
    return out
