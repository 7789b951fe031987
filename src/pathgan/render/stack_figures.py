"""Figures of focus stacks, plane by plane."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from pathgan.config.figure_types import StackFigure
from pathgan.errors import TableError
from pathgan.render.figure_files import PAGE_IN, Files, save, show_image
from pathgan.render.stack_reading import PLANES, pixel_sizes, read_stacks
from pathgan.stores.focus_stacks import N_PLANES

PANEL_IN = PAGE_IN / N_PLANES


def draw(figure: StackFigure, files: Files, png: Path, pdf: Path) -> None:
    """The stacks of one set; see `draw_stacks`."""
    draw_stacks(figure, read_stacks(files[0]), png, pdf, pixel_sizes(files[0]))


def draw_stacks(
    figure: StackFigure, stacks: NDArray[np.uint8], png: Path, pdf: Path, sizes: Sequence[float | None] = ()
) -> None:
    """One row per stack, one column per plane. sizes: of the pixels of each stack [um], where they are known.

    Raises TableError for an item that is not there.
    """
    if max(figure.items) >= len(stacks):
        raise TableError(
            f"{figure.of}: the figure asks for item {max(figure.items)} of {len(stacks)} stacks; lower `items`"
        )
    size = (PANEL_IN * N_PLANES, PANEL_IN * len(figure.items) + 0.2)
    fig, axes = plt.subplots(
        len(figure.items),
        N_PLANES,
        squeeze=False,
        figsize=size,
        layout=ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0),
    )
    for row, item in zip(axes, figure.items, strict=True):
        for axis, plane in zip(row, stacks[item], strict=True):
            show_image(axis, plane, sizes[item] if sizes and axis is axes[0][0] else None)
    for axis, plane in zip(axes[0], PLANES, strict=True):
        axis.set_title(f"$I_{{{plane:+d}}}$" if plane else "$I_0$")
    save(fig, png, pdf)
