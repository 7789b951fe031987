"""The nuclei of a whole store of images, found without training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.runs.mixture_run import ColourMixture
from pathgan.errors import DataError
from pathgan.masks.colour_nuclei import segment_nuclei
from pathgan.stores.store import ImageStore, write_store


def segment_store(options: ColourMixture, images: Path, seed: int, out: Path) -> int:
    """Writes the instances of each image of a store, as many in the same order; returns their number.

    Raises DataError, and leaves nothing behind, where an image is inverted, and where no image shows a nucleus.
    """
    found = 0

    def instances() -> Iterator[NDArray[np.int32]]:
        nonlocal found
        with ImageStore(images) as store:
            n = store.count("images")
            for index in range(n):
                try:
                    nuclei = segment_nuclei(store.images(np.array([index]))[0], options, seed)
                except ValueError as error:
                    raise DataError(f"{images}: image {index}: {error}") from error
                found += int(nuclei.max())
                yield nuclei
        if not found:
            raise DataError(
                f"{images}: no nucleus in any of {n} images; expected dark nuclei on a pale ground. Are the images "
                "blank, or min_area_px and opening_px too large for nuclei of this size?"
            )

    with ImageStore(images) as store:
        ids, facts = store.ids, store.facts
    return write_store(out, ids, facts, instances=instances())
