"""Random nucleus-like polygons that may touch and overlap (after Hou et al. 2019, their public settings)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pathgan.config.polygon_options import Polygons
from pathgan.masks.mask_drawing import draw_polygon

REFERENCE_PX = 400  # the field at which the published lengths hold


def random_polygons(n: int, size_px: int, seed: int) -> NDArray[np.int32]:
    """n instance maps (n, size_px, size_px) int32 with the published settings."""
    options = Polygons(n_images=n, size_px=size_px, seed=seed)
    return np.stack(list(polygon_masks(options)))


def polygon_masks(options: Polygons) -> Iterator[NDArray[np.int32]]:
    """One instance map (size_px, size_px) int32 after the other; mask i depends on (seed, i) alone."""
    for index in range(options.n_images):
        yield _one_mask(options, np.random.default_rng((options.seed, index)))


def _one_mask(options: Polygons, rng: np.random.Generator) -> NDArray[np.int32]:
    # One draw of irregularity, spike and size a field: the nuclei of a tissue resemble each other.
    scale = options.scale * options.size_px / REFERENCE_PX
    most = max(1, round(options.max_nuclei / options.scale**2))
    n = int(rng.integers(max(1, most // 8), most + 1))
    vertices = scale * _polygons(options, n, rng)
    centres = rng.uniform(0, options.size_px, (n, 1, 2))
    vertices += centres
    instances = np.zeros((options.size_px, options.size_px), np.int32)
    label = 1
    for polygon in vertices:
        label += draw_polygon(instances, polygon, label, options.max_overlap, options.min_area * scale**2)
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
