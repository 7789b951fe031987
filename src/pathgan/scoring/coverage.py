"""Whether masks that a GAN made hold as many nuclei, and as large ones, as those that it learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.coverage_score import CoverageScore
from pathgan.config.table_types import SET
from pathgan.scoring.score_files import Inputs, Tidy, tidy
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore


def score(config: CoverageScore, inputs: Inputs, category: str) -> Tidy:
    """Of each synthetic mask: `coverage`, the share of its area that is nuclei; `n_nuclei`; `empty`, 1 without any.

    `..._real`: the mean of real masks of the class, training split. Of a GAN that makes empty masks, `empty` is near 1.
    """
    known = ids_of_split(read_manifest(inputs.manifest), "train", inputs.manifest.name, category)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake = _nuclei(real_store.instances(real_store.rows(known))), _nuclei(sample_store.instances())
        items = sample_store.ids
    facts = {f"{name}_real": float(values.mean()) for name, values in real.items()}
    facts |= {"n_images": float(len(fake["empty"])), "n_real": float(len(known))}
    return [*tidy(items, fake), *((SET, name, value) for name, value in facts.items())]


def _nuclei(instances: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
    """(n, h, w), 0 for ground -> name -> (n,)."""
    count = np.array([len(np.setdiff1d(one, [0])) for one in instances], np.float64)
    return {"coverage": (instances > 0).mean((1, 2)), "n_nuclei": count, "empty": (count == 0).astype(np.float64)}
