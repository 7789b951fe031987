"""The nuclei of a whole store, read back from maps of its true ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.runs.map_run import MapRun
from pathgan.masks.maps import condition_map
from pathgan.masks.watershed import instances_from_probability
from pathgan.stores.store import ImageStore, write_store


def segment_store(options: MapRun, images: Path, seed: int, out: Path) -> int:
    """Writes what the watershed finds in the map of each item of a store, as many in the same order; returns the
    number of nuclei. seed: of nothing here. Raises DataError for a store without instances."""
    found = 0

    def instances() -> Iterator[NDArray[np.int32]]:
        nonlocal found
        with ImageStore(images) as store:
            for index in range(store.count("instances")):
                true = store.instances(np.array([index]))[0]
                read = instances_from_probability(condition_map(options.condition, true), options.watershed)
                found += int(read.max(initial=0))
                yield read

    with ImageStore(images) as store:
        ids, facts = store.ids, store.facts
    write_store(out, ids, facts, instances=instances())
    return found
