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
from pathgan.render.figure_files import PAGE_IN, Files, lettered, save
from pathgan.stores.manifest import read_manifest, rows_of_split
from pathgan.stores.store import ImageStore

Values = NDArray[np.int64]
Sizes = list[Values]  # of every nucleus, mask by mask
N_BINS = 32
REACH = 99  # percentile of either set that axes reach to


def draw(figure: MaskFigure, files: Files, png: Path, pdf: Path) -> None:
    """A row for each data set: areas, and nuclei in a tile; real ones in black. Dotted: means."""
    fig, axes = plt.subplots(len(files), 2, figsize=(PAGE_IN, 2.3 * len(files)), layout="constrained", squeeze=False)
    for (left, right), label, given in zip(axes, figure.sets.values(), files, strict=True):
        real, drawn = _sizes(given)
        areas = np.concatenate(real), np.concatenate(drawn)
        _histograms(left, *areas, np.linspace(0, _reach(*areas), N_BINS + 1))
        counts = np.array(list(map(len, real))), np.array(list(map(len, drawn)))
        _histograms(right, *counts, np.arange(_reach(*counts) + 2) - 0.5)
        left.set(ylabel=f"{label}\nshare of nuclei", xlabel="area of a nucleus [px²]")
        right.set(ylabel="share of tiles", xlabel="nuclei in a tile")
    for axis, letter in zip(axes.flat, lettered([""] * axes.size), strict=True):
        axis.set_title(letter, loc="left")
    save(fig, png, pdf)


def _sizes(files: Mapping[str, str]) -> tuple[Sizes, Sizes]:
    with ImageStore(files["real"]) as store:
        real = areas_of(store.instances(rows_of_split(read_manifest(files["manifest"]), "train", files["manifest"])))
    with ImageStore(files["drawn"]) as store:
        return real, areas_of(store.instances())


def _reach(real: Values, drawn: Values) -> float:
    return float(max(np.percentile(real, REACH), np.percentile(drawn, REACH)))


def _histograms(axis: Axes, real: Values, drawn: Values, bins: NDArray[np.float64]) -> None:
    for values, colour, label in ((real, "black", "real, training"), (drawn, "C0", "polygons")):
        weights = np.full(len(values), 1 / len(values))
        told = f"{label} (mean {values.mean():.4g})"
        axis.hist(values, bins=list(bins), weights=weights, histtype="step", color=colour, label=told)
        axis.axvline(values.mean(), color=colour, linestyle=":", linewidth=1)
    axis.set_ylim(top=1.45 * axis.get_ylim()[1])  # room for the legend
    axis.legend(loc="best")
