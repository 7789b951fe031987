"""H&E fields: stroma, cytoplasm and nuclei as stain concentrations, seen through Beer-Lambert and a camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.phantom_looks import Tissue
from pathgan.phantoms.drawn_nuclei import NUCLEUS_KINDS, Nuclei, NucleusKind, scatter
from pathgan.phantoms.textures import blobs, fibres
from pathgan.stains import beer_lambert


@dataclass(frozen=True)
class Field:
    """image: (h, w, 3) uint8; instances: (h, w) int32, nucleus i of `nuclei` has id i + 1."""

    image: NDArray[np.uint8]
    instances: NDArray[np.int32]
    nuclei: Nuclei


def histology_field(tissue: Tissue, size_px: int, seed: tuple[int, ...]) -> Field:
    """A square H&E field with its exact instance map; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    rest = 1 - tissue.tumour_fraction
    fractions = {"tumour": tissue.tumour_fraction, "lymphocyte": 0.45 * rest, "stromal": 0.55 * rest}
    n = int(rng.poisson(tissue.nuclei_per_mpx * size_px**2 / 1e6))
    nuclei, instances = scatter(size_px, n, tissue.radius_px, fractions, tissue.touching, rng)
    inside = instances > 0
    radius = tissue.radius_px

    stroma = fibres(size_px, 5 * radius, 0.8 * radius, rng)
    patches = blobs(size_px, 8 * radius, rng)
    grain = blobs(size_px, 0.35 * radius, rng)
    eosin = 0.34 + 0.10 * patches + 0.05 * grain + 0.16 * tissue.fibres * np.maximum(stroma, -1.2)
    gaps = np.clip((-stroma - 1.5) * 2 * tissue.fibres + (-patches - 1.9), 0, 1)  # lumen and shrinkage
    near_nuclei = np.exp(-cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) / (0.9 * radius))
    eosin = (eosin + 0.10 * near_nuclei) * (1 - gaps)
    haematoxylin = np.maximum(0.07 + 0.02 * patches + 0.10 * near_nuclei, 0) * (1 - gaps)

    haematoxylin = np.where(inside, chromatin(nuclei, instances, radius, rng), haematoxylin) * tissue.haematoxylin
    eosin = np.where(inside, 0.55 * eosin + 0.08, eosin) * tissue.eosin

    light = beer_lambert({"haematoxylin": haematoxylin, "eosin": eosin})
    light = cv2.GaussianBlur(light, (0, 0), max(0.08 * radius, 0.4))
    return Field(photograph(light, rng), instances, nuclei)


def photograph(light: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a camera makes of light (h, w, 3) in [0, 255]: noise and eight bits."""
    noisy = light + rng.normal(0, 2.0, light.shape).astype(np.float32)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def chromatin(
    nuclei: Nuclei,
    instances: NDArray[np.int32],
    radius_px: float,
    rng: np.random.Generator,
    known: Mapping[str, NucleusKind] = NUCLEUS_KINDS,
) -> NDArray[np.float32]:
    """Haematoxylin inside nuclei: one level per nucleus, clumps, a darker membrane, nucleoli in tumour cells."""
    kinds = [known[name] for name in nuclei.kind]
    level = np.array([0.0] + [kind.haematoxylin for kind in kinds], np.float32)
    level[1:] *= np.clip(1 + 0.18 * rng.standard_normal(len(kinds)), 0.55, 1.5)
    contrast = np.array([0.0] + [kind.chromatin for kind in kinds], np.float32)
    clumps = blobs(len(instances), 0.45 * radius_px, rng) + 0.5 * blobs(len(instances), radius_px, rng)
    depth = cv2.distanceTransform((instances > 0).astype(np.uint8), cv2.DIST_L2, 5)
    rim = np.exp(-((depth / (0.16 * radius_px)) ** 2))
    density = level[instances] * (1 + contrast[instances] * clumps + 0.30 * rim)
    for index, kind in enumerate(kinds):
        if kind.nucleoli and rng.random() < 0.6:
            at = nuclei.centre[index] + rng.uniform(-0.35, 0.35, 2) * radius_px
            spot = np.zeros_like(density, np.uint8)
            x, y = np.round(at * 16).astype(int)
            cv2.circle(spot, (int(x), int(y)), round(16 * 0.16 * radius_px), 1, -1, shift=4)
            density[(spot > 0) & (instances == index + 1)] += 0.45
    return density.astype(np.float32)
