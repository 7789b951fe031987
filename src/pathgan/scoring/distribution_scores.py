"""Sets of embeddings against each other: distances, precision, recall, and what real images score by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.distribution_score import DistributionScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.intervals import FEWEST_UNITS
from pathgan.metrics.distributions import (
    density_coverage,
    frechet_at_infinity,
    frechet_distance,
    full_kernel_distance,
    gaussian_kernel_distance,
    kernel_distance,
    kernel_distances_without,
    median_distance,
    precision_recall,
)
from pathgan.scoring.draws import N_DRAWS, draws
from pathgan.scoring.embedded_sets import compared, named, of_split
from pathgan.scoring.score_files import Inputs, Tidy
from pathgan.stores.embedding_file import Embeddings, check_same_embedder
from pathgan.stores.manifest import units_of

FLOOR_IMAGES = 20_480  # of all draws for a floor: fewer draws of large sets, whose halves differ less
NEIGHBOURS = 3  # of precision, recall, density and coverage
FEWEST_SIZED = 5  # images, of fewer no line can be drawn out to infinitely many


def score(config: DistributionScore, inputs: Inputs, category: str = "") -> Tidy:
    """FID, KID, MMD, precision, recall, density and coverage of samples against real images, each beside its floor.

    A floor is what two random halves of the real images score against each other. Halves have at most as many
    images as there are samples; `fid_at_floor_n` is the FID of as few samples and real images, as FID depends
    on their number; `fid_inf` is that of infinitely many images. Tiles of one slide fall into both halves: floors
    tell of chance, not of patients. `fid_source` and `kid_source` (of all images at once) are of the images before
    their translation: what doing nothing scores. `kid_full_without` has an item for each unit of either set.
    category: of the real images; '' for all.
    """
    real, fake = compared(inputs, config.split, category)
    n_floor = min(len(real.values) // 2, len(fake.values))
    if n_floor <= NEIGHBOURS:
        raise DataError(
            f"{inputs.real_embeddings} and {inputs.fake_embeddings}: hold {len(real.values)} and {len(fake.values)} "
            f"images; expected at least {2 * NEIGHBOURS + 2} real and {NEIGHBOURS + 1} synthetic ones for a "
            "distribution score"
        )
    subset_size = min(config.subset_size, len(real.values), len(fake.values))
    kid, kid_sd = kernel_distance(real.values, fake.values, subset_size=subset_size, n_subsets=config.n_subsets)
    bandwidth = median_distance(real.values)
    if bandwidth == 0:
        raise DataError(f"{inputs.real_embeddings}: most images have the same embedding; expected different images")
    precision, recall = precision_recall(real.values, fake.values, NEIGHBOURS)
    density, coverage = density_coverage(real.values, fake.values, NEIGHBOURS)
    scores = {
        "fid": frechet_distance(real.values, fake.values),
        "kid": kid,
        "kid_sd": kid_sd,
        "kid_full": full_kernel_distance(real.values, fake.values),
        "mmd": gaussian_kernel_distance(real.values, fake.values, bandwidth),
        "precision": precision,
        "recall": recall,
        "density": density,
        "ball_coverage": coverage,
        **_floors(real.values, fake.values, n_floor, bandwidth),
    }
    if min(len(real.values), len(fake.values)) >= FEWEST_SIZED:
        scores["fid_inf"], scores["fid_inf_error"] = frechet_at_infinity(real.values, fake.values)
    if config.untranslated:
        source = of_split(inputs.source_embeddings, inputs.source_store, inputs.source_manifest, "test")
        check_same_embedder(inputs.real_embeddings, real, inputs.source_embeddings, source)
        scores["fid_source"] = frechet_distance(real.values, source.values)
        scores["kid_source"] = full_kernel_distance(real.values, source.values)
    facts = {
        "n_images": len(fake.values),
        "n_real": len(real.values),
        "n_floor": n_floor,
        "kid_subset_size": subset_size,
    }
    whole = [(SET, name, float(value)) for name, value in (named(scores, real.embedder) | facts).items()]
    return [*whole, *_without_units(real, fake, inputs)]


def _without_units(real: Embeddings, fake: Embeddings, inputs: Inputs) -> Tidy:
    """`kid_full_without`: KID without each patient, slide or image of either set, where both have some of them: how far
    it may be off."""
    known = units_of([inputs.manifest, *([inputs.source_manifest] if inputs.source_manifest else [])])
    units = [[known.get(item, item) for item in one.ids] for one in (real, fake)]
    if min(len(set(of)) for of in units) < FEWEST_UNITS:
        return []
    without = kernel_distances_without(real.values, fake.values, *units)
    (name,) = named({"kid_full_without": 0.0}, real.embedder)
    return [
        (f"{side}: {unit}", name, value)
        for side, values in zip(("real", "made"), without, strict=True)
        for unit, value in values.items()
    ]


def _floors(real: NDArray[np.float32], fake: NDArray[np.float32], n: int, bandwidth: float) -> dict[str, float]:
    """Means over random draws of n real, n other real and n synthetic images."""
    found = []
    n_draws = max(1, min(N_DRAWS, FLOOR_IMAGES // n))
    for half, rest, sample in draws(n, len(real), len(fake), n_draws):
        one, other, samples = real[half], real[rest], fake[sample]
        found.append(
            [
                frechet_distance(one, other),
                frechet_distance(one, samples),
                full_kernel_distance(one, other),
                gaussian_kernel_distance(one, other, bandwidth),
                *precision_recall(one, other, NEIGHBOURS),
                *density_coverage(one, other, NEIGHBOURS),
            ]
        )
    floors = (f"{name}_floor" for name in ("kid", "mmd", "precision", "recall", "density", "ball_coverage"))
    names = ("fid_floor", "fid_at_floor_n", *floors)
    return dict(zip(names, np.mean(found, axis=0), strict=True))
