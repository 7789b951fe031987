"""Nuclei of samples beside nuclei of real images, found in both by the same run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pathgan.config.scores.morphometry_score import MorphometryScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.morphometry import FEATURES, Nuclei, measure_all, shifts, together
from pathgan.scoring.draws import draws
from pathgan.scoring.score_files import Inputs, Tidy
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore


def score(config: MorphometryScore, inputs: Inputs, category: str = "") -> Tidy:
    """`FEATURE_shift`: how far a feature of synthetic nuclei is from that of real ones, in SDs of the latter.

    Each is the mean over random draws of n real and n synthetic images; `FEATURE_shift_floor` is that of n real and n
    other real images, n being at most half of the real ones, so that the two can be compared. Tiles of one slide fall
    into both halves: floors tell of chance, not of patients. inf where samples hold no nuclei. Raises DataError where
    fewer than two real images, or halves of them, hold nuclei.
    """
    known = ids_of_split(read_manifest(inputs.manifest), config.split, inputs.manifest.name, category)
    real = _nuclei(inputs.store, inputs.real_instances, known, config.stain)
    fake = _nuclei(inputs.predicted, inputs.fake_instances, None, config.stain)
    n = min(len(real) // 2, len(fake))
    if n < 1:
        raise DataError(
            f"{inputs.manifest}: {len(real)} real images of the split {config.split!r}, and {len(fake)} in "
            f"{inputs.predicted}; expected two or more real ones, whose halves are compared, and a sample"
        )
    found: list[list[float]] = []
    for half, other, sample in draws(n, len(real), len(fake)):
        known_nuclei = together([real[i] for i in half])
        try:
            others = (
                shifts(known_nuclei, together(part)) for part in ([fake[i] for i in sample], [real[i] for i in other])
            )
            found.append([part[name] for part in others for name in FEATURES])
        except ValueError as error:
            raise DataError(
                f"{inputs.real_instances}: half of the {len(real)} images of {config.split!r}: {error}; more images, a "
                "larger split or a better segmenter is needed"
            ) from error
    names = [f"{name}_shift{suffix}" for suffix in ("", "_floor") for name in FEATURES]
    facts = {"n_images": len(fake), "n_real": len(real), "n_floor": n}
    facts |= {
        "n_nuclei_found": sum(len(one["area"]) for one in fake),
        "n_nuclei_found_real": sum(len(one["area"]) for one in real),
    }
    values = dict(zip(names, np.mean(found, axis=0), strict=True))
    return [(SET, name, float(value)) for name, value in (values | facts).items()]


def _nuclei(store: Path, instances: Path | None, items: Sequence[str] | None, stain: str) -> list[Nuclei]:
    """Of each image: those of `items`, or all."""
    assert instances is not None
    with ImageStore(store) as images, ImageStore(instances) as maps:
        chosen = list(images.ids if items is None else items)
        return measure_all(images.images(images.rows(chosen)), maps.instances(maps.rows(chosen)), stain)
