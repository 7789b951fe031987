"""Random nucleus-like polygons that may touch and overlap (after Hou et al. 2019, their public settings)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pathgan.config.polygon_options import Polygons
from pathgan.errors import DataError
from pathgan.masks.mask_drawing import draw_polygon

REFERENCE_PX = 400  # the field at which the published lengths hold
CANDIDATES = 4  # polygons drawn for each nucleus that is wanted: some are hidden or cut off too much
N_PILOTS, N_FITS, CLOSE = 256, 10, 0.005  # masks of a fit, how often it is mended, and how near is near enough


@dataclass(frozen=True)
class Likeness:
    """What the nuclei of n masks are like. counts: (n,) nuclei of each; lengths: (n,) square root of their mean area
    [px]. factor: from such a length to the scale of a polygon."""

    counts: NDArray[np.int64]
    lengths: NDArray[np.float64]
    factor: float


def random_polygons(n: int, size_px: int, seed: int) -> NDArray[np.int32]:
    """n instance maps (n, size_px, size_px) int32 with the published settings."""
    options = Polygons(n_images=n, size_px=size_px, seed=seed)
    return np.stack(list(polygon_masks(options)))


def polygon_masks(options: Polygons, like: Likeness | None = None) -> Iterator[NDArray[np.int32]]:
    """One instance map (size_px, size_px) int32 after the other; mask i depends on (seed, i) and `like` alone."""
    for index in range(options.n_images):
        yield _one_mask(options, np.random.default_rng((options.seed, index)), like)


def fitted(options: Polygons, masks: NDArray[np.integer]) -> Likeness:
    """What makes polygons as large and as many as nuclei are in (n, h, w) masks: each new mask has the number and the
    mean size of nuclei of one of them, drawn at random, and the mean area of all is theirs.

    Raises DataError for masks of another size, and where there are no nuclei.
    """
    height, width = masks.shape[1:]
    if (height, width) != (options.size_px, options.size_px):
        raise DataError(f"like: expected masks of size_px = {options.size_px}, got {width} x {height}")
    areas = [one for one in areas_of(masks) if len(one)]
    if not areas:
        raise DataError("like: expected nuclei in its training masks, there are none")
    counts, lengths = np.array(list(map(len, areas))), np.sqrt([one.mean() for one in areas])
    like = Likeness(counts, lengths, 1 / np.sqrt(np.pi * np.square(options.radius).mean()))
    pilots = options.model_copy(update={"n_images": N_PILOTS})
    for _ in range(N_FITS):
        ratio = np.concatenate(areas).mean() / np.concatenate(areas_of(polygon_masks(pilots, like))).mean()
        if abs(ratio - 1) < CLOSE:
            break
        like = replace(like, factor=like.factor * np.sqrt(ratio))
    return like


def areas_of(masks: Iterable[NDArray[np.integer]]) -> list[NDArray[np.int64]]:
    """The area [px] of every nucleus, mask by mask."""
    return [np.unique(mask[mask > 0], return_counts=True)[1] for mask in masks]


def _one_mask(options: Polygons, rng: np.random.Generator, like: Likeness | None) -> NDArray[np.int32]:
    # One draw of irregularity, spike and size a field: the nuclei of a tissue resemble each other.
    if like:  # nuclei reach in from outside, and are cut off by the border, as in a tile of a larger image
        one = rng.integers(len(like.counts))
        wanted, scale, least = int(like.counts[one]), like.factor * like.lengths[one], 1.0
        n, beyond = CANDIDATES * wanted, scale * options.radius[1]
    else:
        scale = options.size_px / REFERENCE_PX
        wanted = n = int(rng.integers(max(1, options.max_nuclei // 8), options.max_nuclei + 1))
        least, beyond = options.min_area * scale**2, 0.0
    vertices = scale * _polygons(options, n, rng)
    vertices += rng.uniform(-beyond, options.size_px + beyond, (n, 1, 2))
    instances = np.zeros((options.size_px, options.size_px), np.int32)
    label = 1
    for polygon in vertices:
        label += draw_polygon(instances, polygon, label, options.max_overlap, least)
        if label > wanted:
            break
    return instances


def _polygons(options: Polygons, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n, k, 2) vertices around the origin at the reference size, all polygons at once.

    Polygons with fewer than the largest number of vertices repeat their last one, which draws the same.
    """
    k = options.n_vertices[1]
    n_vertices = rng.integers(options.n_vertices[0], k + 1, (n, 1))
    irregularity = rng.uniform(*options.irregularity)
    spike = rng.uniform(*options.spike)
    radius = rng.uniform(*options.radius) * rng.uniform(0.8, 1.25, (n, 1))  # the nuclei's bias

    steps = np.maximum(1 + irregularity * rng.uniform(-0.5, 0.5, (n, k)), 0.05)
    steps[np.arange(k) >= n_vertices] = 0
    angles = rng.uniform(0, 2 * np.pi, (n, 1)) + 2 * np.pi * np.cumsum(steps, 1) / steps.sum(1, keepdims=True)
    radii = np.clip(radius * (1 + spike * rng.standard_normal((n, k))), 0.3 * radius, 2 * radius)
    last = np.minimum(np.arange(k), n_vertices - 1)
    radii = np.take_along_axis(radii, last, axis=1)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=2)
