"""Figures of what the nuclei of several sets of images are like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from pathgan.config.figure_types import NucleiFigure
from pathgan.errors import DataError
from pathgan.metrics.morphometry import Nuclei, measure_all, together
from pathgan.render.figure_files import PAGE_IN, Files, lettered, save
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore

LABELS = {
    "area": "area [px²]",
    "perimeter": "perimeter [px]",
    "eccentricity": "eccentricity",
    "solidity": "solidity",
    "haematoxylin": "haematoxylin [OD]",
    "haematoxylin_sd": "SD of haematoxylin [OD]",
    "contrast": "texture contrast",
    "homogeneity": "texture homogeneity",
    "neighbour_px": "to next nucleus [px]",
}
SHOWN = (1, 99)  # percentiles of all nuclei, between which axes reach
FEWEST = 3  # nuclei, of fewer no curve is drawn
HEIGHT = 0.85  # of a curve, where sets are 1 apart


def draw(figure: NucleiFigure, files: Files, png: Path, pdf: Path) -> None:
    """The features of all sets; see `draw_nuclei`. Raises DataError where the first one has no nuclei."""
    sets = {name: _nuclei(figure, one) for name, one in zip(figure.sets, files, strict=True)}
    if not len(sets[next(iter(figure.sets))]["area"]):
        raise DataError(
            f"{files[0]['instances']}: no nuclei in the images that others are held against; expected some: train the "
            "segmenter for longer, or take another split"
        )
    draw_nuclei(figure, sets, png, pdf)


def _nuclei(figure: NucleiFigure, files: Mapping[str, str]) -> Nuclei:
    with ImageStore(files["images"]) as images, ImageStore(files["instances"]) as maps:
        items = images.ids
        if "manifest" in files:
            items = ids_of_split(read_manifest(files["manifest"]), figure.split, files["manifest"], figure.category)
        found = measure_all(images.images(images.rows(items)), maps.instances(maps.rows(items)), figure.stain)
    return together(found)


def draw_nuclei(figure: NucleiFigure, sets: Mapping[str, Nuclei], png: Path, pdf: Path) -> None:
    """One panel per feature, one density per set, with its median; the dotted line is the first set's median."""
    n = len(figure.features)
    size = (PAGE_IN, 0.9 + 0.55 * len(sets))
    fig, axes = plt.subplots(1, n, figsize=size, layout="constrained", sharey=True, squeeze=False)
    for axis, letter, feature in zip(axes[0], lettered([""] * n), figure.features, strict=True):
        values = [nuclei[feature][~np.isnan(nuclei[feature])] for nuclei in sets.values()]
        low, high = np.percentile(np.concatenate(values), SHOWN)
        grid = np.linspace(low, high if high > low else low + 1, 300)
        axis.axvline(np.median(values[0]), color="black", linestyle=":", linewidth=1)
        for row, one in enumerate(values):
            colour = "black" if row == 0 else f"C{row - 1}"
            if len(one) < FEWEST or one.std() == 0:
                axis.plot(one, np.full(len(one), -row), "|", color=colour)
                continue
            height = _density(one, grid)
            axis.fill_between(grid, -row, height - row, color=colour, alpha=0.35, linewidth=0)
            axis.plot(grid, height - row, color=colour, linewidth=1.2)
            axis.vlines(np.median(one), -row, HEIGHT - row, color=colour, linewidth=1.6)
        axis.set_xlim(grid[0], grid[-1])
        axis.set_xlabel(LABELS[feature])
        axis.set_title(letter, loc="left")
        axis.spines["left"].set_visible(False)
        axis.tick_params(axis="y", length=0)
    counts = [len(nuclei["area"]) for nuclei in sets.values()]
    labels = [f"{label}\n{count} nuclei" for label, count in zip(figure.sets.values(), counts, strict=True)]
    axes[0][0].set_yticks([HEIGHT / 2 - row for row in range(len(sets))], labels)
    axes[0][0].set_ylim(-len(sets) + 0.9, 1)
    save(fig, png, pdf)


def _density(values: NDArray[np.float64], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its highest point at HEIGHT."""
    density = gaussian_kde(values)(grid)
    return np.asarray(density * (HEIGHT / max(density.max(), 1e-12)))
