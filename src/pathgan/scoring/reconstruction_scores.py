"""What comes back after two translations, against the image that it was."""

from __future__ import annotations

from pathgan.config.scores.reconstruction_score import ReconstructionScore
from pathgan.config.table_types import SET
from pathgan.metrics.similarity import (
    mean_absolute_error,
    multiscale_structural_similarity,
    n_scales,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.scoring.score_files import Inputs, Tidy, test_ids, tidy
from pathgan.stores.store import ImageStore


def score(config: ReconstructionScore, inputs: Inputs, category: str = "") -> Tidy:
    """`ssim`, `ms_ssim`, `psnr` and `mae` of each source image of the test split."""
    items = test_ids(inputs.manifest)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real = real_store.images(real_store.rows(items))
        back = sample_store.reconstructions(sample_store.rows(items))
    scores = {
        "ssim": structural_similarity(real, back),
        "ms_ssim": multiscale_structural_similarity(real, back),
        "psnr": peak_signal_noise_ratio(real, back),
        "mae": mean_absolute_error(real, back),
    }
    return [*tidy(items, scores), (SET, "ms_ssim_scales", n_scales(*real.shape[1:3]))]
