"""From a rough transform to a close one: blocks of the fixed image, looked for on the moving one, and a smooth fit.

Neighbouring sections share regions, and only some nuclei: single blocks err, their weighted neighbourhood does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.slides.slide import Pixels
from pathgan.slides.stain_features import Field, locally_normalised, nuclear_absorbance, shrunk
from pathgan.slides.transforms import GRID, Transform

ROUNDS = 5  # of reweighting
MIN_TISSUE = 0.05  # of a block's area
MIN_CORRELATION = 0.15


@dataclass(frozen=True)
class Blocks:
    """One size of image and blocks: all [px] at that size. side: the longer one of the fixed image."""

    side: int
    half: int  # a block is 2 half + 1 wide
    reach: int  # how far it is looked for
    step: int  # between blocks
    smoothness: float  # of the fit [blocks], a standard deviation; 0 for an affine fit
    blur: float
    window: float  # of local normalisation


AFFINE = (
    Blocks(side=256, half=32, reach=16, step=16, smoothness=0.0, blur=2.0, window=12.0),
    Blocks(side=256, half=32, reach=8, step=16, smoothness=0.0, blur=2.0, window=12.0),
    Blocks(side=512, half=40, reach=12, step=24, smoothness=0.0, blur=2.0, window=12.0),
)
ELASTIC = (
    Blocks(side=256, half=32, reach=8, step=16, smoothness=4.0, blur=2.0, window=12.0),
    Blocks(side=512, half=40, reach=12, step=24, smoothness=3.0, blur=2.0, window=12.0),
    Blocks(side=1024, half=48, reach=12, step=32, smoothness=2.5, blur=2.0, window=12.0),
    Blocks(side=1536, half=32, reach=12, step=24, smoothness=2.5, blur=2.0, window=12.0),
    Blocks(side=1536, half=32, reach=8, step=24, smoothness=2.0, blur=1.5, window=12.0),
)
ENOUGH = 1.25  # how many times more pixels a stage may ask for than there are, before it is left out


@dataclass(frozen=True)
class Matches:
    """Blocks at `points` (n, 2), moved by `shift` (n, 2) [px], with weights (n,), on a grid of `shape`."""

    points: NDArray[np.float64]
    shift: NDArray[np.float64]
    weight: NDArray[np.float64]
    shape: tuple[int, int]


def refine(fixed: Pixels, moving: Pixels, transform: Transform, stages: tuple[Blocks, ...]) -> Transform:
    """A transform that lays moving on fixed more closely, stage by stage; images of one pixel size."""
    longest = max(fixed.shape[:2])
    for blocks in stages:
        if blocks.side > ENOUGH * longest and blocks is not stages[0]:
            continue
        scale = min(1.0, blocks.side / max(fixed.shape[:2]))
        pair = aligned_fields(fixed, moving, transform, scale)
        shift = _fit(match_blocks(*pair, blocks), pair[0].shape, blocks)
        transform = _compose(transform, shift / scale)
    return transform


def aligned_fields(fixed: Pixels, moving: Pixels, transform: Transform, scale: float) -> tuple[Field, Field]:
    """Nuclear absorbance of both images at a scale, the moving one as it lies on the fixed one."""
    a, b = shrunk(fixed, scale), shrunk(moving, scale)
    return nuclear_absorbance(a), transform.rescaled(scale, scale).warp(nuclear_absorbance(b), background=0.0)


def match_blocks(fixed: Field, moving: Field, blocks: Blocks) -> Matches:
    """Where each block of `fixed` fits `moving` best, by normalised correlation, to a fraction of a pixel."""
    a, b = (locally_normalised(field, blocks.blur, blocks.window) for field in (fixed, moving))
    height, width = fixed.shape
    xs, ys = (np.arange(blocks.step // 2, side, blocks.step) for side in (width, height))
    half, reach = blocks.half, blocks.reach
    template_source = cv2.copyMakeBorder(a, half, half, half, half, cv2.BORDER_CONSTANT, value=0)
    around = half + reach
    search_source = cv2.copyMakeBorder(b, around, around, around, around, cv2.BORDER_CONSTANT, value=0)
    tissue = cv2.boxFilter((fixed > 0.1).astype(np.float32), -1, (2 * half + 1, 2 * half + 1))
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    shift, weight = np.zeros(points.shape), np.zeros(len(points))
    for index, (x, y) in enumerate(points):
        template = template_source[y : y + 2 * half + 1, x : x + 2 * half + 1]
        search = search_source[y : y + 2 * around + 1, x : x + 2 * around + 1]
        if tissue[y, x] < MIN_TISSUE or search.max() <= search.min():
            continue
        surface = cv2.matchTemplate(search, template, cv2.TM_CCOEFF_NORMED)
        _, correlation, _, (column, row) = cv2.minMaxLoc(surface)
        if 0 < column < 2 * reach and 0 < row < 2 * reach:  # a peak at the rim lies beyond it
            shift[index] = (
                column - reach + _vertex(surface[row, column - 1 : column + 2]),
                row - reach + _vertex(surface[row - 1 : row + 2, column]),
            )
            weight[index] = max(correlation - MIN_CORRELATION, 0) ** 2
    return Matches(points.astype(float), shift, weight, (len(ys), len(xs)))


def _vertex(values: NDArray[np.floating]) -> float:
    """Where a parabola through three values around a maximum peaks, in [-0.5, 0.5]."""
    left, middle, right = (float(value) for value in values)
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5))


def _fit(matches: Matches, shape: tuple[int, int], blocks: Blocks) -> NDArray[np.float64]:
    """A smooth shift (GRID, GRID, 2) [px]: a robust affine, and what neighbouring blocks agree on beyond it."""
    points = np.c_[matches.points, np.ones(len(matches.points))]
    if (matches.weight > 0).sum() < 4:
        return np.zeros((GRID, GRID, 2))
    weight = matches.weight.copy()
    used = matches.weight > 0
    for _ in range(ROUNDS):
        root = np.sqrt(weight)[:, None]
        affine = np.linalg.lstsq(points * root, matches.shift * root, rcond=None)[0]
        error = np.linalg.norm(matches.shift - points @ affine, axis=1)
        weight = matches.weight / (1 + (error / (2 * _spread(error[used]))) ** 2)
    edges = (np.linspace(0, side, GRID) - 0.5 for side in shape[::-1])
    x, y = np.meshgrid(*edges)
    everywhere = np.stack([x, y, np.ones_like(x)], axis=-1) @ affine
    if blocks.smoothness == 0:
        return np.asarray(everywhere)
    rest = (matches.shift - points @ affine).reshape(*matches.shape, 2)
    first = weight = matches.weight.reshape(matches.shape)
    for _ in range(ROUNDS):
        total = _blur(weight, blocks.smoothness) + 0.002  # far from any block: the affine alone
        local = np.stack([_blur(rest[..., axis] * weight, blocks.smoothness) / total for axis in (0, 1)], axis=-1)
        error = np.linalg.norm(rest - local, axis=-1)
        weight = first / (1 + (error / (1.5 * _spread(error[first > 0]))) ** 2)
    start = blocks.step // 2
    at = [((axis - start) / blocks.step).astype(np.float32) for axis in (x, y)]
    bent = cv2.remap(local.astype(np.float32), at[0], at[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(everywhere + bent)


def _blur(field: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sd, borderType=cv2.BORDER_CONSTANT))


def _spread(errors: NDArray[np.float64]) -> float:
    return 1.4826 * float(np.median(errors)) + 1e-3


def _compose(transform: Transform, shift: NDArray[np.float64]) -> Transform:
    """First the shift (GRID, GRID, 2) on the fixed image, then the transform."""
    knots = np.stack(np.meshgrid(*(np.linspace(0, side, GRID) - 0.5 for side in transform.size)), axis=-1)
    moved = (knots + shift).reshape(-1, 2)
    through = transform.map_points(moved)
    back = np.linalg.inv(transform.matrix[:, :2])
    displacement = ((through - transform.matrix[:, 2]) @ back.T).reshape(GRID, GRID, 2) - knots
    return replace(transform, displacement=displacement)
