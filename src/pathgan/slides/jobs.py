"""What the rules of slides do: register pairs, tile slides, gather tiles into a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
from PIL import Image

from pathgan.config.datasets import SlideDataset
from pathgan.datasets.slide_sets import SlideFile
from pathgan.datasets.store import write_manifest, write_store
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of, write_rows
from pathgan.slides.base import Pixels
from pathgan.slides.pairs import draw_registration, read_registered, register_slides, score_registration
from pathgan.slides.reading import open_slide
from pathgan.slides.tiling import draw_grid, plan_tiles, read_tiles
from pathgan.slides.transforms import Transform

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
        facts["sha256"] = sha256_of(slide.path)
        write_store(out["store"], facts, images=images, x=tiling.x, y=tiling.y, tissue=tiling.tissue)
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


def gather(parts: Iterable[Mapping[str, Any]], store: Path, manifest: Path) -> int:
    """One dataset of the tile stores of many slides; returns the number of tiles.

    parts: for each slide its `store`, `source`, `pair`, `group` and `split`. An item is named after pair and place, so
    that tiles of registered slides that show the same tissue have the same name.
    """
    parts = list(parts)
    rows: list[dict[str, object]] = []
    for part in parts:
        with h5py.File(part["store"], "r") as file:
            facts = {name: file.attrs[name] for name in ("sha256", "level", "mpp")}
            for x, y in zip(file["x"][:], file["y"][:], strict=True):
                item = f"{part['pair']}_x{x}_y{y}"
                place = {"id": item, "source": part["source"], "group": part["group"], "split": part["split"]}
                rows.append({**place, **facts, "x": x, "y": y})

    def images() -> Iterator[Pixels]:
        for part in parts:
            with h5py.File(part["store"], "r") as file:
                yield from (file["images"][row] for row in range(len(file["images"])))

    n = write_store(store, images=images())
    if n != len(rows):
        raise DataError(f"{store}: {n} tiles for {len(rows)} rows; make the tiles again with --force")
    write_manifest(manifest, rows)
    return n


def _tidy(item: str, scores: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
    return ((item, metric, f"{value:.9g}") for metric, value in scores.items())


def _save_picture(pixels: Pixels, path: Path) -> None:
    image = Image.fromarray(pixels)
    image.thumbnail((PICTURE_PX, PICTURE_PX))
    with atomic(path) as temporary:
        image.save(temporary, optimize=True)
