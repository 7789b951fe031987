"""How much of each stain samples hold, beside real images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.stain_score import StainScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.stain_amounts import divergences, stain_histograms
from pathgan.scoring.draws import draws
from pathgan.scoring.score_files import Inputs, Tidy, test_ids, tidy
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import ImageStore

CHANNELS = ("haematoxylin", "counterstain")


def score(config: StainScore, inputs: Inputs, category: str = "") -> Tidy:
    """`CHANNEL_js` and `CHANNEL_kl`: divergences of the histograms of a stain's density, samples from real images.

    Each is the mean over random draws of n real and n synthetic images; `..._floor` is that of n real and n other real
    images. `CHANNEL_integral`: integrated density of each sample; `..._real`: the mean of real images. Raises DataError
    with fewer than two real images or no sample. `CHANNEL_js_source`: of the images before their translation.
    """
    known = ids_of_split(read_manifest(inputs.manifest), config.split, inputs.manifest.name, category)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake, items = real_store.images(real_store.rows(known)), sample_store.images(), sample_store.ids
    n = min(len(real) // 2, len(fake))
    if n < 1:
        raise DataError(
            f"{inputs.manifest}: {len(real)} real images of the split {config.split!r}, and {len(fake)} in "
            f"{inputs.predicted}; expected two or more real ones, whose halves are compared, and a sample"
        )
    stains = ("haematoxylin", config.counterstain)
    (counts, amounts), (fake_counts, fake_amounts) = (stain_histograms(images, stains) for images in (real, fake))
    drawn = list(draws(n, len(real), len(fake)))
    facts = {"n_images": float(len(fake)), "n_real": float(len(real)), "n_floor": float(n)}
    sources = _sources(inputs, stains) if config.untranslated else None
    for k, name in enumerate(CHANNELS):
        halves = [(counts[half, k], fake_counts[sample, k], counts[other, k]) for half, other, sample in drawn]
        facts |= _means(f"{name}_{{}}", [(half, sample) for half, sample, _ in halves])
        facts |= _means(f"{name}_{{}}_floor", [(half, other) for half, _, other in halves])
        if sources is not None:
            of_halves = [divergences(half.sum(0), sources[:, k].sum(0))[1] for half, _, _ in halves]
            facts[f"{name}_js_source"] = float(np.mean(of_halves))
        facts[f"{name}_integral_real"] = float(amounts[:, k].mean())
    each = {f"{name}_integral": fake_amounts[:, k] for k, name in enumerate(CHANNELS)}
    return [*tidy(items, each), *((SET, name, value) for name, value in facts.items())]


def _sources(inputs: Inputs, stains: tuple[str, str]) -> NDArray[np.int64]:
    """Histograms (n, 2, bins) of the test images that samples are translations of."""
    assert inputs.source_store is not None
    assert inputs.source_manifest is not None
    with ImageStore(inputs.source_store) as store:
        images = store.images(store.rows(test_ids(inputs.source_manifest)))
    return stain_histograms(images, stains)[0]


def _means(name: str, pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> dict[str, float]:
    """Divergences of the summed histograms (n, bins) of several pairs of sets, as means over pairs."""
    found = np.mean([divergences(one.sum(0), other.sum(0)) for one, other in pairs], axis=0)
    return {name.format(kind): float(value) for kind, value in zip(("kl", "js"), found, strict=True)}
