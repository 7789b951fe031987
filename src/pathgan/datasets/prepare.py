"""A dataset's images as tiles in one store with a manifest: what every later stage reads."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pathgan.config.dataset_types import Split, Tiles
from pathgan.datasets.items import Item
from pathgan.datasets.mask_files import relabel
from pathgan.datasets.splits import assign_folds, assign_splits, check_apart, check_every_class, chosen, groups_of
from pathgan.datasets.tiles import place_id, tile_offsets
from pathgan.errors import DataError
from pathgan.stores.dataset_counts import Counts
from pathgan.stores.manifest import write_manifest
from pathgan.stores.store import write_store

if TYPE_CHECKING:
    from pathgan.datasets.image_dataset import ImageDataset


def prepare_dataset(dataset: ImageDataset, data_root: Path, store: Path, manifest: Path) -> Counts:
    """Reads, splits and tiles a dataset into `store` and `manifest`; returns what its files hold, and the tiles.

    Training images are tiled at `stride_px`, test images edge to edge. Raises DataError, and leaves
    nothing behind, where an image is damaged, too small, or has no mask of its size.
    """
    with tempfile.TemporaryFile() as spool, h5py.File(spool, "w") as scratch:
        # Splits need every group, tiles need the split: one pass spools the items, one cuts them.
        items = []
        counts: Counter[str] = Counter()
        for index, item in enumerate(dataset.items(data_root)):
            scratch[f"{index}/image"] = item.image
            if item.instances is not None:
                scratch[f"{index}/instances"] = item.instances
                counts["nuclei"] += len(np.setdiff1d(item.instances, [0]))
            if item.loaded is not None:
                scratch[f"{index}/loaded"] = item.loaded
            counts.update(["images", f"images/{item.category}"] if item.category else ["images"])
            items.append(replace(item, image=_NOTHING, instances=None, loaded=None))
        if patients := {item.patient for item in items if item.patient}:
            counts["patients"] = len(patients)
        taken = chosen(items, dataset.split)
        items = [items[index] for index in taken]
        groups, sides = _split(items, dataset.split)
        rows: list[dict[str, object]] = []
        places: list[tuple[int, int, int]] = []
        for index, item, group, side in zip(taken, items, groups, sides, strict=True):
            for x, y in _places(scratch[f"{index}/image"].shape[:2], dataset.tiles, side, item):
                places.append((index, x, y))
                rows.append(
                    {
                        "id": f"{item.id}_{place_id(x, y)}",
                        "source": _source_name(item.source, data_root),
                        "sha256": item.sha256,
                        "class": item.category,
                        "group": group,
                        "patient": item.patient,
                        "split": side,
                        "x": x,
                        "y": y,
                    }
                )
        tile_px = dataset.tiles.tile_px

        def tiles(field: str) -> Iterator[NDArray[Any]]:
            for index, x, y in places:
                yield scratch[f"{index}/{field}"][y : y + tile_px, x : x + tile_px]

        fields: dict[str, Any] = {"images": tiles("image")}
        if "0/instances" in scratch:
            fields["instances"] = map(relabel, tiles("instances"))
        if "0/loaded" in scratch:
            fields["loaded"] = (scratch[f"{index}/loaded"][:] for index, _, _ in places)
        n = write_store(store, [str(row["id"]) for row in rows], **fields)
    write_manifest(manifest, rows)
    return {**counts, "tiles": n}


def _split(items: list[Item], split: Split) -> tuple[list[str], list[str]]:
    """The group and the side of each item."""
    names = Counter(item.id for item in items)
    twice = [name for name, n in names.items() if n > 1]
    if twice:
        sources = ", ".join(item.source for item in items if item.id == twice[0])
        raise DataError(f"{sources}: would have the same name {twice[0]!r}; rename one of them")
    groups = groups_of(items, split.by)
    given = dict(zip(groups, (item.split for item in items), strict=True))
    if split.folds:
        if any(given.values()):
            raise DataError("split.folds: the data bring a split of their own; take theirs or the folds away")
        of_class: dict[str, str] = {}  # a patient of two classes is dealt out with the first
        for group, item in zip(groups, items, strict=True):
            of_class.setdefault(group, item.category)
        sides_of = assign_folds(of_class, split)
        check_every_class(items, [sides_of[group] for group in groups])
    else:
        sides_of = assign_splits(given, split, Counter(groups))
    sides = [sides_of[group] for group in groups]
    check_apart(items, sides)
    return groups, sides


_NOTHING = np.empty((0, 0, 3), np.uint8)


def _places(shape: tuple[int, int], tiles: Tiles, side: str, item: Item) -> Iterator[tuple[int, int]]:
    stride = tiles.stride_px if side == "train" else tiles.tile_px
    try:
        for y in tile_offsets(shape[0], tiles.tile_px, stride):
            for x in tile_offsets(shape[1], tiles.tile_px, stride):
                yield x, y
    except DataError as error:
        raise DataError(f"{item.source} ({item.id}): {error}; lower tiles.tile_px or leave the image out") from None


def _source_name(source: str, data_root: Path) -> str:
    """The path below data_root, so that a manifest does not depend on where the data lie."""
    path = Path(source)
    return path.relative_to(data_root).as_posix() if path.is_relative_to(data_root) else source
