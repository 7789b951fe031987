"""Figures of how sharp each plane of focus stacks is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from pathgan.config.figure_types import ProfileFigure
from pathgan.render.figure_files import Files, look, save
from pathgan.render.stack_reading import PLANES, read_stacks
from pathgan.sharpness import focus_profile

SPREAD = (10, 90)  # percentiles that are shaded


def draw(figure: ProfileFigure, files: Files, png: Path, pdf: Path) -> None:
    """The profiles of all sets in one panel; see `draw_profiles`."""
    stacks = {name: read_stacks(one) for name, one in zip(figure.profiles, files, strict=True)}
    draw_profiles(figure, stacks, png, pdf)


def draw_profiles(figure: ProfileFigure, stacks: Mapping[str, NDArray[np.uint8]], png: Path, pdf: Path) -> None:
    """The variance of the Laplacian over planes, of each stack as a share of its sharpest plane's: mean and spread."""
    fig, axis = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    for index, (name, label) in enumerate(figure.profiles.items()):
        profile = focus_profile(stacks[name])
        profile = profile / np.maximum(profile.max(1, keepdims=True), 1e-9)
        style: dict[str, Any] = look(index - 1) if index else {"color": "black", "marker": "P"}
        axis.plot(PLANES, profile.mean(0), label=label, **style)
        low, high = np.percentile(profile, SPREAD, axis=0)
        axis.fill_between(PLANES, low, high, color=style["color"], alpha=0.10, linewidth=0)
    axis.set(xticks=PLANES, xlabel="plane, 0 in focus", ylabel="sharpness, of the sharpest plane's")
    axis.set_ylim(bottom=0)
    axis.grid()
    fig.legend(loc="outside upper center", ncols=3)
    save(fig, png, pdf)
