"""Figures of images: grids of images, masks, maps and segmentations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from pathgan.config.figure_types import ImageFigure, Panel
from pathgan.errors import TableError
from pathgan.masks.maps import contours, distance_map, quantised, skeleton
from pathgan.render.figure_files import PAGE_IN, Files, lettered, save, show_image
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore

Pixels = NDArray[np.uint8]
Read = Callable[[Panel, int], NDArray[Any]]  # image or instances of a panel's item
Scale = Callable[[Panel, int], float | None]  # size of its pixels [um], None where that is unknown
PANEL_IN = 1.7  # of a panel at most
SKELETON_RED = (230, 30, 40)
OUTLINE = (255, 220, 0)  # yellow: no stain has it
RESIDUAL_RANGE = 64.0  # grey levels from black to the brightest


class PanelImages:
    """Reads what each panel of a figure shows; `files`: for each what `Panel.reads` names."""

    def __init__(self, figure: ImageFigure, files: Files):
        self._files = dict(zip(figure.panels, files, strict=True))

    def um_per_px(self, panel: Panel, item: int) -> float | None:
        """The size of the pixels of a panel's item, where its dataset knows it."""
        files = self._files[panel]
        rows = read_manifest(files["manifest"]) if "manifest" in files else []
        sizes = {row["id"]: row["mpp"] for row in rows}
        size = sizes.get(_id_of(panel, files, item)) if rows else ""
        return float(size) if size else None

    def read(self, panel: Panel, item: int) -> NDArray[Any]:
        """The image, or for maps the instances, of a panel's item: of the test split or of a sample set."""
        files = self._files[panel]
        name = _id_of(panel, files, item)
        match panel.show:
            case "image":
                return _pick(files["file"], "images", name)
            case "reconstruction":
                return _pick(files["file"], "reconstructions", name)
            case "residual":  # how far what came back is from the original (h, w), in grey levels
                back = _pick(files["file"], "reconstructions", name).astype(np.float32)
                return np.abs(back - _pick(files["original"], "images", name)).mean(axis=2)
            case "outlines":
                return outlined(_pick(files["original"], "images", name), _pick(files["file"], "instances", name))
        return _pick(files["file"], "instances", name)


def _id_of(panel: Panel, files: Mapping[str, str], item: int) -> str:
    """The id of the `item`-th test image of a class, or of the `item`-th sample."""
    if "manifest" in files:
        ids = ids_of_split(read_manifest(files["manifest"]), "test", files["manifest"], panel.category)
    else:
        with ImageStore(files["file"]) as store:
            ids = store.ids
    if item >= len(ids):
        raise TableError(f"{files['file']}: the figure asks for item {item} of {len(ids)}; lower `items`")
    return ids[item]


def _pick(path: str, field: str, name: str) -> NDArray[Any]:
    with ImageStore(path) as store:
        rows = store.rows([name])
        match field:
            case "images":
                return store.images(rows)[0]
            case "reconstructions":
                return store.reconstructions(rows)[0]
        return store.instances(rows)[0]


def draw(figure: ImageFigure, files: Files, png: Path, pdf: Path) -> None:
    """The items of a test split, or samples, panel by panel."""
    images = PanelImages(figure, files)
    draw_grid(figure, images.read, png, pdf, images.um_per_px)


def draw_grid(
    figure: ImageFigure, read: Read, png: Path, pdf: Path, um_per_px: Scale = lambda panel, item: None
) -> None:
    """Writes the grid as PNG and PDF. `read` gives the image, or for maps the instances, of (panel, item)."""
    grid = [
        [(render_panel(panel, read(panel, item)), um_per_px(panel, item)) for panel in figure.panels]
        for item in figure.items
    ]
    titles = lettered(panel.title for panel in figure.panels)
    if figure.columns:
        grid = [grid[0][start : start + figure.columns] for start in range(0, len(titles), figure.columns)]
    elif figure.across == "items":
        grid = [list(column) for column in zip(*grid, strict=True)]
    n_rows, n_columns = len(grid), len(grid[0])
    side = min(PANEL_IN, (PAGE_IN - 0.3) / n_columns)
    size = (side * n_columns + 0.3, side * n_rows + 0.35)
    fig, axes = plt.subplots(n_rows, n_columns, squeeze=False, figsize=size, layout="constrained")
    for axis in axes.flat:
        axis.set_axis_off()
    told: set[float | None] = set()  # a scale is shown where it is new
    for row_of_axes, row in zip(axes, grid, strict=True):
        for axis, (pixels, size_um) in zip(row_of_axes, row, strict=False):
            axis.set_axis_on()
            show_image(axis, pixels, None if size_um in told else size_um)
            told.add(size_um)
    for index, title in enumerate(titles):
        if figure.columns:
            axes.flat[index].set_title(title)
        elif figure.across == "panels":
            axes[0][index].set_title(title)
        else:
            axes[index][0].set_ylabel(title)
    save(fig, png, pdf)


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
    return np.repeat(quantised(field)[..., None], 3, axis=2)
