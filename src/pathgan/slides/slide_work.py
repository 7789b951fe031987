"""What the rules of slides do: register pairs, tile slides, extract cells, gather either into a dataset."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from PIL import Image

from pathgan.config.dataset_types import Split
from pathgan.config.slide_types import CellDataset, SlideDataset
from pathgan.datasets.slide_sets import SlideFile
from pathgan.datasets.splits import assign_splits
from pathgan.datasets.tiles import place_id
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of, write_rows
from pathgan.slides.cells import DROPPED_FOR, Cell, Frame, draw_cells, extract
from pathgan.slides.pairs import draw_registration, read_registered, register_slides, score_registration
from pathgan.slides.reading import open_slide
from pathgan.slides.slide import Pixels
from pathgan.slides.tiling import draw_grid, plan_tiles, read_tiles
from pathgan.slides.transforms import Transform
from pathgan.stores.dataset_counts import Counts
from pathgan.stores.focus_stacks import Stack, write_stacks
from pathgan.stores.hdf5_files import open_hdf5
from pathgan.stores.manifest import write_manifest
from pathgan.stores.store import write_store

PICTURE_PX = 2000  # longer side of what the report shows


def register_pair(fixed: SlideFile, moving: SlideFile, pixels_per_landmark: float, out: Mapping[str, Path]) -> None:
    """Writes `transform`, `scores` and `picture` of a pair of slides."""
    pair = register_slides(fixed, moving)
    scores = score_registration(pair, fixed, moving, pixels_per_landmark)
    pair.transform.write(out["transform"], method=pair.registration.method, quality=pair.registration.quality)
    write_rows(out["scores"], ("item", "metric", "value"), _tidy(moving.slide, scores))
    _save_picture(draw_registration(pair), out["picture"])


def tile(
    dataset: SlideDataset,
    slide: SlideFile,
    side: str,
    out: Mapping[str, Path],
    fixed: SlideFile | None = None,
    transform: Path | None = None,
) -> None:
    """Writes `store`, `scores` and `picture` of a slide's tiles: of the side `train` overlapping, else edge to edge.

    With `fixed` and `transform` the tiles are those of the fixed slide, and show this one's tissue in its frame.
    """
    framed = fixed or slide
    stride_px = dataset.tiles.stride_px if side == "train" else dataset.tiles.tile_px
    with open_slide(framed.path) as frame, open_slide(slide.path) as moving:
        tiling, small, mask = plan_tiles(
            frame, dataset.tiles.tile_px, stride_px, dataset.mpp, dataset.min_tissue, framed.mpp
        )
        images: Iterator[Pixels] = read_tiles(frame, tiling)
        if transform is not None:
            images = read_registered(moving, tiling, frame, Transform.read(transform))
        facts: dict[str, float | str] = {"level": tiling.level, "mpp": tiling.mpp, "scale": tiling.scale}
        facts["sha256"] = _sha256(slide.path)
        write_store(out["store"], tiling.ids, facts, images=images, x=tiling.x, y=tiling.y, tissue=tiling.tissue)
    scores = {
        "n_tiles": float(len(tiling)),
        "n_grid": float(tiling.grid[0] * tiling.grid[1]),
        "tissue": float(mask.mean()),
        "level": float(tiling.level),
        "scale": tiling.scale,
        "mpp": tiling.mpp,
    }
    write_rows(out["scores"], ("item", "metric", "value"), _tidy(slide.slide, scores))
    _save_picture(draw_grid(small, mask, tiling), out["picture"])


def extract_cells(dataset: CellDataset, slide: SlideFile, out: Mapping[str, Path]) -> None:
    """Writes `store`, `cells`, `scores` and `picture` of a slide's cells; `cells` lists also those that were dropped.

    Raises DataError where no cell is left, and says what became of them.
    """
    found: list[Cell] = []
    ids: list[str] = []
    x: list[int] = []
    y: list[int] = []

    def stacks(frame: Frame) -> Iterator[Stack]:
        for cell, stack in extract(frame, dataset, slide.plane_um):
            found.append(cell)
            if stack is not None:
                x.append(round(cell.x))
                y.append(round(cell.y))
                ids.append(place_id(x[-1], y[-1]))
                yield stack
        if not x:
            raise DataError(_nothing_taken(slide.path, found, dataset))

    with open_slide(slide.path) as source:
        frame = Frame(source, dataset, slide.mpp)
        facts: dict[str, float | str] = {"level": frame.level, "mpp": dataset.mpp, "sha256": _sha256(slide.path)}
        n = write_stacks(out["store"], ids, stacks(frame), facts, x=x, y=y)
        write_rows(out["cells"], [field.name for field in fields(Cell)], map(_cell_row, found))
        reasons = Counter(cell.dropped for cell in found)
        scores = {"n_found": len(found), "n_taken": n}
        scores |= {name.replace(" ", "_"): reasons[name] for name in DROPPED_FOR}
        write_rows(out["scores"], ("item", "metric", "value"), _tidy(slide.slide, scores))
        _save_picture(draw_cells(frame, found, dataset, PICTURE_PX), out["picture"])


def _nothing_taken(path: Path, found: list[Cell], dataset: CellDataset) -> str:
    if dataset.cut == "patches":
        return f"{path}: no patch of {dataset.cell_px} px is filled; look at `bright`, or lower cell_px"
    reasons = Counter(cell.dropped for cell in found)
    told = ", ".join(f"{n} {reason}" for reason, n in reasons.items()) or "none was found"
    return f"{path}: no cell to take ({told}); look at the dataset's diameter_um, min_solidity and min_focus"


def gather(parts: Iterable[Mapping[str, Any]], store: Path, manifest: Path, split: Split | None = None) -> Counts:
    """One dataset of the tiles or cells of many slides; returns what it holds.

    parts: for each slide its `store`, `source`, `pair`, `group` and `split`. An item is named after pair and place, so
    that tiles of registered slides that show the same tissue have the same name. `split`: deals the items of slides
    without one side of their own one by one.
    """
    parts = list(parts)
    rows: list[dict[str, object]] = []
    for part in parts:
        with open_hdf5(part["store"]) as file:
            facts = {name: file.attrs[name] for name in ("sha256", "level", "mpp")}
            for x, y in zip(file["x"][:], file["y"][:], strict=True):
                told = {name: part[name] for name in ("source", "group", "split")}
                name, patient = f"{part['pair']}_{place_id(x, y)}", part["group"]
                rows.append({"id": name, "patient": patient, **told, **facts, "x": x, "y": y})

    if split:
        sides = assign_splits({str(row["id"]): str(row["split"]) for row in rows}, split)
        rows = [{**row, "group": row["id"], "split": sides[str(row["id"])]} for row in rows]

    def items(field: str) -> Iterator[Pixels]:
        for part in parts:
            with open_hdf5(part["store"]) as file:
                yield from (file[field][row] for row in range(len(file[field])))

    with open_hdf5(parts[0]["store"]) as file:
        held = [name for name in ("stacks", "images") if name in file]
    n = write_store(store, [str(row["id"]) for row in rows], **{name: items(name) for name in held})  # type: ignore[arg-type]
    write_manifest(manifest, rows)
    return {"pairs": len({part["pair"] for part in parts}), ("tiles" if held == ["images"] else "stacks"): n}


def _cell_row(cell: Cell) -> tuple[str, ...]:
    return tuple(f"{value:.3f}" if isinstance(value, float) else str(value) for value in astuple(cell))


def _sha256(path: Path) -> str:
    """Of a file, or of the files of a folder, by name."""
    if not path.is_dir():
        return sha256_of(path)
    files = sorted(file for file in path.iterdir() if file.is_file())
    return hashlib.sha256("".join(f"{file.name} {sha256_of(file)}\n" for file in files).encode()).hexdigest()


def _tidy(item: str, scores: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
    return ((item, metric, f"{value:.9g}") for metric, value in scores.items())


def _save_picture(pixels: Pixels, path: Path) -> None:
    image = Image.fromarray(pixels)
    image.thumbnail((PICTURE_PX, PICTURE_PX))
    with atomic(path) as temporary:
        image.save(temporary, optimize=True)
