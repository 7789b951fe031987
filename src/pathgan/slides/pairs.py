"""Serial sections as slide files: registered once, then cut tile by tile in one frame."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.slide_sets import SlideFile
from pathgan.errors import DataError
from pathgan.slides.reading import open_slide, pixel_size, thumbnail
from pathgan.slides.registration import Registration, RegistrationError, align, landmark_errors
from pathgan.slides.slide import Pixels, Slide
from pathgan.slides.tiling import Tiling
from pathgan.slides.transforms import Points, Transform

WORKING_PX = 2048  # longer side of the images that are registered
Scores = dict[str, float]


@dataclass(frozen=True)
class SlidePair:
    """A registered pair: the transform in level-0 pixels, and the small images that it was found on."""

    transform: Transform
    registration: Registration
    fixed: Pixels
    moving: Pixels


def register_slides(fixed: SlideFile, moving: SlideFile) -> SlidePair:
    """Registers two slides of any size. Raises DataError, and names both files, where they do not fit."""
    with open_slide(fixed.path) as one, open_slide(moving.path) as other:
        ratio = _pixel_ratio(one, fixed, other, moving)
        longest = [max(slide.levels[0].width, slide.levels[0].height) for slide in (one, other)]
        scale = min(1.0, WORKING_PX / max(longest[0], longest[1] * ratio))
        small = thumbnail(one, max(1, round(longest[0] * scale)))
        small_moving = thumbnail(other, max(1, round(longest[1] * ratio * scale)))
        sizes = [(slide.levels[0].width, slide.levels[0].height) for slide in (one, other)]
    if ratio * scale > 1:  # a thumbnail is never larger than its slide
        size = round(sizes[1][0] * ratio * scale), round(sizes[1][1] * ratio * scale)
        small_moving = np.asarray(cv2.resize(small_moving, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    try:
        found = align(small, small_moving)
    except RegistrationError as error:
        raise RegistrationError(f"{fixed.path} and {moving.path}: {error}") from None
    transform = found.transform.rescaled(sizes[0][0] / small.shape[1], sizes[1][0] / small_moving.shape[1])
    return SlidePair(transform, found, small, small_moving)


def score_registration(pair: SlidePair, fixed: SlideFile, moving: SlideFile, pixels_per_landmark: float) -> Scores:
    """What speaks for a transform, and where there are landmarks their errors [% of the diagonal].

    `rtre_unaligned`: with one slide on the other as they are; `rtre_affine`: of the best affine map that can be fitted
    to the landmarks themselves, which knows what registration must find out.
    """
    found = pair.registration
    scores = {
        "quality": found.quality,
        "pose_quality": found.pose_quality,
        "support": found.support,
        "mirrored": float(found.mirrored),
        "smallest_area": found.transform.fold(),
    }
    if fixed.landmarks is None or moving.landmarks is None:
        return scores
    at, goal = (read_landmarks(path) * pixels_per_landmark for path in (fixed.landmarks, moving.landmarks))
    if len(at) != len(goal) or len(at) < 4:
        raise DataError(
            f"{moving.landmarks}: expected as many landmarks as in {fixed.landmarks.name} and at least 4, got "
            f"{len(goal)} and {len(at)}"
        )
    errors = 100 * landmark_errors(pair.transform, at, goal)
    design = np.c_[at, np.ones(len(at))]
    best = design @ np.linalg.lstsq(design, goal, rcond=None)[0]
    diagonal = float(np.hypot(*pair.transform.size))
    return scores | {
        "rtre_unaligned": 100 * float(np.median(np.linalg.norm(at - goal, axis=1))) / diagonal,
        "rtre_affine": 100 * float(np.median(np.linalg.norm(best - goal, axis=1))) / diagonal,
        "rtre_median": float(np.median(errors)),
        "rtre_p90": float(np.quantile(errors, 0.9)),
        "n_landmarks": float(len(at)),
    }


def read_landmarks(path: Path) -> Points:
    """A CSV with columns X and Y [px]: (n, 2)."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            points = [(float(row["X"]), float(row["Y"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: expected a CSV with numbers in the columns X and Y ({error!r})") from error
    return np.array(points).reshape(-1, 2)


def read_registered(moving: Slide, tiling: Tiling, fixed: Slide, transform: Transform) -> Iterator[Pixels]:
    """The moving slide's tissue at the fixed slide's tiles, in their frame and pixel size."""
    factor = fixed.levels[0].width / tiling.size[0]  # level-0 pixels of the fixed slide that make one of a tile
    area = np.sqrt(abs(np.linalg.det(transform.matrix[:, :2]))) * factor
    level = max(index for index, level in enumerate(moving.levels) if index == 0 or level.downsample <= area)
    finer = max(1, round(area / moving.levels[level].downsample))  # drawn larger, and then averaged
    scaled = transform.rescaled(finer / factor, 1 / moving.levels[level].downsample)
    side = tiling.tile_px
    for x, y in zip(tiling.x * finer, tiling.y * finer, strict=True):
        tile = scaled.warp_tile(moving, level, int(x), int(y), side * finer, side * finer)
        yield np.asarray(cv2.resize(tile, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def draw_registration(pair: SlidePair, knots: int = 24) -> Pixels:
    """Both sections in a checkerboard, as they lie and registered, and the grid that the displacement bends."""
    height, width = pair.fixed.shape[:2]
    small = pair.registration.transform
    identity = Transform.affine(np.eye(2, 3), small.size, small.moving_size)
    boards = [_checkerboard(pair.fixed, transform.warp(pair.moving)) for transform in (identity, small)]
    grid = (0.5 * pair.fixed + 127).astype(np.uint8)
    ticks = [np.linspace(0, side - 1, knots) for side in (width, height)]
    fine = [np.linspace(0, side - 1, 200) for side in (width, height)]
    affine = Transform.affine(_best_affine(small), small.size, small.moving_size)
    upright = [(np.full(200, tick), fine[1]) for tick in ticks[0]]
    level = [(fine[0], np.full(200, tick)) for tick in ticks[1]]
    for x, y in (*upright, *level):
        line = np.stack([x, y], axis=1)
        bent = line + 5 * _elastic_part(small, affine, line)
        cv2.polylines(grid, [np.round(bent).astype(np.int32)], False, (30, 80, 190), max(1, width // 700), cv2.LINE_AA)
    gap = np.full((height, max(4, width // 60), 3), 255, np.uint8)
    return np.hstack([boards[0], gap, boards[1], gap, grid])


def _pixel_ratio(fixed: Slide, one: SlideFile, moving: Slide, other: SlideFile) -> float:
    """Pixels of the fixed slide that one of the moving slide is wide; 1 where neither is known."""
    known = [slide.mpp is not None or file.mpp is not None for slide, file in ((fixed, one), (moving, other))]
    if not any(known):
        return 1.0
    return pixel_size(moving, other.mpp) / pixel_size(fixed, one.mpp)


def _checkerboard(one: Pixels, other: Pixels, squares: int = 10) -> Pixels:
    height, width = one.shape[:2]
    side = max(height, width) / squares
    y, x = np.mgrid[:height, :width]
    odd = ((x // side + y // side) % 2).astype(bool)
    return np.where(odd[..., None], other, one).astype(np.uint8)


def _best_affine(transform: Transform) -> NDArray[np.float64]:
    """(2, 3): the affine map closest to a transform over its frame."""
    points = np.stack([a.ravel() for a in np.meshgrid(*(np.linspace(0, side, 30) for side in transform.size))], 1)
    design = np.c_[points, np.ones(len(points))]
    return np.asarray(np.linalg.lstsq(design, transform.map_points(points), rcond=None)[0].T)


def _elastic_part(transform: Transform, affine: Transform, points: Points) -> Points:
    """What a transform does beyond its affine part, in pixels of the fixed image."""
    back = np.linalg.inv(affine.matrix[:, :2])
    return np.asarray((transform.map_points(points) - affine.map_points(points)) @ back.T)
