"""Scores of the images themselves: pair by pair, and of instances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.models import PositivityScore
from pathgan.config.plan import SET
from pathgan.datasets.store import ImageStore
from pathgan.errors import DataError
from pathgan.masks import contours
from pathgan.metrics import (
    contour_contrast,
    feature_similarities,
    gradient_magnitude_similarity_deviation,
    instance_scores,
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    positive_share,
    structural_similarity,
)
from pathgan.metrics.similarity import WINDOW_PX, n_scales
from pathgan.scoring.inputs import Inputs, Tidy, another, check_count, paired_items, tidy


def score_similarity(inputs: Inputs) -> Tidy:
    """Samples of a test split against the real images of it."""
    items, rows = paired_items(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, instances = real_store.images(rows), real_store.instances(rows)
        fake = sample_store.images()
    check_count(inputs.predicted, len(fake), len(items))
    if fake.shape != real.shape:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    if min(real.shape[1:3]) < WINDOW_PX:
        raise DataError(f"{inputs.store}: expected images of at least {WINDOW_PX} px, got {real.shape[1:3]}")
    fsim, fsimc = feature_similarities(real, fake)
    scores = {
        "ssim": structural_similarity(real, fake),
        "ms_ssim": multiscale_structural_similarity(real, fake),
        "psnr": peak_signal_noise_ratio(real, fake),
        "mae": mean_absolute_error(real, fake),
        "fsim": fsim,
        "fsimc": fsimc,
        "gmsd": gradient_magnitude_similarity_deviation(real, fake),
        "contour_contrast": contour_contrast(fake, np.stack([contours(field) for field in instances])),
    }
    return [*tidy(items, scores), (SET, "ms_ssim_scales", n_scales(*real.shape[1:3]))]


def score_instances(inputs: Inputs) -> Tidy:
    """Predicted against true instances of a test split."""
    items, rows = paired_items(inputs)
    with ImageStore(inputs.store) as truth, ImageStore(inputs.predicted) as predicted_store:
        true, predicted = truth.instances(rows), predicted_store.instances()
        if len(predicted) == truth.n_items:  # found in all images of a dataset, not in the test split alone
            predicted = predicted[rows]
    check_count(inputs.predicted, len(predicted), len(items))
    scores = [instance_scores(*pair) for pair in zip(true, predicted, strict=True)]
    return tidy(items, {name: np.array([item[name] for item in scores]) for name in scores[0]})


def score_positivity(config: PositivityScore, inputs: Inputs) -> Tidy:
    """The Ki-67-positive share of the nuclear area in samples against the registered stain, tile by tile.

    `positivity_correlation`: Pearson's over tiles; `..._shuffled`: its floor, against the tile of another place.
    `positivity_bias`: mean of sample less real. Tiles with next to no nuclei in the real stain are left out.
    """
    items, rows = paired_items(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, nuclear = positive_share(real_store.images(rows))
        fake, _ = positive_share(sample_store.images())
    check_count(inputs.predicted, len(fake), len(items))
    kept = nuclear >= max(config.min_nuclear, 1e-9)
    if kept.sum() < 3:
        raise DataError(
            f"{inputs.store}: {kept.sum()} of {len(kept)} test tiles have {config.min_nuclear:.0%} of nuclear area, a "
            "correlation needs three; lower min_nuclear or add slides"
        )
    real, fake = real[kept], np.nan_to_num(fake[kept])  # a sample without nuclei has no positive ones
    chosen = [item for item, keep in zip(items, kept, strict=True) if keep]
    facts = {
        "positivity_correlation": _correlation(real, fake),
        "positivity_correlation_shuffled": _correlation(real[another(len(real))], fake),
        "positivity_bias": float((fake - real).mean()),
        "n_images": float(len(chosen)),
    }
    shares = tidy(chosen, {"positive_share": fake, "positive_share_real": real})
    return [*shares, *((SET, name, value) for name, value in facts.items())]


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's; 0 where one of the two does not vary."""
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 1e-9 else 0.0
