"""One HDF5 file of equal tiles a dataset, and its manifest."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.files import atomic

STAND_IN = "stand_in"  # attribute of a store whose images a random network made: the network that it stands in for
Manifest = list[dict[str, str]]
MANIFEST_COLUMNS = ("id", "source", "sha256", "class", "group", "split", "x", "y", "level", "mpp")


def write_store(
    path: Path, attributes: Mapping[str, float | str] | None = None, **fields: Iterable[NDArray[np.generic]] | list[int]
) -> int:
    """Writes the fields (`images`, `instances`) side by side, so that memory holds one item of each; returns n.

    Every item of a field has one shape and type; a chunk is an item. An array or list of one number an item is written
    whole at the end, so that a list may fill while items stream by.
    """
    whole = {
        name: items
        for name, items in fields.items()
        if isinstance(items, list) or (isinstance(items, np.ndarray) and items.ndim == 1)
    }
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update(attributes or {})
        streamed = {name: items for name, items in fields.items() if name not in whole}
        n = 0
        for items in zip(*streamed.values(), strict=True):
            for name, item in zip(streamed, items, strict=True):
                _append(file, name, item, path)
            n += 1
        for name, values in whole.items():
            if len(values) != n:
                raise DataError(f"{path}: {name} has {len(values)} numbers for {n} items")
            file[name] = values
    return n


def _append(file: h5py.File, name: str, item: NDArray[np.generic], path: Path) -> None:
    if name not in file:
        file.create_dataset(
            name,
            shape=(0, *item.shape),
            maxshape=(None, *item.shape),
            chunks=(1, *item.shape),
            dtype=item.dtype,
            # Tissue hardly shrinks. gzip, not lzf, whose bytes differ from run to run.
            **({} if item.dtype == np.uint8 else {"compression": "gzip", "compression_opts": 1}),
            shuffle=item.dtype.itemsize > 1,
        )
    stored = file[name]
    n = len(stored)
    if item.shape != stored.shape[1:]:
        raise DataError(f"{path}: {name}: item {n} is {item.shape}, the first was {stored.shape[1:]}")
    stored.resize(n + 1, axis=0)
    stored[n] = item


class ImageStore:
    """Reads a store. Open it in the process that reads it, as a context manager."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        try:
            self._file = h5py.File(self.path, "r")
        except OSError as error:
            raise DataError(f"{self.path}: not a readable store ({error}); make it again with --force") from error

    def __enter__(self) -> ImageStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def stand_in(self) -> str:
        """The network for which a random one stood in when the images were made; '' for none."""
        return str(self._file.attrs.get(STAND_IN, ""))

    @property
    def n_items(self) -> int:
        """The number of items, whatever fields they have."""
        return len(next(iter(self._file.values())))

    def count(self, field: str) -> int:
        """The number of items of a field. Raises DataError where there is none of the name."""
        self._check(field)
        return int(self._file[field].shape[0])

    def images(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, h, w, 3), all or the ascending rows."""
        return self._read("images", rows).astype(np.uint8, copy=False)

    def stacks(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, n_planes, h, w, 3), all or the ascending rows."""
        return self._read("stacks", rows).astype(np.uint8, copy=False)

    def has(self, field: str) -> bool:
        return field in self._file

    def reconstructions(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, h, w, 3), of a store of translated images, all or the ascending rows."""
        return self._read("reconstructions", rows).astype(np.uint8, copy=False)

    def instances(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.int32]:
        """(n, h, w), all or the ascending rows."""
        return self._read("instances", rows).astype(np.int32, copy=False)

    def _read(self, field: str, rows: NDArray[np.integer] | None) -> NDArray[np.generic]:
        self._check(field)
        stored = self._file[field]
        if rows is None:
            return np.asarray(stored[:])
        # Reading the span and picking from it: fancy indexing in HDF5 is slower than the whole file.
        if len(rows) == 0:
            return np.empty((0, *stored.shape[1:]), stored.dtype)
        return np.asarray(stored[rows.min() : rows.max() + 1])[rows - rows.min()]

    def _check(self, field: str) -> None:
        if field not in self._file:
            raise DataError(f"{self.path}: holds no {field!r}, only {', '.join(self._file)}")


def write_manifest(path: Path, rows: list[dict[str, object]]) -> None:
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, MANIFEST_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_manifest(path: Path | str) -> Manifest:
    """One row an item of the store, in its order; all values are strings."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_of_split(manifest: Manifest, split: str, where: str, category: str = "") -> NDArray[np.int64]:
    """The rows of `train`, `validation`, `test` or `all` items, of one class where it is named, ascending.

    Raises DataError where there are none.
    """
    rows = [
        index for index, row in enumerate(manifest) if split in ("all", row["split"]) and category in ("", row["class"])
    ]
    if not rows:
        of_class = f" of the class {category!r}" if category else ""
        raise DataError(f"{where}: the {split} split{of_class} is empty; change the dataset's `split` or add images")
    return np.array(rows, np.int64)
