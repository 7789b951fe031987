"""What comes back after two translations, against the image that it was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.config.scores.reconstruction_score import ReconstructionScore
from pathgan.config.table_types import SET
from pathgan.metrics.similarity import (
    mean_absolute_error,
    multiscale_structural_similarity,
    n_scales,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.metrics.stain_amounts import divergences, stain_histograms
from pathgan.scoring.score_files import Inputs, Tidy, test_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: ReconstructionScore, inputs: Inputs, category: str = "") -> Tidy:
    """`ssim`, `ms_ssim`, `psnr`, `mae` and `colour_js` of each source image of the test split.

    `colour_js`: Jensen and Shannon's divergence of its histograms of stain density, mean of haematoxylin and eosin.
    """
    items = test_ids(inputs.manifest)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real = real_store.images(real_store.rows(items))
        back = sample_store.reconstructions(sample_store.rows(items))
    scores = {
        "ssim": structural_similarity(real, back),
        "ms_ssim": multiscale_structural_similarity(real, back),
        "psnr": peak_signal_noise_ratio(real, back),
        "mae": mean_absolute_error(real, back),
        "colour_js": _colour_divergence(real, back),
    }
    return [*tidy(items, scores), (SET, "ms_ssim_scales", n_scales(*real.shape[1:3]))]


def _colour_divergence(real: NDArray[np.uint8], back: NDArray[np.uint8]) -> NDArray[np.float64]:
    (theirs, _), (ours, _) = (stain_histograms(images, ("haematoxylin", "eosin")) for images in (real, back))
    return np.array(
        [[divergences(*pair)[1] for pair in zip(*one, strict=True)] for one in zip(theirs, ours, strict=True)]
    ).mean(1)
