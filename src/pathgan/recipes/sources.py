"""Where a run's images and instances come from: a dataset's split, or a sample set with its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.base import Strict
from pathgan.datasets.store import ImageStore, Manifest, read_manifest, rows_of_split
from pathgan.errors import DataError

CHUNK = 256  # items read at once: bounds memory where a field becomes a smaller one


class Source(Strict):
    """Paths to `images`, to their `instances`, and to the manifest of the dataset that both are of.

    Rows are those of a side of the split, and of a class where `category` names one. A store holds a row for each of
    the manifest, or the chosen ones alone, in order. Without a manifest the set is one of samples: all of it counts.
    """

    images: str
    instances: str
    manifest: str = ""
    split: str
    category: str = ""

    def images_of_split(self) -> NDArray[np.uint8]:
        """(n, h, w, 3) uint8."""
        with ImageStore(self.images) as store:
            return store.images(self._rows(store, "images"))

    def stacks_of_split(self) -> NDArray[np.uint8]:
        """(n, n_planes, h, w, 3) uint8."""
        with ImageStore(self.images) as store:
            return store.stacks(self._rows(store, "stacks"))

    def maps(self, draw: Callable[[NDArray[np.int32]], NDArray[np.floating] | NDArray[np.bool_]]) -> NDArray[np.uint8]:
        """A map in [0, 1] of every instance map, as uint8 (n, h, w) with 255 for 1."""
        return np.concatenate([_quantised(draw, part) for part in self._instance_chunks()])

    def manifest_rows(self) -> Manifest:
        """The manifest's rows of the chosen images. Raises DataError where there are none."""
        table = read_manifest(self.manifest)
        return [table[row] for row in self._chosen(table)]

    def _instance_chunks(self) -> Iterator[NDArray[np.int32]]:
        with ImageStore(self.instances) as store:
            rows = self._rows(store, "instances")
            for start in range(0, len(rows), CHUNK):
                yield store.instances(rows[start : start + CHUNK])

    def _rows(self, store: ImageStore, field: str) -> NDArray[np.int64]:
        n = store.count(field)
        if not self.manifest:
            return np.arange(n)
        table = read_manifest(self.manifest)
        rows = self._chosen(table)
        if n not in (len(table), len(rows)):
            raise DataError(f"{store.path}: holds {n} {field} for {len(rows)} rows of {self.manifest}; make it again")
        return rows if n == len(table) else np.arange(n)

    def _chosen(self, table: Manifest) -> NDArray[np.int64]:
        return rows_of_split(table, self.split, Path(self.manifest).name, self.category)


def _quantised(
    draw: Callable[[NDArray[np.int32]], NDArray[np.floating] | NDArray[np.bool_]], part: NDArray[np.int32]
) -> NDArray[np.uint8]:
    return np.stack([np.round(255.0 * draw(instances)).astype(np.uint8) for instances in part])
