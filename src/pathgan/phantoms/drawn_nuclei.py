"""Nuclei as closed curves: where they lie, what shape they have, and the exact instance map of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pathgan.masks.mask_drawing import draw_polygon

N_VERTICES = 40


@dataclass(frozen=True)
class NucleusKind:
    """A population: lengths relative to a tumour nucleus' mean radius."""

    radius: float
    radius_sd: float
    elongation: float  # mean of long axis / short axis - 1
    irregularity: float  # amplitude of the contour's harmonics
    haematoxylin: float  # mean concentration inside
    chromatin: float  # contrast of the inner texture
    nucleoli: bool


NUCLEUS_KINDS: dict[str, NucleusKind] = {
    "tumour": NucleusKind(1.0, 0.22, 0.35, 0.06, 0.75, 0.28, True),
    "lymphocyte": NucleusKind(0.62, 0.08, 0.10, 0.02, 1.25, 0.15, False),
    "stromal": NucleusKind(0.72, 0.12, 1.60, 0.04, 0.95, 0.18, False),
}


@dataclass(frozen=True)
class Nuclei:
    """n nuclei of a field; a serial section or a focus stack re-renders the same ones."""

    centre: NDArray[np.float64]  # (n, 2) x, y [px]
    outline: NDArray[np.float64]  # (n, N_VERTICES, 2) offsets from the centre [px]
    kind: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.kind)


def scatter(
    size_px: int,
    n: int,
    radius_px: float,
    fractions: dict[str, float],
    touching: float,
    rng: np.random.Generator,
    known: Mapping[str, NucleusKind] = NUCLEUS_KINDS,
) -> tuple[Nuclei, NDArray[np.int32]]:
    """Draws up to n nuclei into a square field, and their instance map (size_px, size_px) int32.

    A share `touching` is set against an earlier nucleus. A nucleus that would hide under others by more
    than 15 % of its area is dropped, so a crowded field may hold fewer than n.
    """
    kinds = rng.choice(list(fractions), size=n, p=np.array(list(fractions.values())) / sum(fractions.values()))
    instances = np.zeros((size_px, size_px), np.int32)
    centres: list[NDArray[np.float64]] = []
    outlines: list[NDArray[np.float64]] = []
    kept: list[str] = []
    for kind in kinds:
        outline = draw_outline(known[kind], radius_px, rng)
        for _ in range(6):
            if centres and rng.random() < touching:
                neighbour = int(rng.integers(len(centres)))
                angle = rng.uniform(0, 2 * np.pi)
                reach = np.abs(outlines[neighbour]).max() * 0.85 + np.abs(outline).max() * 0.85
                centre = centres[neighbour] + reach * np.array([np.cos(angle), np.sin(angle)])
            else:
                centre = rng.uniform(-radius_px, size_px + radius_px, size=2)
            if draw_polygon(instances, centre + outline, len(centres) + 1, max_overlap=0.15):
                centres.append(centre)
                outlines.append(outline)
                kept.append(str(kind))
                break
    nuclei = Nuclei(np.reshape(centres, (-1, 2)), np.reshape(outlines, (-1, N_VERTICES, 2)), tuple(kept))
    return nuclei, instances


def rasterise(nuclei: Nuclei, size_px: int) -> NDArray[np.int32]:
    """The instance map (size_px, size_px) of nuclei; where two overlap the earlier one lies on top."""
    instances = np.zeros((size_px, size_px), np.int32)
    for index in range(len(nuclei)):
        draw_polygon(instances, nuclei.centre[index] + nuclei.outline[index], index + 1, max_overlap=1.0)
    return instances


def draw_outline(kind: NucleusKind, radius_px: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N_VERTICES, 2): an ellipse with a few harmonics, turned at random."""
    theta = np.linspace(0, 2 * np.pi, N_VERTICES, endpoint=False)
    radius = radius_px * max(kind.radius + kind.radius_sd * rng.standard_normal(), 0.4 * kind.radius)
    ratio = np.sqrt(1 + abs(kind.elongation * (1 + 0.4 * rng.standard_normal())))
    harmonics = np.arange(2, 6)
    amplitudes = kind.irregularity * rng.standard_normal(4) / np.sqrt(harmonics - 1)
    wobble = 1 + (amplitudes[:, None] * np.cos(harmonics[:, None] * theta + rng.uniform(0, 6.3, (4, 1)))).sum(0)
    x, y = radius * ratio * wobble * np.cos(theta), radius / ratio * wobble * np.sin(theta)
    turn = rng.uniform(0, np.pi)
    return np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
