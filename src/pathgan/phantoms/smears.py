"""FNA-type smears: single cells, clusters and red cells on bare glass, as stain concentrations through a camera."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.special import expit

from pathgan.config.phantom_looks import Smear
from pathgan.phantoms.drawn_nuclei import NucleusKind, scatter
from pathgan.phantoms.fields import Field, chromatin, photograph
from pathgan.phantoms.textures import Texture, blobs
from pathgan.stains import beer_lambert

CYTOPLASM = 1.1  # width of the cytoplasm around a nucleus, in nuclear radii
FAR = 100.0  # nuclear radii
RED_CELL = 0.8  # radius of a red cell, in nuclear radii


def epithelial(pleomorphism: float) -> NucleusKind:
    """The nuclei of a smear: the more pleomorphic, the more they differ in size, shape and texture."""
    return NucleusKind(
        radius=1.0,
        radius_sd=0.04 + 0.40 * pleomorphism,
        elongation=0.12 + 0.50 * pleomorphism,
        irregularity=0.015 + 0.09 * pleomorphism,
        haematoxylin=0.95,
        chromatin=0.14 + 0.25 * pleomorphism,
        nucleoli=pleomorphism > 0.3,
    )


def cytology_smear(smear: Smear, size_px: int, seed: tuple[int, ...]) -> Field:
    """A square smear with the exact instance map of its nuclei; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    kinds = {"epithelial": epithelial(smear.pleomorphism)}
    n = int(rng.poisson(smear.cells_per_mpx * size_px**2 / 1e6))
    nuclei, instances = scatter(size_px, n, smear.radius_px, {"epithelial": 1.0}, smear.clustering, rng, kinds)
    inside, radius = instances > 0, smear.radius_px

    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) / radius
    away = np.minimum(away, FAR)  # without nuclei there is nothing to be away from
    ragged = CYTOPLASM + 0.25 * blobs(size_px, 2 * radius, rng)
    cytoplasm = expit((ragged - away) / 0.12) * (1 + 0.18 * blobs(size_px, 0.6 * radius, rng))
    red = np.where(cytoplasm > 0.5, 0, _red_cells(smear, size_px, rng))
    glass = 0.03 + 0.01 * blobs(size_px, 12 * radius, rng)
    haematoxylin = np.maximum(glass, 0) + 0.16 * cytoplasm + 0.04 * red
    haematoxylin = np.where(inside, chromatin(nuclei, instances, radius, rng, kinds), haematoxylin)
    eosin = np.maximum(glass, 0) + 0.12 * cytoplasm + 0.30 * red
    light = beer_lambert({"haematoxylin": haematoxylin * smear.haematoxylin, "eosin": eosin})
    return Field(photograph(cv2.GaussianBlur(light, (0, 0), max(0.08 * radius, 0.4)), rng), instances, nuclei)


def _red_cells(smear: Smear, size_px: int, rng: np.random.Generator) -> Texture:
    """Concentration of red cells (size_px, size_px): discs with a paler middle."""
    field = np.zeros((size_px, size_px), np.float32)
    radius = RED_CELL * smear.radius_px
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32)
    for _ in range(int(rng.poisson(smear.red_cells_per_mpx * size_px**2 / 1e6))):
        centre, size = rng.uniform(0, size_px, 2), radius * rng.uniform(0.9, 1.1)
        away = np.hypot(x - centre[0], y - centre[1]) / size
        disc = (1 - 0.35 * np.exp(-((away / 0.5) ** 2))) * expit((1 - away) / 0.06)
        field = np.maximum(field, disc.astype(np.float32))
    return field
