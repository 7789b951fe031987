"""Serial sections of one block, H&E and Ki-67: nuclei in common and not, known status, known deformation."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.phantom_looks import Tissue
from pathgan.config.slide_types import SectionPhantom
from pathgan.phantoms.deformations import Deformation, draw_deformation
from pathgan.phantoms.drawn_nuclei import Nuclei, rasterise, scatter
from pathgan.phantoms.fields import chromatin, photograph
from pathgan.phantoms.textures import blobs, fibres
from pathgan.stains import beer_lambert

TUMOUR_SHARE = 0.55  # of the tissue's area
N_LANDMARKS = 80
DAB_OF_POSITIVE = 1.1  # concentration in a positive nucleus
GLASS = 245.0  # light through a slide without tissue


@dataclass(frozen=True)
class SerialPair:
    """Two sections of a block.

    he, ki67: (size_px, size_px, 3) uint8, each in its own frame. instances: (size_px, size_px) int32, the nuclei
    of the Ki-67 section in the frame of the H&E section; `nuclei` (n, 2) their centres x, y [px], and `positive` (n,)
    whether nucleus i + 1 of them is.
    landmarks_he, landmarks_ki67: (k, 2) x, y [px] of the same places in tissue that both sections kept.
    """

    he: NDArray[np.uint8]
    ki67: NDArray[np.uint8]
    instances: NDArray[np.int32]
    nuclei: NDArray[np.float64]
    positive: NDArray[np.bool_]
    deformation: Deformation
    landmarks_he: NDArray[np.float64]
    landmarks_ki67: NDArray[np.float64]


def serial_pair(options: SectionPhantom, index: int) -> SerialPair:
    """Pair `index` of a phantom set; the same seed and index give the same bytes."""
    rng = np.random.default_rng((options.seed, index))
    size, tissue = options.size_px, options.tissue
    block = _draw_block(options, rng)
    in_he, in_ki67 = (block.section != 2), (block.section != 1)
    he = _stain_he(block, _choose(block.nuclei, in_he), block.positive[in_he], tissue, rng)
    ki67_nuclei, positive = _choose(block.nuclei, in_ki67), block.positive[in_ki67]
    flat = _stain_ki67(block, ki67_nuclei, positive, tissue, rng)
    deformation = draw_deformation(options, index, rng)
    ki67 = deformation.render(flat, background=GLASS)
    landmarks = _landmarks(block, deformation, rng)
    return SerialPair(
        photograph(he, rng),
        photograph(ki67, rng),
        rasterise(ki67_nuclei, size),
        ki67_nuclei.centre,
        positive,
        deformation,
        landmarks,
        deformation.to_moving(landmarks),
    )


@dataclass(frozen=True)
class _Block:
    """Tissue before it is cut: masks and textures (size, size), and the nuclei of both sections."""

    inside: NDArray[np.bool_]
    nests: NDArray[np.bool_]
    stroma: NDArray[np.float32]
    patches: NDArray[np.float32]
    nuclei: Nuclei
    positive: NDArray[np.bool_]
    section: NDArray[np.int64]  # 0 in both sections, 1 in the H&E one alone, 2 in the Ki-67 one alone


def _draw_block(options: SectionPhantom, rng: np.random.Generator) -> _Block:
    size, tissue = options.size_px, options.tissue
    radius = tissue.radius_px
    inside = _outline(size, radius, rng)
    architecture = large_blobs(size, min(14 * radius, size / 6), rng)
    nests = inside & (architecture > np.quantile(architecture[inside], 1 - TUMOUR_SHARE))
    # Drawn together, so that nuclei of the two sections do not overlap, then dealt out.
    in_all = (2 - options.shared) * tissue.nuclei_per_mpx * size**2 / 1e6
    rest = 1 - tissue.tumour_fraction
    fractions = {"tumour": tissue.tumour_fraction, "lymphocyte": 0.3 * rest, "stromal": 0.7 * rest}
    everything, _ = scatter(size, int(rng.poisson(in_all)), radius, fractions, tissue.touching, rng)
    x, y = np.clip(np.round(everything.centre).astype(int), 0, size - 1).T
    is_tumour = np.array(everything.kind) == "tumour"
    stays = inside[y, x] & (nests[y, x] | ~is_tumour)
    nuclei = _choose(everything, stays)
    hot = large_blobs(size, min(30 * radius, size / 4), rng)[y[stays], x[stays]]
    index = 0.75 / (1 + np.exp(-2.5 * (hot - 0.3)))
    positive = is_tumour[stays] & (rng.random(len(nuclei)) < index)
    shares = np.array([options.shared, 1 - options.shared, 1 - options.shared])
    section = rng.choice(3, size=len(nuclei), p=shares / shares.sum())
    stroma = fibres(size, 5 * radius, 0.8 * radius, rng)
    return _Block(inside, nests, stroma, large_blobs(size, 8 * radius, rng), nuclei, positive, section)


def _outline(size: int, radius_px: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Tissue that no turn moves out of the frame: a lobed disc with a few holes."""
    y, x = (np.mgrid[:size, :size].astype(np.float32) - size / 2) / size
    angle, distance = np.arctan2(y, x), np.hypot(x, y)
    edge = np.full_like(distance, 0.40)
    for k in range(2, 7):
        edge += np.float32(0.035 * rng.uniform(-1, 1)) * np.cos(k * angle + np.float32(rng.uniform(0, 6.3)))
    inside = distance < np.minimum(edge, 0.475)
    holes = large_blobs(size, min(10 * radius_px, size / 8), rng) > 2.0
    return inside & ~holes


def _stain_he(
    block: _Block, nuclei: Nuclei, positive: NDArray[np.bool_], tissue: Tissue, rng: np.random.Generator
) -> NDArray[np.float32]:
    size = len(block.inside)
    instances = rasterise(nuclei, size)
    eosin, haematoxylin = _matrix(block, instances, tissue)
    # Cycling nuclei hold more DNA: what a model can learn from.
    inside_nuclei = chromatin(nuclei, instances, tissue.radius_px, rng) * _by_nucleus(instances, 1 + 0.45 * positive)
    stains = {
        "haematoxylin": np.where(instances > 0, inside_nuclei, haematoxylin) * tissue.haematoxylin,
        "eosin": np.where(instances > 0, 0.55 * eosin + 0.08, eosin) * tissue.eosin,
    }
    return _blur(beer_lambert(stains), tissue)


def _stain_ki67(
    block: _Block, nuclei: Nuclei, positive: NDArray[np.bool_], tissue: Tissue, rng: np.random.Generator
) -> NDArray[np.float32]:
    size = len(block.inside)
    instances = rasterise(nuclei, size)
    eosin, haematoxylin = _matrix(block, instances, tissue)
    inside_nuclei = 0.7 * chromatin(nuclei, instances, tissue.radius_px, rng)
    is_positive = _by_nucleus(instances, positive.astype(float))
    haematoxylin = 0.25 * eosin + np.where(instances > 0, inside_nuclei * (1 - 0.7 * is_positive), 0.5 * haematoxylin)
    dab = 0.04 * (eosin > 0) + DAB_OF_POSITIVE * is_positive * (0.6 + 0.4 * np.clip(inside_nuclei, 0, 2))
    return _blur(beer_lambert({"haematoxylin": haematoxylin, "dab": dab}), tissue)


def _matrix(
    block: _Block, instances: NDArray[np.int32], tissue: Tissue
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Eosin and haematoxylin outside nuclei; nothing where there is no tissue."""
    near = np.exp(-cv2.distanceTransform((instances == 0).astype(np.uint8), cv2.DIST_L2, 5) / (0.9 * tissue.radius_px))
    fibrous = np.where(block.nests, 0.05, 0.16) * tissue.fibres * np.maximum(block.stroma, -1.2)
    eosin = np.where(block.nests, 0.26, 0.38) + 0.08 * block.patches + fibrous + 0.10 * near
    haematoxylin = 0.07 + 0.02 * block.patches + 0.10 * near
    tissue_only = block.inside | (instances > 0)
    return (
        np.where(tissue_only, np.maximum(eosin, 0.08), 0).astype(np.float32),
        np.where(tissue_only, np.maximum(haematoxylin, 0), 0).astype(np.float32),
    )


def _landmarks(block: _Block, deformation: Deformation, rng: np.random.Generator) -> NDArray[np.float64]:
    """Places inside both sections' tissue, not at a damaged spot."""
    places = np.argwhere(block.inside)[:, ::-1].astype(np.float64)
    places = places[rng.permutation(len(places))[: 40 * N_LANDMARKS]]
    return places[deformation.keeps(places)][:N_LANDMARKS]


def _choose(nuclei: Nuclei, chosen: NDArray[np.bool_]) -> Nuclei:
    kinds = tuple(kind for kind, keep in zip(nuclei.kind, chosen, strict=True) if keep)
    return Nuclei(nuclei.centre[chosen], nuclei.outline[chosen], kinds)


def _by_nucleus(instances: NDArray[np.int32], values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.concatenate([[0.0], values]).astype(np.float32)[instances]


def _blur(light: NDArray[np.float32], tissue: Tissue) -> NDArray[np.float32]:
    return cv2.GaussianBlur(light * np.float32(GLASS / 255), (0, 0), max(0.08 * tissue.radius_px, 0.4))


def large_blobs(size_px: int, scale_px: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """`blobs` of a large scale, drawn small and enlarged: a wide blur of a large image takes minutes."""
    shrink = max(1, int(scale_px / 8))
    small = blobs(-(-size_px // shrink), scale_px / shrink, rng)
    return cv2.resize(small, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
