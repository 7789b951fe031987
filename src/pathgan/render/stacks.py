"""Figures of focus stacks: plane by plane, and how sharp each plane is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from pathgan.config.models import ProfileFigure, StackFigure
from pathgan.datasets.stacks import IN_FOCUS, N_PLANES
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import TableError
from pathgan.render.figures import save
from pathgan.sharpness import focus_profile

PLANES = np.arange(N_PLANES) - IN_FOCUS
PANEL_INCHES = 0.95
SPREAD = (10, 90)  # percentiles that are shaded


def read_stacks(files: Mapping[str, str]) -> NDArray[np.uint8]:
    """(n, n_planes, h, w, 3): all samples of a `file`, or the test rows of its `manifest`."""
    with ImageStore(files["file"]) as store:
        if "manifest" not in files:
            return store.stacks()
        return store.stacks(rows_of_split(read_manifest(files["manifest"]), "test", files["manifest"]))


def draw_stacks(figure: StackFigure, stacks: NDArray[np.uint8], png: Path, pdf: Path) -> None:
    """A row a stack, a column a plane. Raises TableError for an item that is not there."""
    if max(figure.items) >= len(stacks):
        raise TableError(
            f"{figure.of}: the figure asks for item {max(figure.items)} of {len(stacks)} stacks; lower `items`"
        )
    size = (PANEL_INCHES * N_PLANES, PANEL_INCHES * len(figure.items) + 0.2)
    fig, axes = plt.subplots(
        len(figure.items),
        N_PLANES,
        squeeze=False,
        figsize=size,
        layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0),
    )
    for row, item in zip(axes, figure.items, strict=True):
        for axis, plane in zip(row, stacks[item], strict=True):
            axis.imshow(plane, interpolation="nearest")
            axis.set_xticks([])
            axis.set_yticks([])
    for axis, plane in zip(axes[0], PLANES, strict=True):
        axis.set_title(f"$I_{{{plane:+d}}}$" if plane else "$I_0$", fontsize=9)
    save(fig, png, pdf)


def draw_profiles(figure: ProfileFigure, stacks: Mapping[str, NDArray[np.uint8]], png: Path, pdf: Path) -> None:
    """The variance of the Laplacian over planes, of each stack as a share of its sharpest plane's: mean and spread."""
    fig, axis = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    for index, (name, label) in enumerate(figure.profiles.items()):
        profile = focus_profile(stacks[name])
        profile = profile / np.maximum(profile.max(1, keepdims=True), 1e-9)
        colour, marker = "black" if index == 0 else f"C{index - 1}", "os^Dv*"[index % 6]
        axis.plot(PLANES, profile.mean(0), label=label, markersize=4, linewidth=1.4, color=colour, marker=marker)
        low, high = np.percentile(profile, SPREAD, axis=0)
        axis.fill_between(PLANES, low, high, color=colour, alpha=0.10, linewidth=0)
    axis.set_xticks(PLANES)
    axis.set_xlabel("plane, 0 in focus")
    axis.set_ylabel("sharpness, of the sharpest plane's")
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    fig.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    save(fig, png, pdf)
