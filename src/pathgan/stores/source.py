"""Where a run's images and instances come from: a dataset's split, or a sample set with its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.strict import Strict
from pathgan.stores.manifest import Manifest, ids_of_split, items_of_split, read_manifest
from pathgan.stores.store import RESUMED_STALE, ImageStore

CHUNK = 256  # items read at once: bounds memory where a field becomes a smaller one
Draw = Callable[[NDArray[np.int32]], NDArray[np.uint8]]


class Source(Strict):
    """Paths to `images`, to their `instances`, and to the manifest of the dataset of both; '' where not wanted.

    Items are those of a side of the split, and of a class where `category` names one; a store may hold others too.
    Without a manifest the set is one of samples: all of it counts.
    """

    images: str = ""
    instances: str = ""
    manifest: str = ""
    split: str
    category: str = ""

    @property
    def ids(self) -> list[str]:
        """Of the chosen items, in the order of all that this gives."""
        if self.manifest:
            return ids_of_split(read_manifest(self.manifest), self.split, Path(self.manifest).name, self.category)
        with ImageStore(self.images or self.instances) as store:
            return store.ids

    @property
    def resumed_stale(self) -> dict[str, str]:
        """RESUMED_STALE, where a training that made the images went on from a state of other code; else nothing."""
        if not self.images:
            return {}
        with ImageStore(self.images) as store:
            return {name: said for name, said in store.facts.items() if name == RESUMED_STALE}

    def images_of_split(self) -> NDArray[np.uint8]:
        """(n, h, w, 3) uint8."""
        with ImageStore(self.images) as store:
            return store.images(store.rows(self.ids))

    def images_to_crop(self, load_px: int | None) -> NDArray[np.uint8]:
        """(n, load_px, load_px, 3) uint8 where the store keeps them so, else as `images_of_split`."""
        with ImageStore(self.images) as store:
            rows = store.rows(self.ids)
            if load_px and store.has("loaded") and (loaded := store.loaded(rows)).shape[1] == load_px:
                return loaded
            return store.images(rows)

    def stacks_of_split(self) -> NDArray[np.uint8]:
        """(n, n_planes, h, w, 3) uint8."""
        with ImageStore(self.images) as store:
            return store.stacks(store.rows(self.ids))

    def maps(self, draw: Draw) -> NDArray[np.uint8]:
        """What `draw` makes of every instance map (h, w): (n, h, w) uint8."""
        return np.concatenate([np.stack(list(map(draw, part))) for part in self._instance_chunks()])

    def manifest_rows(self) -> Manifest:
        """The manifest's rows of the chosen images. Raises DataError where there are none."""
        return items_of_split(read_manifest(self.manifest), self.split, Path(self.manifest).name, self.category)

    def _instance_chunks(self) -> Iterator[NDArray[np.int32]]:
        with ImageStore(self.instances) as store:
            rows = store.rows(self.ids)
            for start in range(0, len(rows), CHUNK):
                yield store.instances(rows[start : start + CHUNK])
