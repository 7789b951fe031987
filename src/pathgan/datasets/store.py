"""One HDF5 file of equal tiles a dataset, and its manifest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.files import atomic

MANIFEST_COLUMNS = ("id", "source", "sha256", "class", "group", "split", "x", "y")


def write_store(path: Path, **fields: Iterable[NDArray[np.generic]]) -> int:
    """Writes each field (`images`, `instances`) item by item, so that memory holds one item; returns n.

    Every item of a field has one shape and type; a chunk is an item.
    """
    n = 0
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        for name, items in fields.items():
            n = 0
            stored = None
            for item in items:
                if stored is None:
                    stored = file.create_dataset(
                        name,
                        shape=(0, *item.shape),
                        maxshape=(None, *item.shape),
                        chunks=(1, *item.shape),
                        dtype=item.dtype,
                        compression="lzf",
                        shuffle=item.dtype.itemsize > 1,
                    )
                if item.shape != stored.shape[1:]:
                    raise DataError(f"{path}: {name}: item {n} is {item.shape}, the first was {stored.shape[1:]}")
                stored.resize(n + 1, axis=0)
                stored[n] = item
                n += 1
    return n


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

    def __contains__(self, field: str) -> bool:
        return field in self._file

    def count(self, field: str) -> int:
        """The number of items of a field."""
        return int(self._file[field].shape[0])

    def read(self, field: str, rows: NDArray[np.integer] | None = None) -> NDArray[np.generic]:
        """A field, whole or its ascending rows: `images` (n, h, w, 3) uint8, `instances` (n, h, w) int32."""
        if field not in self._file:
            raise DataError(f"{self.path}: holds no {field!r}, only {', '.join(self._file)}")
        stored = self._file[field]
        if rows is None:
            return np.asarray(stored[:])
        # Reading the span and picking from it: fancy indexing in HDF5 is slower than the whole file.
        if len(rows) == 0:
            return np.empty((0, *stored.shape[1:]), stored.dtype)
        return np.asarray(stored[rows.min() : rows.max() + 1])[rows - rows.min()]


def write_manifest(path: Path, rows: list[dict[str, object]]) -> None:
    with atomic(path) as temporary:
        pd.DataFrame(rows, columns=list(MANIFEST_COLUMNS)).to_csv(temporary, index=False, lineterminator="\n")


def read_manifest(path: Path | str) -> pd.DataFrame:
    """One row an item of the store, in its order."""
    return pd.read_csv(path, dtype=dict.fromkeys(MANIFEST_COLUMNS[:6], str), keep_default_na=False)


def rows_of_split(manifest: pd.DataFrame, split: str, where: str) -> NDArray[np.int64]:
    """The rows of `train`, `test` or `all` items, ascending. Raises DataError where there are none."""
    rows = np.arange(len(manifest)) if split == "all" else np.flatnonzero(manifest["split"] == split)
    if len(rows) == 0:
        raise DataError(f"{where}: the {split} split is empty; change `split.test_fraction` or add images")
    return rows
