"""What is measured of a `cycle` while it trains; apart from the recipe, as a changed score changes no training else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.metrics import (
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.recipes.cycle import CycleTranslation, translate


def evaluate(recipe: CycleTranslation, images: NDArray[np.uint8]) -> dict[str, float]:
    """Means of SSIM, MS-SSIM, PSNR [dB] and MAE of source images (n, h, w, 3) and what comes back (Liu, Fig. 3)."""
    generator, inverse = recipe.networks["generator"], recipe.networks["inverse"]
    back = np.stack([pair[1] for pair in translate(generator, inverse, images, recipe.compute)])
    generator.train(), inverse.train()
    scores = {
        "ssim": structural_similarity,
        "ms_ssim": multiscale_structural_similarity,
        "psnr": peak_signal_noise_ratio,
        "mae": mean_absolute_error,
    }
    return {name: float(score(images, back).mean()) for name, score in scores.items()}
