"""Focus stacks of single cells: each lies at a depth of its own and blurs with its distance from the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pathgan.config.slide_types import FocusPhantom
from pathgan.files import write_rows
from pathgan.phantoms.drawn_nuclei import N_VERTICES, Nuclei, draw_outline, rasterise
from pathgan.phantoms.fields import chromatin, photograph
from pathgan.phantoms.smears import epithelial
from pathgan.phantoms.textures import blobs
from pathgan.stains import beer_lambert
from pathgan.stores.slide_files import write_planes

SHARPEST_PX = 0.5  # blur in focus
GLASS_OD = 0.03
ABOVE = 1.25  # a cell blurs so much faster above its plane than below: no objective is symmetric
SPACING = 2.6  # radii of a cell: how far apart cells are set that do not lie against another
TRIES = 30


@dataclass(frozen=True)
class FocusField:
    """planes: (n_planes, h, w, 3) uint8; centre: (n, 2) x, y [px]; depth: (n,) [planes], of the plane in focus."""

    planes: NDArray[np.uint8]
    centre: NDArray[np.float64]
    depth: NDArray[np.float64]


def focus_field(options: FocusPhantom, index: int) -> FocusField:
    """Slide `index` of a phantom set; the same seed gives the same bytes."""
    rng = np.random.default_rng((options.seed, index))
    centre = _places(options, rng)
    middle = (options.n_planes - 1) / 2
    depth = middle + rng.normal(0, options.depth_um / options.plane_um, len(centre))
    size = options.size_px
    light = np.full((options.n_planes, size, size, 3), np.float32(np.exp(-GLASS_OD)))
    for place, at in zip(centre, depth, strict=True):
        cell = _cell(options, rng)
        for plane, through in enumerate(_blurred(options, cell, at)):
            _lay_on(light[plane], through, place)
    planes = np.stack([photograph(255 * plane, rng) for plane in light])
    return FocusField(planes, centre, depth)


def paint_stack(options: FocusPhantom, index: int, out: Mapping[str, Path]) -> None:
    """Writes slide `index` as an OME-TIFF `slide`, and `cells`: X, Y [px] and the plane in focus of each."""
    field = focus_field(options, index)
    write_planes(out["slide"], field.planes, options.mpp, options.plane_um)
    cells = zip(field.centre, field.depth, strict=True)
    write_rows(out["cells"], ("X", "Y", "plane"), ((f"{x:.2f}", f"{y:.2f}", f"{at:.3f}") for (x, y), at in cells))


def _places(options: FocusPhantom, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n, 2): cells apart from each other, but for a share that is set against an earlier one."""
    reach = options.radius_px * (1 + options.cytoplasm)
    places: list[NDArray[np.float64]] = []
    for _ in range(int(rng.poisson(options.cells_per_mpx * options.size_px**2 / 1e6))):
        if places and rng.random() < options.clustered:
            angle = rng.uniform(0, 2 * np.pi)
            beside = places[int(rng.integers(len(places)))]
            places.append(beside + 1.5 * reach * np.array([np.cos(angle), np.sin(angle)]))
            continue
        for _ in range(TRIES):
            place = rng.uniform(0, options.size_px, 2)
            if all(np.linalg.norm(place - other) > SPACING * reach for other in places):
                places.append(place)
                break
    return np.reshape(places, (-1, 2))


def _cell(options: FocusPhantom, rng: np.random.Generator) -> NDArray[np.float32]:
    """What one cell lets through (h, w, 3) in [0, 1], in focus; its patch ends on bare glass."""
    radius, kinds = options.radius_px, {"epithelial": epithelial(options.pleomorphism)}
    half = int(np.ceil(radius * (2.2 + 1.6 * options.cytoplasm)))
    size = 2 * half + 1
    outline = draw_outline(kinds["epithelial"], radius, rng)
    nuclei = Nuclei(np.full((1, 2), float(half)), outline.reshape(1, N_VERTICES, 2), ("epithelial",))
    instances = rasterise(nuclei, size)
    inside = instances > 0
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) / radius
    ragged = options.cytoplasm * (1 + 0.12 * blobs(size, 2 * radius, rng))
    cytoplasm = expit((ragged - away) / 0.06) * (1 + 0.15 * blobs(size, 0.5 * radius, rng))
    haematoxylin = np.where(inside, chromatin(nuclei, instances, radius, rng, kinds), 0.14 * cytoplasm)
    eosin = 0.22 * cytoplasm
    stains = {"haematoxylin": haematoxylin * options.haematoxylin, "eosin": eosin * options.eosin}
    return beer_lambert(stains) / np.float32(255)


def _blurred(options: FocusPhantom, cell: NDArray[np.float32], depth: float) -> list[NDArray[np.float32]]:
    """The cell in every plane: a Gaussian that widens with the distance from its depth."""
    away = (np.arange(options.n_planes) - depth) * options.plane_um
    slope = options.blur_px_per_um * np.where(away > 0, ABOVE, 1.0)
    widths = np.hypot(SHARPEST_PX, slope * away)
    return [cv2.GaussianBlur(cell, (0, 0), float(width), borderType=cv2.BORDER_REPLICATE) for width in widths]


def _lay_on(light: NDArray[np.float32], through: NDArray[np.float32], place: NDArray[np.float64]) -> None:
    """Multiplies the light of a plane by what a cell at `place` lets through; what lies outside is cut off."""
    half = through.shape[0] // 2
    left, top = (round(at) - half for at in place)
    height, width = light.shape[:2]
    rows = slice(max(top, 0), min(top + through.shape[0], height))
    columns = slice(max(left, 0), min(left + through.shape[1], width))
    light[rows, columns] *= through[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
