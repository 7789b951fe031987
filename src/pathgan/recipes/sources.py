"""Where a run's images and instances come from: a dataset's split, or a sample set with its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.base import Strict
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import DataError

CHUNK = 256  # items read at once: bounds memory where a field becomes a smaller one


class Source(Strict):
    """Paths to `images` and to the dataset's `instances` and manifest. A dataset's images and instances
    are one store; a sample set holds images alone, for the rows of the dataset's `split`, in order."""

    images: str
    instances: str
    manifest: str
    split: str

    def images_of_split(self) -> NDArray[np.uint8]:
        """(n, h, w, 3) uint8."""
        rows = self._rows()
        with ImageStore(self.images) as store:
            images = store.images(rows if self.images == self.instances else None)
        if len(images) != len(rows):
            raise DataError(
                f"{self.images}: holds {len(images)} images for {len(rows)} rows of {self.manifest}; make it again"
            )
        return images

    def maps(self, draw: Callable[[NDArray[np.int32]], NDArray[np.floating] | NDArray[np.bool_]]) -> NDArray[np.uint8]:
        """A map in [0, 1] of every instance map, as uint8 (n, h, w) with 255 for 1."""
        return np.concatenate([_quantised(draw, part) for part in self._instance_chunks()])

    def _instance_chunks(self) -> Iterator[NDArray[np.int32]]:
        rows = self._rows()
        with ImageStore(self.instances) as store:
            for start in range(0, len(rows), CHUNK):
                yield store.instances(rows[start : start + CHUNK])

    def _rows(self) -> NDArray[np.int64]:
        return rows_of_split(read_manifest(self.manifest), self.split, Path(self.manifest).name)


def _quantised(
    draw: Callable[[NDArray[np.int32]], NDArray[np.floating] | NDArray[np.bool_]], part: NDArray[np.int32]
) -> NDArray[np.uint8]:
    return np.stack([np.round(255.0 * draw(instances)).astype(np.uint8) for instances in part])
