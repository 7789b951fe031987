"""What is measured of a `cycle` while it trains: how well images come back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import nn

from pathgan.config.runs.cycle_run import CycleRun
from pathgan.metrics.similarity import (
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.networks.there_and_back import translate
from pathgan.training.devices import Compute

SCORES = dict(
    zip(
        CycleRun.evaluated,
        (structural_similarity, multiscale_structural_similarity, peak_signal_noise_ratio, mean_absolute_error),
        strict=True,
    )
)


def evaluate(generator: nn.Module, inverse: nn.Module, images: NDArray[np.uint8], compute: Compute) -> dict[str, float]:
    """Means of SSIM, MS-SSIM, PSNR [dB] and MAE of source images (n, h, w, 3) and what comes back (Liu, Fig. 3)."""
    back = np.stack([pair[1] for pair in translate(generator, inverse, images, compute.device, compute.autocast)])
    generator.train(), inverse.train()
    return {name: float(score(images, back).mean()) for name, score in SCORES.items()}
