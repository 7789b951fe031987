"""A paper's figures: grids of images, masks, maps and segmentations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from pathgan.config.models import Figure, Panel
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import TableError
from pathgan.files import atomic
from pathgan.masks import contours, distance_map, skeleton

Pixels = NDArray[np.uint8]
Read = Callable[[Panel, int], NDArray[Any]]  # image or instances of a panel's item
PANEL_INCHES = 1.9
SKELETON_RED = (230, 30, 40)


class PanelImages:
    """Reads what each panel of a figure shows; `files`: for each its `file`, `field` and maybe `manifest`."""

    def __init__(self, figure: Figure, files: Sequence[Mapping[str, str]]):
        self._files = dict(zip(figure.panels, files, strict=True))

    def read(self, panel: Panel, item: int) -> NDArray[Any]:
        """The image, or for maps the instances, of a panel's item: a row of the test split or sample set."""
        files = self._files[panel]
        with ImageStore(files["file"]) as store:
            rows = np.arange(store.count(files["field"]))
            if "manifest" in files:
                rows = rows_of_split(read_manifest(files["manifest"]), "test", files["manifest"])
            if item >= len(rows):
                raise TableError(f"{files['file']}: the figure asks for item {item} of {len(rows)}; lower `items`")
            read = store.images if files["field"] == "images" else store.instances
            return read(rows[item : item + 1])[0]


def draw_figure(figure: Figure, read: Read, png: Path, pdf: Path) -> None:
    """Writes the grid as PNG and PDF. `read` gives the image, or for maps the instances, of (panel, item)."""
    grid = [[render_panel(panel, read(panel, item)) for panel in figure.panels] for item in figure.items]
    titles = [panel.title for panel in figure.panels]
    if figure.across == "items":
        grid = [list(column) for column in zip(*grid, strict=True)]
    n_rows, n_columns = len(grid), len(grid[0])
    fig, axes = plt.subplots(
        n_rows,
        n_columns,
        squeeze=False,
        figsize=(PANEL_INCHES * n_columns + 0.3, PANEL_INCHES * n_rows + 0.35),
        layout="constrained",
    )
    for i, row in enumerate(grid):
        for j, pixels in enumerate(row):
            axes[i][j].imshow(pixels, interpolation="nearest")
            axes[i][j].set_xticks([])
            axes[i][j].set_yticks([])
    for index, title in enumerate(titles):
        if figure.across == "panels":
            axes[0][index].set_title(title, fontsize=9)
        else:
            axes[index][0].set_ylabel(title, fontsize=9)
    metadata = {"Software": None}
    with atomic(png) as temporary:
        fig.savefig(temporary, dpi=200, metadata=metadata)
    with atomic(pdf) as temporary:
        fig.savefig(temporary, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(fig)


def render_panel(panel: Panel, data: NDArray[Any]) -> Pixels:
    """(h, w, 3) uint8 of one panel."""
    if panel.show == "image":
        return data.astype(np.uint8)
    if panel.show == "distance_map":
        return _grey(distance_map(data))
    if panel.show == "skeleton_map":
        pixels = _grey(distance_map(data))
        pixels[skeleton(data)] = SKELETON_RED
        return pixels
    return colour_instances(data)


def colour_instances(instances: NDArray[np.integer]) -> Pixels:
    """Each nucleus in a colour of its own on black, with a dark contour where it meets another."""
    hues = (np.arange(int(instances.max(initial=0)) + 1) * 0.618034) % 1.0  # golden steps keep neighbours apart
    colours = (255 * matplotlib.colormaps["hsv"](hues)[:, :3] * 0.85 + 30).clip(0, 255).astype(np.uint8)
    colours[0] = 0
    pixels = colours[instances]
    pixels[contours(instances)] = pixels[contours(instances)] // 2
    return pixels


def _grey(field: NDArray[np.floating]) -> Pixels:
    return np.repeat(np.round(255 * field).astype(np.uint8)[..., None], 3, axis=2)
