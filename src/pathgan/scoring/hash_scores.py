"""Perceptual hashes of samples against those of the real images of the same place."""

from __future__ import annotations

from pathgan.config.scores.hash_score import PerceptualHashScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.hashes import perceptual_hash_similarity
from pathgan.scoring.embedded_sets import compared, named
from pathgan.scoring.score_files import Inputs, Tidy, another, paired_ids, tidy


def score(config: PerceptualHashScore, inputs: Inputs, category: str = "") -> Tidy:
    """Perceptual hashes of samples against the real images of the test split, and two floors.

    `p_hash_real_real`: a real image against another; `p_hash_shuffled`: a sample against the real image of
    another. A model that ignores its input scores no more than these.
    """
    items = paired_ids(inputs)
    real, every = compared(inputs, "test")
    fake = every.of(items, inputs.predicted)
    if len(items) < 2:
        raise DataError(f"{inputs.manifest}: holds one test image; a hash has no floor without a second one")
    others = another(len(items))
    scores = {
        "p_hash": perceptual_hash_similarity(real.values, fake),
        "p_hash_median": perceptual_hash_similarity(real.values, fake, "median"),
        "p_hash_pearson": perceptual_hash_similarity(real.values, fake, "pearson"),
        "p_hash_dct": perceptual_hash_similarity(real.values, fake, "dct"),
        "p_hash_real_real": perceptual_hash_similarity(real.values, real.values[others]),
        "p_hash_shuffled": perceptual_hash_similarity(real.values[others], fake),
    }
    spread = {"p_hash_sd": float(scores["p_hash"].std(ddof=1))}
    facts = named(spread, real.embedder, "resnet18") | {"n_images": float(len(items))}
    each = tidy(items, named(scores, real.embedder, "resnet18"))
    return [*each, *((SET, name, value) for name, value in facts.items())]
