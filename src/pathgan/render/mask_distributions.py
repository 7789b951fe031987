"""Figures of how large and how many nuclei are in masks that were drawn, beside real ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pathgan.config.figure_types import MaskFigure
from pathgan.masks.polygon_maps import areas_of
from pathgan.render.figure_files import Files, save
from pathgan.stores.manifest import read_manifest, rows_of_split
from pathgan.stores.store import ImageStore

Sizes = list[NDArray[np.int64]]  # of every nucleus, mask by mask
N_BINS = 32
REACH = 99  # percentile of either set that axes reach to


def draw(figure: MaskFigure, files: Files, png: Path, pdf: Path) -> None:
    """A row for each data set: areas, and nuclei a tile; real ones in black."""
    fig, axes = plt.subplots(len(files), 2, figsize=(8, 2.5 * len(files)), layout="constrained", squeeze=False)
    for row, (name, given) in zip(axes, zip(figure.sets.values(), files, strict=True), strict=True):
        real, drawn = _sizes(given)
        _histograms(row[0], np.concatenate(real), np.concatenate(drawn))
        _histograms(row[1], np.array(list(map(len, real))), np.array(list(map(len, drawn))))
        row[0].set_ylabel(f"{name}\nshare of nuclei")
        row[0].set_xlabel("area of a nucleus [px²]")
        row[1].set_ylabel("share of tiles")
        row[1].set_xlabel("nuclei in a tile")
    save(fig, png, pdf)


def _sizes(files: Mapping[str, str]) -> tuple[Sizes, Sizes]:
    with ImageStore(files["real"]) as store:
        real = areas_of(store.instances(rows_of_split(read_manifest(files["manifest"]), "train", files["manifest"])))
    with ImageStore(files["drawn"]) as store:
        return real, areas_of(store.instances())


def _histograms(axis: Axes, real: NDArray[np.int64], drawn: NDArray[np.int64]) -> None:
    """Of both sets with equal bins, and their means as lines."""
    most = max(np.percentile(real, REACH), np.percentile(drawn, REACH))
    n_bins = min(N_BINS, max(int(most), 1))
    for values, colour, label in ((real, "black", "real, training"), (drawn, "C0", "polygons")):
        weights = np.full(len(values), 1 / len(values))
        told = f"{label} (mean {values.mean():.4g})"
        axis.hist(values, bins=n_bins, range=(0, most), weights=weights, histtype="step", color=colour, label=told)
        axis.axvline(values.mean(), color=colour, linestyle=":", linewidth=1)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_ylim(top=1.45 * axis.get_ylim()[1])  # room for the legend
    axis.legend(frameon=False, fontsize="small", loc="upper right")
