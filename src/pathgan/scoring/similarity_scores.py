"""Samples against the real images of a test split, pair by pair."""

from __future__ import annotations

import numpy as np

from pathgan.config.scores.similarity_score import SimilarityScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.masks.maps import contours
from pathgan.metrics.contour_measures import contour_contrast, contour_roughness
from pathgan.metrics.phase_congruency import feature_similarities
from pathgan.metrics.similarity import (
    WINDOW_PX,
    gradient_magnitude_similarity_deviation,
    mean_absolute_error,
    multiscale_structural_similarity,
    n_scales,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.scoring.score_files import Inputs, Tidy, paired_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: SimilarityScore, inputs: Inputs, category: str = "") -> Tidy:
    """Samples of a test split against the real images of it."""
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        rows = real_store.rows(items)
        real, instances = real_store.images(rows), real_store.instances(rows)
        fake = sample_store.images(sample_store.rows(items))
    if fake.shape != real.shape:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    if min(real.shape[1:3]) < WINDOW_PX:
        raise DataError(f"{inputs.store}: expected images of at least {WINDOW_PX} px, got {real.shape[1:3]}")
    edges = np.stack([contours(field) for field in instances])
    fsim, fsimc = feature_similarities(real, fake)
    scores = {
        "ssim": structural_similarity(real, fake),
        "ms_ssim": multiscale_structural_similarity(real, fake),
        "psnr": peak_signal_noise_ratio(real, fake),
        "mae": mean_absolute_error(real, fake),
        "fsim": fsim,
        "fsimc": fsimc,
        "gmsd": gradient_magnitude_similarity_deviation(real, fake),
        "contour_contrast": contour_contrast(fake, edges),
        "contour_contrast_real": contour_contrast(real, edges),
        "contour_roughness": contour_roughness(fake, edges),
        "contour_roughness_real": contour_roughness(real, edges),
    }
    return [*tidy(items, scores), (SET, "ms_ssim_scales", n_scales(*real.shape[1:3]))]
