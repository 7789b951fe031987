"""A paper's figures: grids of images, masks, maps and segmentations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from pathgan.config.models import CurveFigure, ImageFigure, Panel
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import TableError
from pathgan.files import atomic
from pathgan.masks import contours, distance_map, skeleton

Pixels = NDArray[np.uint8]
Read = Callable[[Panel, int], NDArray[Any]]  # image or instances of a panel's item
PANEL_INCHES = 1.9
SKELETON_RED = (230, 30, 40)
OUTLINE = (255, 220, 0)  # yellow: no stain has it
RESIDUAL_RANGE = 64.0  # grey levels from black to the brightest


class PanelImages:
    """Reads what each panel of a figure shows; `files`: for each its `file`, `field` and maybe `manifest`."""

    def __init__(self, figure: ImageFigure, files: Sequence[Mapping[str, str]]):
        self._files = dict(zip(figure.panels, files, strict=True))

    def read(self, panel: Panel, item: int) -> NDArray[Any]:
        """The image, or for maps the instances, of a panel's item: a row of the test split or sample set."""
        files = self._files[panel]
        if panel.show in ("reconstruction", "residual"):
            return self._reconstruction(panel, files, item)
        shown = _pick(panel, files, files["file"], files["field"], item)
        if panel.show == "outlines":
            return outlined(_pick(panel, files, files["original"], "images", item), shown)
        return shown

    @staticmethod
    def _reconstruction(panel: Panel, files: Mapping[str, str], item: int) -> NDArray[Any]:
        """What came back of an image, or how far it is from the original (h, w) in grey levels."""
        with ImageStore(files["file"]) as store:
            back = store.reconstructions(np.array([item]))[0]
        if panel.show == "reconstruction":
            return back
        rows = rows_of_split(read_manifest(files["manifest"]), "test", files["manifest"])
        with ImageStore(files["original"]) as store:
            original = store.images(rows[item : item + 1])[0]
        return np.abs(back.astype(np.float32) - original).mean(axis=2)


def _pick(panel: Panel, files: Mapping[str, str], path: str, field: str, item: int) -> NDArray[Any]:
    """An item of a store that holds a row for each of the manifest, for each of its test split, or samples."""
    with ImageStore(path) as store:
        rows = np.arange(store.count(field))
        if "manifest" in files:
            table = read_manifest(files["manifest"])
            tested = rows_of_split(table, "test", files["manifest"], panel.category)
            of_split = rows_of_split(table, "test", files["manifest"])
            rows = tested if len(rows) == len(table) else np.searchsorted(of_split, tested)
        if item >= len(rows):
            raise TableError(f"{path}: the figure asks for item {item} of {len(rows)}; lower `items`")
        read = store.images if field == "images" else store.instances
        return read(rows[item : item + 1])[0]


def draw_curves(figure: CurveFigure, files: Mapping[str, Sequence[str]], png: Path, pdf: Path) -> None:
    """One panel a metric: the mean over seeds against the epoch, and where there are several seeds their range."""
    frames = {run: [pd.read_csv(file) for file in seeds] for run, seeds in files.items()}
    n_columns = min(2, len(figure.metrics))
    n_rows = -(-len(figure.metrics) // n_columns)
    fig, axes = plt.subplots(
        n_rows, n_columns, squeeze=False, figsize=(3.6 * n_columns, 2.6 * n_rows + 0.5), layout="constrained"
    )
    for axis, (metric, label) in zip(axes.flat, figure.metrics.items(), strict=False):
        for index, (run, name) in enumerate(figure.curves.items()):
            values = np.array([frame[metric] for frame in frames[run]])
            epochs, style = frames[run][0]["epoch"], {"color": f"C{index}", "marker": "os^Dv"[index % 5]}
            axis.plot(epochs, values.mean(axis=0), label=name, markersize=3.5, linewidth=1.3, **style)
            if len(values) > 1:
                axis.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=f"C{index}", alpha=0.15)
        axis.set_xlabel("epoch")
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(figure.metrics) :]:
        axis.set_axis_off()
    handles, labels = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    save(fig, png, pdf)


def draw_figure(figure: ImageFigure, read: Read, png: Path, pdf: Path) -> None:
    """Writes the grid as PNG and PDF. `read` gives the image, or for maps the instances, of (panel, item)."""
    grid = [[render_panel(panel, read(panel, item)) for panel in figure.panels] for item in figure.items]
    titles = [panel.title for panel in figure.panels]
    if figure.columns:
        grid = [grid[0][start : start + figure.columns] for start in range(0, len(titles), figure.columns)]
    elif figure.across == "items":
        grid = [list(column) for column in zip(*grid, strict=True)]
    n_rows, n_columns = len(grid), len(grid[0])
    fig, axes = plt.subplots(
        n_rows,
        n_columns,
        squeeze=False,
        figsize=(PANEL_INCHES * n_columns + 0.3, PANEL_INCHES * n_rows + 0.35),
        layout="constrained",
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for i, row in enumerate(grid):
        for j, pixels in enumerate(row):
            axes[i][j].set_axis_on()
            axes[i][j].imshow(pixels, interpolation="nearest")
            axes[i][j].set_xticks([])
            axes[i][j].set_yticks([])
    for index, title in enumerate(titles):
        if figure.columns:
            axes.flat[index].set_title(title, fontsize=8)
        elif figure.across == "panels":
            axes[0][index].set_title(title, fontsize=9)
        else:
            axes[index][0].set_ylabel(title, fontsize=9)
    save(fig, png, pdf)


def save(fig: Any, png: Path, pdf: Path) -> None:
    """The same bytes of the same figure: without dates and versions."""
    metadata = {"Software": None}
    with atomic(png) as temporary:
        fig.savefig(temporary, dpi=200, metadata=metadata)
    with atomic(pdf) as temporary:
        fig.savefig(temporary, metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(fig)


def render_panel(panel: Panel, data: NDArray[Any]) -> Pixels:
    """(h, w, 3) uint8 of one panel."""
    if panel.show in ("image", "outlines", "reconstruction"):
        return data.astype(np.uint8)
    if panel.show == "residual":
        shade = matplotlib.colormaps["magma"](np.minimum(data / RESIDUAL_RANGE, 1.0))
        return np.round(255 * shade[..., :3]).astype(np.uint8)
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


def outlined(image: Pixels, instances: NDArray[np.integer]) -> Pixels:
    """An image with a line around each nucleus."""
    pixels = image.copy()
    pixels[contours(instances)] = OUTLINE
    return pixels


def _grey(field: NDArray[np.floating]) -> Pixels:
    return np.repeat(np.round(255 * field).astype(np.uint8)[..., None], 3, axis=2)
