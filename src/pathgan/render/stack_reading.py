"""Focus stacks as figures show them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pathgan.stores.focus_stacks import IN_FOCUS, N_PLANES
from pathgan.stores.manifest import ids_of_split, items_of_split, read_manifest
from pathgan.stores.store import ImageStore

PLANES = np.arange(N_PLANES) - IN_FOCUS


def read_stacks(files: Mapping[str, str]) -> NDArray[np.uint8]:
    """(n, n_planes, h, w, 3): all samples of a `file`, or the test items of its `manifest`."""
    with ImageStore(files["file"]) as store:
        if "manifest" not in files:
            return store.stacks()
        return store.stacks(store.rows(ids_of_split(read_manifest(files["manifest"]), "test", files["manifest"])))


def pixel_sizes(files: Mapping[str, str]) -> list[float | None]:
    """Of the pixels of each of these stacks [um], None where it is unknown; empty for samples."""
    if "manifest" not in files:
        return []
    items = items_of_split(read_manifest(files["manifest"]), "test", files["manifest"])
    return [float(item["mpp"]) if item["mpp"] else None for item in items]
