"""One HDF5 file of equal tiles per dataset, each tile with its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.files import atomic
from pathgan.stores.hdf5_files import open_hdf5

STAND_IN = "stand_in"  # attribute of a store whose images another network made than the one that was asked for
RESUMED_STALE = "resumed_stale"  # of one whose images were made by a training that went on from a state of other code
IDS = "id"


def write_store(
    path: Path,
    ids: Sequence[str],
    attributes: Mapping[str, float | str] | None = None,
    **fields: Iterable[NDArray[np.generic]] | list[int],
) -> int:
    """Writes the fields (`images`, `instances`) side by side, so that memory holds one item of each; returns n.

    Every item of a field has one shape and type; a chunk is an item. An array or list of one number per item is written
    whole at the end, so that a list may fill while items stream by; so are the ids, which must differ.
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
        write_ids(file, ids, n, path)
    return n


def write_ids(file: h5py.File, ids: Sequence[str], n: int, path: Path) -> None:
    """Gives the n items of an open file their ids. Raises DataError for another number of them, and for one twice."""
    if len(ids) != n or len(set(ids)) != n:
        raise DataError(f"{path}: {len(set(ids))} different ids for {n} items; expected one each")
    # Of one length: the same ids are the same bytes, which HDF5's own variable strings are not.
    file[IDS] = np.array([name.encode() for name in ids], dtype=np.bytes_) if n else np.empty(0, "S1")


def read_ids(file: h5py.File) -> list[str]:
    return [name.decode() for name in file[IDS][:]]


def places_of(wanted: Sequence[str], ids: Sequence[str], where: Path | str) -> NDArray[np.int64]:
    """Where each wanted id stands among `ids`. Raises DataError for one that does not."""
    places = {name: place for place, name in enumerate(ids)}
    lacking = [name for name in wanted if name not in places]
    if lacking:
        raise DataError(
            f"{where}: {len(lacking)} of {len(wanted)} items are not in it, first: {lacking[0]}; make it again: "
            f"snakemake --force {where}"
        )
    return np.array([places[name] for name in wanted], np.int64)


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
        self._file = open_hdf5(self.path)

    def __enter__(self) -> ImageStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def facts(self) -> dict[str, str]:
        """What must be said beside every score of these images: STAND_IN, RESUMED_STALE."""
        return {name: str(self._file.attrs[name]) for name in (STAND_IN, RESUMED_STALE) if name in self._file.attrs}

    @property
    def ids(self) -> list[str]:
        """The id of each item, in their order."""
        self._check(IDS)
        return read_ids(self._file)

    @property
    def n_items(self) -> int:
        """The number of items, whatever fields they have."""
        return self.count(IDS)

    def rows(self, wanted: Sequence[str]) -> NDArray[np.int64]:
        """The rows of the items with these ids, in their order. Raises DataError for one that is not here."""
        return places_of(wanted, self.ids, self.path)

    def count(self, field: str) -> int:
        """The number of items of a field. Raises DataError where there is none of the name."""
        self._check(field)
        return int(self._file[field].shape[0])

    def images(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, h, w, 3), all or the given rows."""
        return self._read("images", rows).astype(np.uint8, copy=False)

    def loaded(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, h, w, 3), the same images at the side from which training crops are cut."""
        return self._read("loaded", rows).astype(np.uint8, copy=False)

    def stacks(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, n_planes, h, w, 3), all or the given rows."""
        return self._read("stacks", rows).astype(np.uint8, copy=False)

    def has(self, field: str) -> bool:
        return field in self._file

    def reconstructions(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.uint8]:
        """(n, h, w, 3), of a store of translated images, all or the given rows."""
        return self._read("reconstructions", rows).astype(np.uint8, copy=False)

    def instances(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.int32]:
        """(n, h, w), all or the given rows."""
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
            held = ", ".join(name for name in self._file if name != IDS)
            raise DataError(f"{self.path}: holds no {field!r}, only {held}; make it again with --force")
