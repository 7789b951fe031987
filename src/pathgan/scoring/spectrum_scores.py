"""How much detail of each size samples hold, beside real images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.spectrum_score import SpectrumScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.spectra import radial_spectra
from pathgan.scoring.score_files import Inputs, Tidy, tidy
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore


def score(config: SpectrumScore, inputs: Inputs, category: str = "") -> Tidy:
    """`spectrum_distance` of each sample: root mean square over wavelengths of the difference [log10] between its power
    spectrum and the mean one of real images. `spectrum_distance_real`: the mean of real images, each against the
    others. Raises DataError with fewer than two real images, and for images of another size."""
    known = ids_of_split(read_manifest(inputs.manifest), config.split, inputs.manifest.name, category)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake, items = real_store.images(real_store.rows(known)), sample_store.images(), sample_store.ids
    if len(real) < 2:
        raise DataError(f"{inputs.manifest}: one image of the split {config.split!r}; expected two or more")
    if fake.shape[1:] != real.shape[1:]:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    theirs, ours = radial_spectra(real), radial_spectra(fake)
    others = (theirs.sum(0) - theirs) / (len(theirs) - 1)
    facts = {
        "spectrum_distance_real": float(_distance(theirs, others).mean()),
        "n_images": float(len(fake)),
        "n_real": float(len(real)),
    }
    distances = {"spectrum_distance": _distance(ours, theirs.mean(0))}
    return [*tidy(list(items), distances), *((SET, name, value) for name, value in facts.items())]


def _distance(spectra: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.square(spectra - others).mean(-1)))
